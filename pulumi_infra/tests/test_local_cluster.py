"""A cluster with instances on a local cloud: group, template, role and address, made, changed, replaced and removed."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.handlers import handler_for
from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.containers import spoken
from tests.recorded_program import REGION

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from components.arns import Arns
from components.cluster import Cluster, ClusterArgs
from components.ingress import Ingress, admit, cloudfront_prefix_list_id
from components.instances import InstancesArgs
from components.names import Names

changes = json.loads(pulumi.Config("try").get("changes") or "{}")
names = Names(changes.pop("stack", "shop"))
arns = Arns(region="ap-northeast-1", account="000000000000")
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("public", vpc_id=vpc.id, cidr_block="10.0.1.0/24")
cluster = Cluster("cluster", ClusterArgs(names=names, instances=InstancesArgs(**{
    "names": names,
    "arns": arns,
    "vpc_id": vpc.id,
    "subnet_ids": [subnet.id],
    "assign_public_ip": True,
    "fixed_address": True,
    "tags": {"user": "owner"},
    **changes,
})))
door = Ingress(source="cloudfront", port=3000, prefix_list_id=cloudfront_prefix_list_id())
admit("door", cluster.instances.security_group_id, door, description="From CloudFront", opts=None)
pulumi.export("cluster", cluster.name)
pulumi.export("provider", cluster.capacity_provider)
pulumi.export("group", cluster.instances.group_name)
pulumi.export("doors", cluster.instances.security_group_id)
if cluster.instances._address:
    pulumi.export("domain", cluster.instances.domain)
"""


def up(workshop: Workshop, changes: str = "{}") -> t.Any:
    workshop.write_program(PROGRAM, config=f"  try:changes: '{changes}'\n")
    return workshop.operations().up()


def template(workshop: Workshop) -> dict[str, t.Any]:
    ec2 = workshop.cloud.client("ec2")
    (found,) = ec2.describe_launch_templates()["LaunchTemplates"]
    (version,) = ec2.describe_launch_template_versions(
        LaunchTemplateId=found["LaunchTemplateId"], Versions=["$Default"]
    )["LaunchTemplateVersions"]
    return t.cast("dict[str, t.Any]", version)


def group(workshop: Workshop) -> dict[str, t.Any]:
    (found,) = workshop.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return t.cast("dict[str, t.Any]", found)


def test_a_cluster_with_an_instance_of_its_own(workshop: Workshop) -> None:
    assert contents(workshop.cloud) == {}
    up(workshop)
    outputs = workshop.operations().outputs()
    ecs = workshop.cloud.client("ecs")
    (cluster,) = ecs.describe_clusters(clusters=[outputs["cluster"]])["clusters"]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT", "shop-instances"]
    (provider,) = ecs.describe_capacity_providers(capacityProviders=[outputs["provider"]])["capacityProviders"]
    assert provider["autoScalingGroupProvider"]["autoScalingGroupArn"] == group(workshop)["AutoScalingGroupARN"]
    assert provider["autoScalingGroupProvider"]["managedScaling"]["status"] == "DISABLED"
    assert (group(workshop)["MinSize"], group(workshop)["MaxSize"], group(workshop)["DesiredCapacity"]) == (1, 1, 1)
    data = template(workshop)["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    assert data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is True
    assert data["ImageId"].startswith("resolve:ssm:/aws/service/ecs/")
    (address,) = workshop.cloud.client("ec2").describe_addresses()["Addresses"]
    assert f"--allocation-id {address['AllocationId']} " in base64.b64decode(data["UserData"]).decode()
    dashed = address["PublicIp"].replace(".", "-")
    assert outputs["domain"] == f"ec2-{dashed}.ap-northeast-1.compute.amazonaws.com"
    iam = workshop.cloud.client("iam")
    (profile,) = iam.list_instance_profiles()["InstanceProfiles"]
    assert data["IamInstanceProfile"]["Arn"] == profile["Arn"]
    (role,) = profile["Roles"]
    (policy,) = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
    assert json.dumps(document).count(cluster["clusterArn"]) == 1
    (doors,) = workshop.cloud.client("ec2").describe_security_groups(GroupIds=[outputs["doors"]])["SecurityGroups"]
    (door,) = doors["IpPermissions"]
    assert (door["FromPort"], door["IpRanges"]) == (3000, [])

    again = up(workshop)
    assert again.writing_calls == {}

    # Another size is a new version of the template, and the instance is replaced by one of it.
    bigger = up(workshop, '{"instance_type": "t3.large"}')
    assert bigger.writing_calls == {
        "CreateLaunchTemplateVersion": 1,
        "ModifyLaunchTemplate": 1,
        "UpdateAutoScalingGroup": 1,
        "StartInstanceRefresh": 1,
    }
    assert template(workshop)["LaunchTemplateData"]["InstanceType"] == "t3.large"
    assert template(workshop)["VersionNumber"] == 2
    assert up(workshop, '{"instance_type": "t3.large"}').writing_calls == {}

    # More of them: the group and its provider change where they stand, and the address goes.
    more = up(workshop, '{"instance_type": "t3.large", "maximum": 3, "fixed_address": false}')
    assert more[Step.REPLACE] == 0
    assert {"UpdateCapacityProvider", "ReleaseAddress"} <= set(more.writing_calls)
    assert group(workshop)["MaxSize"] == 3
    (provider,) = ecs.describe_capacity_providers(capacityProviders=[outputs["provider"]])["capacityProviders"]
    assert provider["autoScalingGroupProvider"]["managedScaling"]["status"] == "ENABLED"

    # Another name is another cluster, with everything in it.
    renamed = up(workshop, '{"stack": "store"}')
    assert renamed[Step.CREATE] > 0 < renamed[Step.DELETE]
    assert group(workshop)["AutoScalingGroupName"] == "store-instances"
    assert up(workshop, '{"stack": "store"}').writing_calls == {}

    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_prefix_list_is_asked_for(workshop: Workshop) -> None:
    """The emulator forgets which list may come in."""
    cloud = Cloud(workshop.endpoint, REGION)
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    calls = spoken(ec2)
    handler = handler_for("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", cloud)
    inputs = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 3000, "toPort": 3000, "prefixListId": "pl-1"}
    id_ = handler.create({**inputs, "description": "d"})
    (permission,) = calls[-1][1]["IpPermissions"]
    assert permission["PrefixListIds"] == [{"PrefixListId": "pl-1", "Description": "d"}]
    handler.update(id_, inputs, {**inputs, "prefixListId": "pl-2"})
    (rule,) = calls[-1][1]["SecurityGroupRules"]
    assert rule["SecurityGroupRule"]["PrefixListId"] == "pl-2"


def test_how_instances_are_replaced_is_asked_for(workshop: Workshop) -> None:
    """The emulator has nothing to replace, and tells neither the template nor the pace again."""
    cloud = Cloud(workshop.endpoint, REGION)
    handler = handler_for("aws:autoscaling/group:Group", cloud)
    inputs = {"name": "g", "minSize": 1, "maxSize": 1, "launchTemplate": {"id": "lt-1", "version": "1"}}
    newer = {**inputs, "launchTemplate": {"id": "lt-1", "version": "2"}}
    handler.create(inputs)
    calls = spoken(cloud.client("autoscaling"))
    pace = {"strategy": "Rolling", "preferences": {"minHealthyPercentage": 0}}
    handler.update("g", inputs, {**newer, "instanceRefresh": pace})
    assert calls == [
        (
            "UpdateAutoScalingGroup",
            {"AutoScalingGroupName": "g", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "2"}},
        ),
        (
            "StartInstanceRefresh",
            {"AutoScalingGroupName": "g", "Strategy": "Rolling", "Preferences": {"MinHealthyPercentage": 0}},
        ),
    ]
    with pytest.raises(LocalEngineError, match="instanceRefresh sets autoRollback"):
        handler.update("g", inputs, {**newer, "instanceRefresh": {**pace, "preferences": {"autoRollback": True}}})


GROUP = """
import json
import pulumi
import pulumi_aws as aws
changes = json.loads(pulumi.Config("try").get("changes") or "{}")
template = aws.ec2.LaunchTemplate("t", image_id="ami-1", instance_type="t3.small", **changes.get("template", {}))
group = aws.autoscaling.Group(
    "g",
    **{
        "max_size": 2,
        "min_size": 1,
        "launch_template": {"id": template.id, "version": template.latest_version.apply(str)},
        "tags": [{"key": "user", "value": "owner", "propagate_at_launch": True}],
        **changes.get("group", {}),
    },
)
provider = aws.ecs.CapacityProvider(
    "p", auto_scaling_group_provider={"auto_scaling_group_arn": group.arn, **changes.get("provider", {})}
)
"""


def change(workshop: Workshop, **changes: t.Any) -> t.Any:
    workshop.write_program(GROUP, config=f"  try:changes: '{json.dumps(changes)}'\n")
    return workshop.operations().up()


def test_tags_of_a_group_say_whether_instances_carry_them(workshop: Workshop) -> None:
    change(workshop)

    def tags() -> set[tuple[str, str, bool]]:
        return {(tag["Key"], tag["Value"], tag["PropagateAtLaunch"]) for tag in group(workshop)["Tags"]}

    assert tags() == {("user", "owner", True)}
    other = [{"key": "team", "value": "shop", "propagate_at_launch": False}]
    outcome = change(workshop, group={"tags": other})
    assert outcome.writing_calls == {"CreateOrUpdateTags": 1, "DeleteTags": 1}
    assert tags() == {("team", "shop", False)}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_group_of_another_name_takes_the_old_ones_place(workshop: Workshop) -> None:
    change(workshop, group={"name": "one"}, provider={"managed_draining": "DISABLED"})
    with pytest.raises(LocalEngineError, match="cannot move to another auto scaling group; give it another name"):
        change(workshop, group={"name": "two"}, provider={"managed_draining": "DISABLED"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"template": {"key_name": "k"}}, "sets keyName, which the local engine does not know", id="key"),
        pytest.param(
            {"template": {"metadata_options": {"http_protocol_ipv6": "enabled"}}},
            "metadataOptions sets httpProtocolIpv6",
            id="nested",
        ),
        pytest.param({"group": {"max_instance_lifetime": 86400}}, "sets maxInstanceLifetime", id="lifetime"),
    ],
)
def test_what_the_engine_does_not_know_is_named(workshop: Workshop, changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(LocalEngineError, match=words):
        change(workshop, **changes)


def test_a_setting_that_cannot_be_taken_away_is_named(workshop: Workshop) -> None:
    change(workshop, group={"health_check_grace_period": 60})
    with pytest.raises(LocalEngineError, match="cannot forget its HealthCheckGracePeriod"):
        change(workshop)

"""What holds for every system in every environment: closed, encrypted, watched, and no wider than it must be."""

from __future__ import annotations

import fnmatch
import json
import typing as t

import jsonschema
import pytest
from components.names import Names

from tests.invented import ACCOUNT, REGION
from tests.recorded_program import PROGRAM, STACKS, Program, Recorded, record

SCHEMA = PROGRAM.parent / "plugins" / "plugin_utils" / "_delivery" / "schema.json"
SYSTEMS = {stack.rpartition("-")[0] for stack in STACKS}
ANYWHERE = ("0.0.0.0/0", "::/0")
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SERVICE = "aws:ecs/service:Service"
# Actions that AWS gives no resource to name, or, for ListTasks and the VPC of a function, none that exists before.
WITHOUT_RESOURCE = {
    "application-autoscaling:DescribeScalableTargets",
    "cloudfront:ListDistributions",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:DiscoverPollEndpoint",
    "ecs:ListServices",
    "ecs:ListTaskDefinitions",
    "ecs:ListTasks",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "logs:DescribeLogGroups",
}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> Program:
    """Each stack there is a file of: a new one joins by itself."""
    return record(request.param)


def policies(stack: Program) -> dict[str, list[dict[str, t.Any]]]:
    """Return the statements of every role, but for the operator's, who makes what has no name yet."""
    return {
        policy.name.removeprefix(f"{stack.stack}-"): json.loads(policy.inputs["policy"])["Statement"]
        for policy in stack.of("aws:iam/rolePolicy:RolePolicy")
        if not policy.name.endswith("-infra-admin")
    }


def test_there_are_five_systems_with_a_stack_for_each_environment() -> None:
    assert {"agent-platform", "course-chatbot", "qa-chatbot", "rag-chatbot", "sales-support"} == SYSTEMS
    assert set(STACKS) == {f"{system}-{environment}" for system in SYSTEMS for environment in ("dev", "local", "prod")}


def test_the_delivery_document_keeps_to_the_schema(stack: Program) -> None:
    delivery = stack.outputs["delivery"]
    jsonschema.validate(delivery, json.loads(SCHEMA.read_text(encoding="utf-8")))
    system, _hyphen, environment = stack.stack.rpartition("-")
    assert (delivery["system"], delivery["environment"]) == (system, environment)
    assert (delivery["region"], delivery["account"]) == (REGION, ACCOUNT)


def test_every_flat_output_is_known(stack: Program) -> None:
    assert len(stack.outputs) > 5
    assert [name for name, value in stack.outputs.items() if not value] == []
    assert [name for name in stack.outputs if not name.replace("_", "").isalnum() or name != name.lower()] == []


def test_every_name_starts_with_the_stack(stack: Program) -> None:
    """Where a name has to be short, it starts with as much as fits, which the operator's policy knows too."""
    strangers = [resource for resource in stack.resources if not resource.name.startswith(f"{stack.stack}-")]
    short = {"aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"}
    assert {resource.type for resource in strangers} <= short
    patterns = Names(stack.stack).short_patterns()
    balanced = [resource.name for kind in short for resource in stack.of(kind)]
    assert [name for name in balanced if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)] == []
    arns = [arn for statement in stack.policy("infra-admin") for arn in statement["Resource"]]
    groups = [arn.rpartition("/")[2] for arn in arns if ":targetgroup/" in arn]
    assert [name for name in balanced if not any(fnmatch.fnmatchcase(name, pattern) for pattern in groups)] == []


def test_every_bucket_is_closed_versioned_and_encrypted(stack: Program) -> None:
    buckets = {bucket.name for bucket in stack.of("aws:s3/bucket:Bucket")}
    assert buckets
    blocks = {item.name: item.inputs for item in stack.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")}
    kinds = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert {name: [block[kind] for kind in kinds] for name, block in blocks.items()} == dict.fromkeys(
        buckets, [True] * 4
    )
    encryption = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert {item.name for item in stack.of(encryption)} == buckets
    versions = stack.of("aws:s3/bucketVersioning:BucketVersioning")
    assert {item.name: item.inputs["versioningConfiguration"]["status"] for item in versions} == dict.fromkeys(
        buckets, "Enabled"
    )


def test_no_resource_policy_lets_the_public_in(stack: Program) -> None:
    """Nobody is anybody, unless he is refused."""
    kinds = (
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
    )
    for policy in (found for kind in kinds for found in stack.of(kind)):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            everybody = statement["Principal"] in ("*", {"AWS": "*"})
            assert not everybody or statement["Effect"] == "Deny", f"{policy.name} {statement['Sid']}"
            if "Service" in statement["Principal"]:
                assert statement["Condition"], f"{policy.name} lets a whole AWS service in"


def test_the_world_reaches_public_load_balancers_on_80_and_443_and_nothing_else(stack: Program) -> None:
    balancers = {
        group for item in stack.of("aws:lb/loadBalancer:LoadBalancer") for group in item.inputs["securityGroups"]
    }
    for rule in stack.of(INGRESS):
        assert rule.inputs.get("cidrIpv6") not in ANYWHERE, rule.name
        if rule.inputs.get("cidrIpv4") in ANYWHERE:
            assert rule.inputs["securityGroupId"] in balancers, rule.name
            assert rule.inputs["fromPort"] == rule.inputs["toPort"]
            assert rule.inputs["fromPort"] in (80, 443), rule.name
    for group in stack.of(GROUP):
        assert "ingress" not in group.inputs, f"{group.name} has rules of its own, which no test here sees"


def test_tasks_are_reached_from_the_load_balancer_and_from_named_groups_only(stack: Program) -> None:
    named = {f"{group.name}-id" for group in stack.of(GROUP)}
    for service in stack.of(SERVICE):
        network = service.inputs.get("networkConfiguration")
        if network is None:
            continue  # on machines, whose group the next test looks at
        (own, *_carried) = network["securityGroups"]
        rules = [rule.inputs for rule in stack.of(INGRESS) if rule.inputs["securityGroupId"] == own]
        assert {rule.get("referencedSecurityGroupId") for rule in rules} <= named, service.name
        assert all("cidrIpv4" not in rule and "prefixListId" not in rule for rule in rules), service.name
        assert bool(rules) == bool(service.inputs.get("loadBalancers") or service.inputs.get("serviceRegistries"))


def test_machines_are_reached_at_the_port_of_their_service_and_nobody_logs_in(stack: Program) -> None:
    for template in stack.of("aws:ec2/launchTemplate:LaunchTemplate"):
        (interface,) = template.inputs["networkInterfaces"]
        rules = [r.inputs for r in stack.of(INGRESS) if r.inputs["securityGroupId"] in interface["securityGroups"]]
        assert [rule for rule in rules if rule["fromPort"] <= 22 <= rule["toPort"]] == []
        assert "keyName" not in template.inputs
        assert template.inputs["metadataOptions"]["httpTokens"] == "required"
        assert all(disk["ebs"]["encrypted"] == "true" for disk in template.inputs["blockDeviceMappings"])


def test_what_keeps_data_is_encrypted(stack: Program) -> None:
    kept: dict[str, t.Callable[[Recorded], bool]] = {
        "aws:dynamodb/table:Table": lambda table: table.inputs["serverSideEncryption"]["enabled"] is True,
        "aws:sqs/queue:Queue": lambda queue: queue.inputs.get("sqsManagedSseEnabled") is True,
        "aws:efs/fileSystem:FileSystem": lambda files: files.inputs["encrypted"] is True,
        "aws:rds/cluster:Cluster": lambda cluster: cluster.inputs["storageEncrypted"] is True,
        "aws:ecr/repository:Repository": lambda repository: bool(repository.inputs["encryptionConfigurations"]),
    }
    open_ = [item.name for kind, encrypted in kept.items() for item in stack.of(kind) if not encrypted(item)]
    assert open_ == []
    assert all(
        item.inputs["publiclyAccessible"] is False for item in stack.of("aws:rds/clusterInstance:ClusterInstance")
    )


def test_logs_do_not_stay_for_ever(stack: Program) -> None:
    groups = stack.of("aws:cloudwatch/logGroup:LogGroup")
    assert {f"/ecs/{stack.stack}/{name}" for name in stack.outputs["delivery"]["services"]} <= {
        group.inputs["name"] for group in groups
    }
    assert all(group.inputs["retentionInDays"] > 0 for group in groups)


def test_no_secret_is_in_what_the_program_says(stack: Program) -> None:
    """Secrets are made empty, and named: a version of one would have its value in the state."""
    assert not stack.of("aws:secretsmanager/secretVersion:SecretVersion")
    assert not stack.of("aws:ssm/parameter:Parameter")
    for cluster in stack.of("aws:rds/cluster:Cluster"):
        assert "masterPassword" not in cluster.inputs
        assert cluster.inputs["manageMasterUserPassword"] is True
    for definition in stack.of("aws:ecs/taskDefinition:TaskDefinition"):
        for container in json.loads(definition.inputs["containerDefinitions"]):
            for secret in container.get("secrets", []):
                assert secret["valueFrom"].startswith("arn:aws:"), secret["name"]


def test_services_stop_bad_releases_by_themselves(stack: Program) -> None:
    services = stack.of(SERVICE)
    assert services
    for service in services:
        assert service.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        assert service.inputs["waitForSteadyState"] is False
        assert service.inputs["desiredCount"] >= 1


def test_every_alarm_tells_somebody_and_is_required_of_a_release(stack: Program) -> None:
    (topic,) = stack.of("aws:sns/topic:Topic")
    alarms = stack.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    policy = stack.one("aws:sns/topicPolicy:TopicPolicy")
    assert {tuple(alarm.inputs["alarmActions"]) for alarm in alarms} == {(policy.inputs["arn"],)}
    assert policy.inputs["arn"].endswith(topic.name)
    assert sorted(stack.outputs["delivery"]["alarms"]["required"]) == [alarm.inputs["name"] for alarm in alarms]
    (dashboard,) = stack.of("aws:cloudwatch/dashboard:Dashboard")
    assert dashboard.inputs["dashboardName"] == stack.stack


def test_every_service_has_the_least_of_alarms(stack: Program) -> None:
    alarms = [alarm.inputs for alarm in stack.of("aws:cloudwatch/metricAlarm:MetricAlarm")]
    for service in stack.of(SERVICE):
        name = service.inputs["name"]
        metrics = {alarm["metricName"] for alarm in alarms if alarm["dimensions"].get("ServiceName") == name}
        assert metrics >= {"CPUUtilization", "MemoryUtilization"}, name
    balanced = [service for service in stack.of(SERVICE) if service.inputs.get("loadBalancers")]
    healthy = [alarm for alarm in alarms if alarm["metricName"] == "HealthyHostCount"]
    assert len(healthy) == len(balanced)
    assert bool(stack.of("aws:lb/loadBalancer:LoadBalancer")) == any(
        alarm["metricName"] == "HTTPCode_ELB_5XX_Count" for alarm in alarms
    )


def test_images_are_scanned_and_what_a_release_could_go_back_to_is_kept(stack: Program) -> None:
    repositories = stack.of("aws:ecr/repository:Repository")
    assert {repository.name.removeprefix(f"{stack.stack}-") for repository in repositories} == set(
        stack.outputs["delivery"]["repositories"]
    )
    assert all(item.inputs["imageScanningConfiguration"]["scanOnPush"] is True for item in repositories)
    lifecycles = stack.of("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert len(lifecycles) == len(repositories)
    for lifecycle in lifecycles:
        rules = json.loads(lifecycle.inputs["policy"])["rules"]
        # A released image keeps its tag, or where tags move, is among the newest that lost theirs.
        assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]


def test_statements_name_resources_where_aws_lets_them(stack: Program) -> None:
    found = policies(stack)
    assert {"deploy", "observer"} <= set(found)
    for role, statements in found.items():
        for statement in statements:
            assert [arn for arn in statement["Resource"] if not arn.startswith(("arn:aws:", "*"))] == []
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= {*WITHOUT_RESOURCE, "sts:GetCallerIdentity"}, f"{role}: {statement}"
            assert [action for action in statement["Action"] if "*" in action] == [], role


def test_the_pipeline_passes_only_the_roles_of_what_it_releases(stack: Program) -> None:
    passed: dict[str, set[str]] = {}
    for statement in policies(stack)["deploy"]:
        if "iam:PassRole" in statement["Action"]:
            assert statement["Action"] == ["iam:PassRole"]
            passed[statement["Condition"]["StringEquals"]["iam:PassedToService"]] = set(statement["Resource"])
    roles = stack.outputs["delivery"]["roles"]
    assert passed.pop("ecs-tasks.amazonaws.com") == {*roles["task"].values(), *roles["execution"].values()}
    functions = {item.inputs["role"] for item in stack.of("aws:lambda/function:Function")}
    assert passed == ({"lambda.amazonaws.com": functions} if functions else {})


def test_the_pipeline_reads_no_secret_calls_no_model_and_changes_no_permission(stack: Program) -> None:
    allowed = {action for statement in policies(stack)["deploy"] for action in statement["Action"]}
    forbidden = ("bedrock:", "dynamodb:", "kms:", "rds:", "secretsmanager:", "sqs:", "ssm:")
    # A secret may be looked at, not into.
    looks = {"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"}
    assert [action for action in allowed - looks if action.startswith(forbidden)] == []
    iam = {action for action in allowed if action.startswith("iam:")}
    assert iam == {"iam:GetRole", "iam:PassRole", "iam:SimulatePrincipalPolicy"}


def test_the_pipeline_looks_at_what_the_services_rely_on(stack: Program) -> None:
    """Whatever a service reads, mounts or scales with is looked at by its own name, and nothing else is."""
    statements = {statement["Sid"]: statement["Resource"] for statement in policies(stack)["deploy"]}
    definitions = [
        json.loads(item.inputs["containerDefinitions"]) for item in stack.of("aws:ecs/taskDefinition:TaskDefinition")
    ]
    read = {
        secret["valueFrom"]
        for containers in definitions
        for container in containers
        for secret in container.get("secrets") or []
    }
    secrets = statements.get("LookAtSecretsButNotIntoThem", [])
    assert [value for value in read if not value.startswith(tuple(secrets))] == []
    assert [arn for arn in secrets if not any(value.startswith(arn) for value in read)] == []
    assert len(set(secrets)) == len(secrets)
    own = f":{stack.stack}-deploy"
    roles = stack.outputs["delivery"]["roles"]
    simulated = set(statements["SimulateItsRolesPolicies"])
    assert {arn for arn in simulated if not arn.endswith(own)} <= set(roles["execution"].values())
    assert bool(read) == (len(simulated) > 1)
    looked_at = {arn for arn in statements["LookAtTheTasksRoles"] if not arn.endswith(own)}
    assert looked_at == {*roles["task"].values(), *roles["execution"].values()}
    targets = stack.of("aws:appautoscaling/target:Target")
    assert len(statements.get("HoldAutoscalingStill", ())) == len(targets)
    mounted = stack.of("aws:efs/fileSystem:FileSystem")
    assert len(statements.get("LookAtFileSystems", ())) == len(mounted)
    machines = stack.of("aws:ecs/capacityProvider:CapacityProvider")
    assert len(statements.get("LookAtCapacityProviders", ())) == len(machines)


def test_the_pipeline_is_assumed_by_one_exact_subject(stack: Program) -> None:
    (trust,) = stack.trust("deploy")
    system, _hyphen, environment = stack.stack.rpartition("-")
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": [f"repo:example-org/{system}:environment:{environment}"],
        }
    }


def test_the_four_kinds_of_roles(stack: Program) -> None:
    names = {role.name.removeprefix(f"{stack.stack}-") for role in stack.of("aws:iam/role:Role")}
    services = stack.outputs["delivery"]["services"]
    assert {"infra-admin", "deploy", "observer"} <= names
    assert {f"{service}-{kind}" for service in services for kind in ("task", "execution")} <= names
    assert {f"{function}-function" for function in stack.outputs["delivery"]["functions"]} <= names


# What IAM calls a service, where the provider calls it something else.
IAM_NAMES = {
    "alb": "elasticloadbalancing",
    "appautoscaling": "application-autoscaling",
    "cfg": "config",
    "efs": "elasticfilesystem",
    "lambda_": "lambda",
    "lb": "elasticloadbalancing",
    "vpc": "ec2",
}
LOGS = "aws:cloudwatch/logGroup:LogGroup"


def test_the_operator_may_make_every_kind_of_thing_the_system_has(stack: Program) -> None:
    """An area that somebody forgot would stop the first up under this role."""
    statements = stack.policy("infra-admin")
    for policy in stack.of("aws:iam/policy:Policy"):
        statements += json.loads(policy.inputs["policy"])["Statement"]
    allowed = {action.split(":")[0] for statement in statements for action in statement["Action"]}
    kinds = {resource.type for resource in stack.resources}
    needed = {"logs" if kind == LOGS else kind.split(":")[1].split("/")[0] for kind in kinds}
    assert sorted({IAM_NAMES.get(name, name) for name in needed} - allowed) == []


def test_policies_fit_into_a_role(stack: Program) -> None:
    # AWS allows 10,240 characters of inline policy and 6,144 of a managed one, white space not counted.
    for kind, most in (("aws:iam/rolePolicy:RolePolicy", 10_240), ("aws:iam/policy:Policy", 6_144)):
        for policy in stack.of(kind):
            assert len("".join(policy.inputs["policy"].split())) < most, policy.name


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_prod_is_protected_and_dev_can_go(system: str) -> None:
    dev, prod = record(f"{system}-dev"), record(f"{system}-prod")
    for kind, key in (("aws:s3/bucket:Bucket", "forceDestroy"), ("aws:ecr/repository:Repository", "forceDelete")):
        assert {item.inputs[key] for item in dev.of(kind)} == {True}
        assert {item.inputs[key] for item in prod.of(kind)} == {False}
    for kind, key in (
        ("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection"),
        ("aws:dynamodb/table:Table", "deletionProtectionEnabled"),
        ("aws:rds/cluster:Cluster", "deletionProtection"),
    ):
        assert all(item.inputs[key] is True for item in prod.of(kind))
        assert all(item.inputs[key] is False for item in dev.of(kind))
    assert len(dev.of("aws:ec2/natGateway:NatGateway")) <= 1
    assert len(prod.of("aws:ec2/natGateway:NatGateway")) == 2
    retention = [
        {group.inputs["retentionInDays"] for group in stack.of("aws:cloudwatch/logGroup:LogGroup")}
        for stack in (dev, prod)
    ]
    assert retention == [{14}, {365}]


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_dev_and_prod_differ_by_configuration_only(system: str) -> None:
    """What only prod has is what its configuration switches on; nothing of dev is missing there but the one machine."""
    kinds = [{resource.type for resource in record(f"{system}-{name}").resources} for name in ("dev", "prod")]
    only_dev = kinds[0] - kinds[1]
    assert only_dev <= {"aws:ec2/eip:Eip"}

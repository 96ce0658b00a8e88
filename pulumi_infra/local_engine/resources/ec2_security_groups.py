"""Security groups and their rules."""

from __future__ import annotations

import typing as t

from local_engine.handlers import handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.ec2_networks import Ec2
from local_engine.resources.shapes import given
from local_engine.wire import Properties


@handles("aws:ec2/securityGroup:SecurityGroup")
class SecurityGroup(Ec2):
    inputs = frozenset({"name", "description", "vpcId", "tags"})
    replace_on = frozenset({"name", "description", "vpcId"})
    named_by = "name"
    resource_type = "security-group"

    def create(self, inputs: Properties) -> str:
        made = self.ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs.get("description", "Managed by Pulumi"),
            VpcId=inputs["vpcId"],
            TagSpecifications=self.tag_specifications(inputs),
        )
        id_: str = made["GroupId"]
        # AWS lets a new group speak to everyone; the provider takes that away, so that rules say all there is.
        group = self._describe(id_) or {}
        if group.get("IpPermissionsEgress"):
            self.ec2.revoke_security_group_egress(GroupId=id_, IpPermissions=group["IpPermissionsEgress"])
        return id_

    def _describe(self, id_: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.ec2.describe_security_groups(GroupIds=[id_]))
        return answer["SecurityGroups"][0] if answer and answer["SecurityGroups"] else None

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        group = self._describe(id_)
        if group is None:
            return None
        owner = group.get("OwnerId", "")
        return {**tags.outputs(inputs), "arn": self.arn("security-group", id_, owner), "ownerId": owner}

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ec2.delete_security_group(GroupId=id_))


class _Rule(Ec2):
    inputs = frozenset(
        {
            "securityGroupId",
            "description",
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "referencedSecurityGroupId",
            "prefixListId",
            "tags",
        }
    )
    replace_on = frozenset({"securityGroupId"})
    resource_type = "security-group-rule"
    #: The direction, as the API's calls are named.
    direction: t.ClassVar[str]

    def create(self, inputs: Properties) -> str:
        authorize = getattr(self.ec2, f"authorize_security_group_{self.direction}")
        made = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[self._permission(inputs)],
            TagSpecifications=self.tag_specifications(inputs),
        )
        id_: str = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return id_

    def _permission(self, inputs: Properties) -> dict[str, t.Any]:
        described = given(Description=inputs.get("description"))
        permission = given(
            IpProtocol=inputs["ipProtocol"], FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort")
        )
        if inputs.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **described}]
        if inputs.get("referencedSecurityGroupId"):
            permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **described}]
        if inputs.get("prefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **described}]
        return permission

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_]))
        if not answer or not answer["SecurityGroupRules"]:
            return None
        owner = answer["SecurityGroupRules"][0].get("GroupOwnerId", "")
        return {
            **tags.outputs(inputs),
            "arn": self.arn("security-group-rule", id_, owner),
            "securityGroupRuleId": id_,
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.retag(id_, old, new)
        if {**old, "tags": None} != {**new, "tags": None}:
            rule = given(
                IpProtocol=new["ipProtocol"],
                FromPort=new.get("fromPort"),
                ToPort=new.get("toPort"),
                CidrIpv4=new.get("cidrIpv4"),
                ReferencedGroupId=new.get("referencedSecurityGroupId"),
                PrefixListId=new.get("prefixListId"),
                Description=new.get("description"),
            )
            self.ec2.modify_security_group_rules(
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": id_, "SecurityGroupRule": rule}],
            )

    def delete(self, id_: str, inputs: Properties) -> None:
        revoke = getattr(self.ec2, f"revoke_security_group_{self.direction}")
        unless_missing(lambda: revoke(GroupId=inputs["securityGroupId"], SecurityGroupRuleIds=[id_]))


@handles("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
class IngressRule(_Rule):
    direction = "ingress"


@handles("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
class EgressRule(_Rule):
    direction = "egress"

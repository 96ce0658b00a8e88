"""Web ACLs, and what they stand before. The emulator keeps them, and lets everything through all the same."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


class _Waf(Handler):
    @property
    def waf(self) -> t.Any:
        return self.cloud.client("wafv2")


@handles("aws:wafv2/webAcl:WebAcl")
class WebAcl(_Waf):
    inputs = frozenset({"name", "description", "scope", "defaultAction", "rules", "visibilityConfig", "tags"})
    replace_on = frozenset({"name", "scope"})
    named_by = "name"
    unique_by = ("name", "scope")

    def _settings(self, inputs: Properties) -> dict[str, t.Any]:
        return {
            **given(Description=inputs.get("description")),
            "DefaultAction": pascal(inputs["defaultAction"]),
            "Rules": [_rule(rule) for rule in inputs.get("rules") or []],
            "VisibilityConfig": _visibility(inputs["visibilityConfig"]),
        }

    def create(self, inputs: Properties) -> str:
        made = self.waf.create_web_acl(
            Name=inputs["name"], Scope=inputs["scope"], **self._settings(inputs), Tags=tags.pairs(inputs)
        )
        id_: str = made["Summary"]["Id"]
        return id_

    def _get(self, id_: str, inputs: Properties) -> dict[str, t.Any] | None:
        where = {"Id": id_, "Name": inputs["name"], "Scope": inputs["scope"]}
        return unless_missing(lambda: self.waf.get_web_acl(**where))

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self._get(id_, inputs)
        if not found:
            return None
        acl = found["WebACL"]
        return {
            **tags.outputs(inputs),
            "arn": acl["ARN"],
            "capacity": acl.get("Capacity", 0),
            "lockToken": found["LockToken"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        found = self._get(id_, new) or {}
        if {**old, "tags": None} != {**new, "tags": None}:
            where = {"Id": id_, "Name": new["name"], "Scope": new["scope"], "LockToken": found["LockToken"]}
            self.waf.update_web_acl(**where, **self._settings(new))
        put, gone = tags.difference(old, new)
        if put:
            self.waf.tag_resource(ResourceARN=found["WebACL"]["ARN"], Tags=tags.pairs({"tags": put}))
        if gone:
            self.waf.untag_resource(ResourceARN=found["WebACL"]["ARN"], TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:
        if found := self._get(id_, inputs):
            where = {"Id": id_, "Name": inputs["name"], "Scope": inputs["scope"], "LockToken": found["LockToken"]}
            unless_missing(lambda: self.waf.delete_web_acl(**where))


def _rule(rule: Properties) -> dict[str, t.Any]:
    _refuse(rule, "name", "priority", "action", "overrideAction", "statement", "visibilityConfig")
    return given(
        Name=rule["name"],
        Priority=rule["priority"],
        Action=pascal(rule.get("action")),
        OverrideAction=pascal(rule.get("overrideAction")),
        Statement=_statement(rule["statement"]),
        VisibilityConfig=_visibility(rule["visibilityConfig"]),
    )


def _statement(statement: Properties) -> dict[str, t.Any]:
    _refuse(statement, "managedRuleGroupStatement", "rateBasedStatement")
    if group := statement.get("managedRuleGroupStatement"):
        _refuse(group, "name", "vendorName", "ruleActionOverrides")
        return {"ManagedRuleGroupStatement": pascal(group)}
    limit = statement.get("rateBasedStatement")
    if limit is None:
        raise LocalEngineError("A rule of a web ACL has no statement.")
    _refuse(limit, "limit", "aggregateKeyType", "evaluationWindowSec")
    return {"RateBasedStatement": pascal(limit)}


def _visibility(config: Properties) -> dict[str, t.Any]:
    return {
        # The API writes the service's name in its own way.
        "CloudWatchMetricsEnabled": config["cloudwatchMetricsEnabled"],
        "MetricName": config["metricName"],
        "SampledRequestsEnabled": config["sampledRequestsEnabled"],
    }


def _refuse(shape: Properties, *known: str) -> None:
    strangers = sorted(key for key, value in shape.items() if key not in known and value is not None)
    if strangers:
        raise LocalEngineError(f"A web ACL sets {', '.join(strangers)}, which the local engine does not know.")


@handles("aws:wafv2/webAclAssociation:WebAclAssociation")
class WebAclAssociation(_Waf):
    inputs = frozenset({"resourceArn", "webAclArn"})
    replace_on = inputs
    # A resource has one web ACL: taking the old one away later would take the new one with it.
    unique_by = ("resourceArn",)

    def create(self, inputs: Properties) -> str:
        self.waf.associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        answer = unless_missing(lambda: self.waf.get_web_acl_for_resource(ResourceArn=inputs["resourceArn"]))
        found = (answer or {}).get("WebACL") or {}
        return {} if found.get("ARN") == inputs["webAclArn"] else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.waf.disassociate_web_acl(ResourceArn=inputs["resourceArn"]))

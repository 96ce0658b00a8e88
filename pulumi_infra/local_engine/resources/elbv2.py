"""Load balancers, listeners, rules and target groups."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


class _Elbv2(Handler):
    @property
    def elb(self) -> t.Any:
        return self.cloud.client("elbv2")

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.elb.add_tags(ResourceArns=[arn], Tags=tags.pairs({"tags": put}))
        if gone:
            self.elb.remove_tags(ResourceArns=[arn], TagKeys=gone)


def _attributes(inputs: Properties, known: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Return the inputs that AWS keeps as a list of texts."""
    found = []
    for name, key in known.items():
        if (value := inputs.get(name)) is not None:
            found.append({"Key": key, "Value": str(value).lower() if isinstance(value, bool) else str(value)})
    return found


@handles("aws:lb/loadBalancer:LoadBalancer")
class LoadBalancer(_Elbv2):
    ATTRIBUTES: t.ClassVar[dict[str, str]] = {
        "enableDeletionProtection": "deletion_protection.enabled",
        "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
        "idleTimeout": "idle_timeout.timeout_seconds",
    }
    inputs = frozenset(
        {"name", "loadBalancerType", "internal", "securityGroups", "subnets", "accessLogs", "tags", *ATTRIBUTES}
    )
    replace_on = frozenset({"name", "loadBalancerType", "internal"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        made = self.elb.create_load_balancer(
            **given(
                Name=inputs["name"],
                Type=inputs.get("loadBalancerType", "application"),
                Scheme="internal" if inputs.get("internal") else "internet-facing",
                SecurityGroups=inputs.get("securityGroups"),
                Subnets=inputs.get("subnets"),
                Tags=tags.pairs(inputs) or None,
            )
        )
        arn: str = made["LoadBalancers"][0]["LoadBalancerArn"]
        self._set(arn, inputs)
        return arn

    def _set(self, arn: str, inputs: Properties) -> None:
        if found := self._settings(inputs):
            self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=found)

    def _settings(self, inputs: Properties) -> list[dict[str, str]]:
        return [*_attributes(inputs, self.ATTRIBUTES), *_access_logs(inputs.get("accessLogs"))]

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.elb.describe_load_balancers(LoadBalancerArns=[id_]))
        if not answer or not answer["LoadBalancers"]:
            return None
        balancer = answer["LoadBalancers"][0]
        return {
            **tags.outputs(inputs),
            "arn": id_,
            "arnSuffix": id_.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer.get("CanonicalHostedZoneId", ""),
            "vpcId": balancer.get("VpcId", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if self._settings(old) != self._settings(new):
            # Logs that are not asked for any more are switched off, not forgotten.
            self._set(id_, {**new, "accessLogs": new.get("accessLogs") or {"enabled": False}})
        if old.get("securityGroups") != new.get("securityGroups"):
            self.elb.set_security_groups(LoadBalancerArn=id_, SecurityGroups=new.get("securityGroups", []))
        if old.get("subnets") != new.get("subnets"):
            self.elb.set_subnets(LoadBalancerArn=id_, Subnets=new.get("subnets", []))
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.elb.delete_load_balancer(LoadBalancerArn=id_))


def _access_logs(logs: Properties | None) -> list[dict[str, str]]:
    if not logs:
        return []
    known = {
        "enabled": "access_logs.s3.enabled",
        "bucket": "access_logs.s3.bucket",
        "prefix": "access_logs.s3.prefix",
    }
    return _attributes(logs, known)


@handles("aws:lb/targetGroup:TargetGroup")
class TargetGroup(_Elbv2):
    ATTRIBUTES: t.ClassVar[dict[str, str]] = {"deregistrationDelay": "deregistration_delay.timeout_seconds"}
    inputs = frozenset({"name", "targetType", "port", "protocol", "vpcId", "healthCheck", "tags", *ATTRIBUTES})
    replace_on = frozenset({"name", "targetType", "port", "protocol", "vpcId"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        made = self.elb.create_target_group(
            **given(
                Name=inputs["name"],
                TargetType=inputs.get("targetType"),
                Port=inputs.get("port"),
                Protocol=inputs.get("protocol"),
                VpcId=inputs.get("vpcId"),
                Tags=tags.pairs(inputs) or None,
                **_health_check(inputs),
            )
        )
        arn: str = made["TargetGroups"][0]["TargetGroupArn"]
        self._set(arn, inputs)
        return arn

    def _set(self, arn: str, inputs: Properties) -> None:
        if found := _attributes(inputs, self.ATTRIBUTES):
            self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=found)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.elb.describe_target_groups(TargetGroupArns=[id_]))
        if not answer or not answer["TargetGroups"]:
            return None
        group = answer["TargetGroups"][0]
        return {
            **tags.outputs(inputs),
            "arn": id_,
            "arnSuffix": id_.rpartition(":")[2],
            "name": group["TargetGroupName"],
            "loadBalancerArns": group.get("LoadBalancerArns", []),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("healthCheck") != new.get("healthCheck"):
            self.elb.modify_target_group(TargetGroupArn=id_, **_health_check(new))
        if _attributes(old, self.ATTRIBUTES) != _attributes(new, self.ATTRIBUTES):
            self._set(id_, new)
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.elb.delete_target_group(TargetGroupArn=id_))


def _health_check(inputs: Properties) -> dict[str, t.Any]:
    check = inputs.get("healthCheck")
    if not check:
        return {}
    matcher = check.get("matcher")
    return given(
        HealthCheckEnabled=check.get("enabled"),
        HealthCheckPath=check.get("path"),
        HealthCheckPort=check.get("port"),
        HealthCheckProtocol=check.get("protocol"),
        HealthCheckIntervalSeconds=check.get("interval"),
        HealthCheckTimeoutSeconds=check.get("timeout"),
        HealthyThresholdCount=check.get("healthyThreshold"),
        UnhealthyThresholdCount=check.get("unhealthyThreshold"),
        Matcher={"HttpCode": matcher} if matcher else None,
    )


# The provider's name of what an action does, and the API's.
_ACTION_CONFIGS = {"fixedResponse": "FixedResponseConfig", "redirect": "RedirectConfig"}


def _actions(actions: list[Properties]) -> list[dict[str, t.Any]]:
    converted = []
    for action in actions:
        shape = pascal({key: value for key, value in action.items() if key not in _ACTION_CONFIGS})
        for name, config in _ACTION_CONFIGS.items():
            if found := action.get(name):
                shape[config] = pascal(found)
        converted.append(shape)
    return converted


@handles("aws:lb/listener:Listener")
class Listener(_Elbv2):
    SETTINGS = ("port", "protocol", "sslPolicy", "certificateArn", "defaultActions")
    inputs = frozenset({"loadBalancerArn", "tags", *SETTINGS})
    replace_on = frozenset({"loadBalancerArn"})

    def create(self, inputs: Properties) -> str:
        made = self.elb.create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"],
            **given(**self._settings(inputs), Tags=tags.pairs(inputs) or None),
        )
        arn: str = made["Listeners"][0]["ListenerArn"]
        return arn

    def _settings(self, inputs: Properties) -> dict[str, t.Any]:
        certificate = inputs.get("certificateArn")
        return given(
            Port=inputs["port"],
            Protocol=inputs["protocol"],
            SslPolicy=inputs.get("sslPolicy"),
            Certificates=[{"CertificateArn": certificate}] if certificate else None,
            DefaultActions=_actions(inputs["defaultActions"]),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.elb.describe_listeners(ListenerArns=[id_]))
        if not answer or not answer["Listeners"]:
            return None
        return {**tags.outputs(inputs), "arn": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if any(old.get(key) != new.get(key) for key in self.SETTINGS):
            self.elb.modify_listener(ListenerArn=id_, **self._settings(new))
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.elb.delete_listener(ListenerArn=id_))


@handles("aws:lb/listenerRule:ListenerRule")
class ListenerRule(_Elbv2):
    inputs = frozenset({"listenerArn", "priority", "conditions", "actions", "tags"})
    replace_on = frozenset({"listenerArn"})

    def create(self, inputs: Properties) -> str:
        made = self.elb.create_rule(
            ListenerArn=inputs["listenerArn"],
            Priority=inputs["priority"],
            Conditions=_conditions(inputs["conditions"]),
            Actions=_actions(inputs["actions"]),
            **given(Tags=tags.pairs(inputs) or None),
        )
        arn: str = made["Rules"][0]["RuleArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.elb.describe_rules(RuleArns=[id_]))
        if not answer or not answer["Rules"]:
            return None
        return {**tags.outputs(inputs), "arn": id_}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old["priority"] != new["priority"]:
            self.elb.set_rule_priorities(RulePriorities=[{"RuleArn": id_, "Priority": new["priority"]}])
        if old["conditions"] != new["conditions"] or old["actions"] != new["actions"]:
            self.elb.modify_rule(
                RuleArn=id_, Conditions=_conditions(new["conditions"]), Actions=_actions(new["actions"])
            )
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.elb.delete_rule(RuleArn=id_))


# (the provider's name, the API's name for the field, the API's name for what is in it)
_CONDITIONS = (
    ("pathPattern", "path-pattern", "PathPatternConfig"),
    ("hostHeader", "host-header", "HostHeaderConfig"),
    ("httpRequestMethod", "http-request-method", "HttpRequestMethodConfig"),
    ("sourceIp", "source-ip", "SourceIpConfig"),
)


def _conditions(conditions: list[Properties]) -> list[dict[str, t.Any]]:
    return [
        {"Field": field, config: {"Values": condition[name]["values"]}}
        for condition in conditions
        for name, field, config in _CONDITIONS
        if condition.get(name)
    ]

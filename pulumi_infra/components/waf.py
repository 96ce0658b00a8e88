"""A web application firewall: AWS's own rules and a limit for each address, before a balancer, an API or the CDN."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.names import Names

COMMON = "AWSManagedRulesCommonRuleSet"
KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
IP_REPUTATION = "AWSManagedRulesAmazonIpReputationList"
SQL_INJECTION = "AWSManagedRulesSQLiRuleSet"
# Where CloudFront looks for its web ACLs, wherever the stack is.
CLOUDFRONT_REGION = "us-east-1"
LEAST_LIMIT = 10
NEVER_LOGGED = ("authorization", "cookie", "x-api-key")


@dataclass(frozen=True, kw_only=True)
class WebAclArgs:
    """``protects`` maps a word for a name to the ARN of a load balancer or of an API's stage.

    A distribution is protected the other way round: it takes the ARN of a web ACL whose scope is CLOUDFRONT.
    """

    names: Names
    acl: str = "firewall"
    scope: t.Literal["REGIONAL", "CLOUDFRONT"] = "REGIONAL"
    protects: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    rule_groups: t.Sequence[str] = (IP_REPUTATION, COMMON, KNOWN_BAD_INPUTS)
    # Rules of a group that only count, such as COMMON: ["SizeRestrictions_BODY"] where bodies are long.
    counted_rules: t.Mapping[str, t.Sequence[str]] = field(default_factory=dict)
    # How many requests one address may send in five minutes; None for no limit.
    limit: int | None = 1000
    # None writes no log.
    log_retention_days: int | None = 30

    def __post_init__(self) -> None:
        if self.scope == "CLOUDFRONT" and self.protects:
            raise ValueError("A web ACL for CloudFront is named by the distribution; it protects nothing by itself.")
        if not self.rule_groups and self.limit is None:
            raise ValueError("A web ACL without rules and without a limit lets everything through.")
        strangers = sorted(set(self.counted_rules) - set(self.rule_groups))
        if strangers:
            raise ValueError(f"counted_rules names {', '.join(strangers)}, which rule_groups does not have.")
        if self.limit is not None and self.limit < LEAST_LIMIT:
            raise ValueError(f"AWS takes a limit of at least {LEAST_LIMIT} requests in five minutes.")


class WebAcl(pulumi.ComponentResource):
    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:wafv2:WebAcl", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._region = CLOUDFRONT_REGION if args.scope == "CLOUDFRONT" else None
        full = args.names(args.acl)
        acl = aws.wafv2.WebAcl(
            full,
            name=full,
            description=f"Protects {args.names.prefix}",
            scope=args.scope,
            region=self._region,
            default_action={"allow": {}},
            rules=self._rules(),
            visibility_config=_visible(full),
            opts=self._child,
        )
        for word, arn in args.protects.items():
            aws.wafv2.WebAclAssociation(
                # Not called after the web ACL: whatever stands before it has one place, and another takes it over.
                args.names(f"{word}-protected"),
                resource_arn=arn,
                web_acl_arn=acl.arn,
                # Taking the old one away afterwards would leave nothing at all.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        if args.log_retention_days is not None:
            self._log(acl.arn, args.log_retention_days)
        self.arn: pulumi.Output[str] = acl.arn
        self.name: pulumi.Output[str] = acl.name
        self.register_outputs({"arn": self.arn})

    def _rules(self) -> list[t.Any]:
        args = self._args
        rules: list[dict[str, t.Any]] = []
        if args.limit is not None:
            rules.append(
                {
                    "name": "limit",
                    "action": {"block": {}},
                    "statement": {
                        "rate_based_statement": {
                            "limit": args.limit,
                            "aggregate_key_type": "IP",
                            "evaluation_window_sec": 300,
                        }
                    },
                }
            )
        for group in args.rule_groups:
            managed: dict[str, t.Any] = {"vendor_name": "AWS", "name": group}
            counted = args.counted_rules.get(group, ())
            if counted:
                managed["rule_action_overrides"] = [{"name": rule, "action_to_use": {"count": {}}} for rule in counted]
            rules.append(
                {
                    "name": group,
                    # The group's own verdicts stand.
                    "override_action": {"none": {}},
                    "statement": {"managed_rule_group_statement": managed},
                }
            )
        return [
            {**rule, "priority": number, "visibility_config": _visible(rule["name"])}
            for number, rule in enumerate(rules)
        ]

    def _log(self, acl_arn: pulumi.Output[str], days: int) -> None:
        full = self._args.names(self._args.acl)
        group = aws.cloudwatch.LogGroup(
            full,
            # WAF writes only to groups that are called so.
            name=f"aws-waf-logs-{full}",
            region=self._region,
            retention_in_days=days,
            opts=self._child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            full,
            resource_arn=acl_arn,
            region=self._region,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": header}} for header in NEVER_LOGGED],
            opts=self._child,
        )


def _visible(metric: str) -> t.Any:
    return {"cloudwatch_metrics_enabled": True, "metric_name": metric, "sampled_requests_enabled": True}


__all__ = (
    "COMMON",
    "IP_REPUTATION",
    "KNOWN_BAD_INPUTS",
    "SQL_INJECTION",
    "WebAcl",
    "WebAclArgs",
)

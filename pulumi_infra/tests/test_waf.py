"""The firewall: its rules, what it stands before, and what it refuses."""

from __future__ import annotations

import typing as t

import pytest
from components.waf import COMMON, IP_REPUTATION, KNOWN_BAD_INPUTS, WebAcl, WebAclArgs

from tests.parts import NAMES, STACK, misnamed, record
from tests.recorded_program import Program
from tests.tags import untagged

ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"


def made(**changes: t.Any) -> Program:
    return record(lambda: {"arn": WebAcl(NAMES("firewall"), WebAclArgs(**{"names": NAMES, **changes})).arn})


def test_the_rules_are_amazons_and_a_limit() -> None:
    program = made(counted_rules={COMMON: ["SizeRestrictions_BODY"]}, limit=500)
    acl = program.one(ACL).inputs
    assert (acl["scope"], acl["defaultAction"], "region" in acl) == ("REGIONAL", {"allow": {}}, False)
    limit, *groups = acl["rules"]
    assert (limit["action"], limit["priority"]) == ({"block": {}}, 0)
    assert limit["statement"]["rateBasedStatement"] == {
        "limit": 500,
        "aggregateKeyType": "IP",
        "evaluationWindowSec": 300,
    }
    managed = [group["statement"]["managedRuleGroupStatement"] for group in groups]
    assert [group["name"] for group in managed] == [IP_REPUTATION, COMMON, KNOWN_BAD_INPUTS]
    # Counting a whole group would make it a decoration.
    assert [group["overrideAction"] for group in groups] == [{"none": {}}] * 3
    counted = [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    assert [group.get("ruleActionOverrides") for group in managed] == [None, counted, None]
    assert len({rule["priority"] for rule in acl["rules"]}) == 4
    assert all(rule["visibilityConfig"]["cloudwatchMetricsEnabled"] for rule in acl["rules"])


def test_it_stands_before_what_it_is_given() -> None:
    program = made(protects={"alb": "arn:alb", "api": "arn:stage"})
    found = {item.name: item.inputs for item in program.of(ASSOCIATION)}
    arn = program.outputs["arn"]
    assert found == {
        f"{STACK}-alb-protected": {"resourceArn": "arn:alb", "webAclArn": arn},
        f"{STACK}-api-protected": {"resourceArn": "arn:stage", "webAclArn": arn},
    }
    assert misnamed(program) == []
    assert untagged(program) == []


def test_cloudfronts_lives_where_cloudfront_looks() -> None:
    program = made(scope="CLOUDFRONT")
    kinds = (ACL, LOGGING, "aws:cloudwatch/logGroup:LogGroup")
    assert [program.one(kind).inputs["region"] for kind in kinds] == ["us-east-1"] * 3


def test_what_it_did_is_written_down_without_what_opens_doors() -> None:
    program = made()
    group = program.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["name"], group["retentionInDays"]) == (f"aws-waf-logs-{STACK}-firewall", 30)
    hidden = [field["singleHeader"]["name"] for field in program.one(LOGGING).inputs["redactedFields"]]
    assert hidden == ["authorization", "cookie", "x-api-key"]
    assert made(log_retention_days=None).of(LOGGING) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"scope": "CLOUDFRONT", "protects": {"a": "b"}}, "named by the distribution", id="scope"),
        pytest.param({"rule_groups": [], "limit": None}, "lets everything through", id="nothing"),
        pytest.param({"counted_rules": {"Other": ["a"]}}, "counted_rules names Other", id="stranger"),
        pytest.param({"limit": 9}, "at least 10 requests", id="limit"),
    ],
)
def test_it_refuses_what_protects_nothing(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        WebAclArgs(**{"names": NAMES, **changes})

"""The firewall, sites, repositories, alarms and the dashboard on the local cloud."""

from __future__ import annotations

import json
import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

US_EAST_1 = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-111122223333"


def up(workshop: Workshop, body: str, **more: t.Any) -> t.Any:
    workshop.write_program(source(body, **more))
    return workshop.operations().up()


def gone(workshop: Workshop) -> None:
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


WAF = """
from components.waf import COMMON, WebAcl, WebAclArgs

api = aws.apigateway.RestApi("api", name="api")
resource = aws.apigateway.Resource("chat", rest_api=api.id, parent_id=api.root_resource_id, path_part="chat")
method = aws.apigateway.Method(
    "get", rest_api=api.id, resource_id=resource.id, http_method="GET", authorization="NONE"
)
mock = aws.apigateway.Integration(
    "get", rest_api=api.id, resource_id=resource.id, http_method=method.http_method, type="MOCK"
)
deployment = aws.apigateway.Deployment("one", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[mock]))
stage = aws.apigateway.Stage("live", rest_api=api.id, deployment=deployment.id, stage_name="live")
acl = WebAcl(
    names("{acl}"),
    WebAclArgs(names=names, acl="{acl}", protects={{"api": stage.arn}}, log_retention_days=None, {args}),
)
pulumi.export("acl", acl.arn)
pulumi.export("stage", stage.arn)
"""


def test_a_firewall_stands_before_an_api(workshop: Workshop) -> None:
    body = WAF.format(acl="firewall", args="limit=500")
    # Six of the API, a web ACL and what ties the two together.
    assert steps(up(workshop, body)) == {"create": 10}
    waf, outputs = workshop.cloud.client("wafv2"), workshop.operations().outputs()
    found = waf.get_web_acl_for_resource(ResourceArn=outputs["stage"])["WebACL"]
    assert found["ARN"] == outputs["acl"]
    rules = {rule["Name"]: rule for rule in found["Rules"]}
    assert rules["limit"]["Statement"]["RateBasedStatement"]["Limit"] == 500
    assert rules["limit"]["Action"] == {"Block": {}}
    common = rules["AWSManagedRulesCommonRuleSet"]
    assert (common["OverrideAction"], common["Statement"]["ManagedRuleGroupStatement"]["VendorName"]) == (
        {"None": {}},
        "AWS",
    )
    assert up(workshop, body).writing_calls == {}
    changed = WAF.format(acl="firewall", args='limit=100, counted_rules={COMMON: ["SizeRestrictions_BODY"]}')
    assert up(workshop, changed, tags={"user": "heir"}).writing_calls["UpdateWebACL"] == 1
    rules = {
        rule["Name"]: rule for rule in waf.get_web_acl_for_resource(ResourceArn=outputs["stage"])["WebACL"]["Rules"]
    }
    overrides = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert overrides == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]
    assert waf.list_tags_for_resource(ResourceARN=outputs["acl"])["TagInfoForResource"]["TagList"] == [
        {"Key": "user", "Value": "heir"}
    ]
    gone(workshop)


def test_another_firewall_takes_the_place_of_the_first(workshop: Workshop) -> None:
    up(workshop, WAF.format(acl="firewall", args=""))
    up(workshop, WAF.format(acl="wall", args=""))
    waf, outputs = workshop.cloud.client("wafv2"), workshop.operations().outputs()
    assert waf.get_web_acl_for_resource(ResourceArn=outputs["stage"])["WebACL"]["ARN"] == outputs["acl"]
    assert [item["Name"] for item in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]] == ["try-wall"]
    gone(workshop)


def test_what_a_firewall_wrote_has_no_place_here_and_says_so(workshop: Workshop) -> None:
    body = WAF.format(acl="firewall", args="").replace("log_retention_days=None", "log_retention_days=30")
    with pytest.raises(LocalEngineError, match="WebAclLoggingConfiguration"):
        up(workshop, body)


SITE = """
from components.edge import Server, SiteDomain
from components.server_site import ServerSite, ServerSiteArgs
from components.waf import WebAcl, WebAclArgs

acl = WebAcl(names("edge"), WebAclArgs(names=names, acl="edge", scope="CLOUDFRONT", log_retention_days=None))
site = ServerSite(
    names("frontend"),
    ServerSiteArgs(
        names=names,
        site="frontend",
        server=Server(domain="ec2-1.example.com", port=3000, headers={{"X-From-Cdn": "word"}}),
        elsewhere={{"/chat": Server(domain="api.example.com", protocol="https-only", path="/live")}},
        {args}
    ),
)
pulumi.export("site", site.distribution_id)
pulumi.export("acl", acl.arn)
"""
OWN_NAME = "domain=SiteDomain(names=['course.example.com'], certificate_arn={!r}), web_acl_arn=acl.arn"


def test_a_site_of_a_server_with_its_own_name_and_firewall(workshop: Workshop) -> None:
    body = SITE.format(args=OWN_NAME.format(US_EAST_1))
    up(workshop, body)
    outputs = workshop.operations().outputs()
    cloudfront = workshop.cloud.client("cloudfront")
    config = cloudfront.get_distribution_config(Id=outputs["site"])["DistributionConfig"]
    assert config["Aliases"]["Items"] == ["course.example.com"]
    assert config["ViewerCertificate"]["ACMCertificateArn"] == US_EAST_1
    assert config["WebACLId"] == outputs["acl"]
    assert ":us-east-1:" in outputs["acl"]
    origins = {origin["Id"]: origin for origin in config["Origins"]["Items"]}
    assert origins["server"]["CustomOriginConfig"]["HTTPPort"] == 3000
    assert origins["server"]["CustomHeaders"]["Items"] == [{"HeaderName": "X-From-Cdn", "HeaderValue": "word"}]
    assert origins["elsewhere-0"]["OriginPath"] == "/live"
    assert up(workshop, body).writing_calls == {}
    plain = SITE.format(args="")
    assert up(workshop, plain).writing_calls == {"UpdateDistribution": 1}
    config = cloudfront.get_distribution_config(Id=outputs["site"])["DistributionConfig"]
    assert (config["Aliases"]["Quantity"], config["WebACLId"]) == (0, "")
    gone(workshop)


REPOSITORIES = """
from components.repositories import Repositories, RepositoriesArgs

images = Repositories(names("images"), RepositoriesArgs(names=names, images=["chat"], arns=arns, {args}))
pulumi.export("url", images.urls["chat"])
"""


def test_repositories_and_who_may_pull(workshop: Workshop) -> None:
    body = REPOSITORIES.format(args='namespace="org/course", functions=["chat"]')
    up(workshop, body)
    ecr = workshop.cloud.client("ecr")
    assert workshop.operations().outputs()["url"].endswith("/org/course/chat")
    policy = json.loads(ecr.get_repository_policy(repositoryName="org/course/chat")["policyText"])
    assert policy["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert up(workshop, body).writing_calls == {}
    moving = REPOSITORIES.format(args='namespace="org/course", immutable_tags=False')
    outcome = up(workshop, moving)
    assert outcome.writing_calls == {
        "PutImageTagMutability": 1,
        "PutLifecyclePolicy": 1,
        "DeleteRepositoryPolicy": 1,
    }
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    up(workshop, REPOSITORIES.format(args='namespace="org/course", moving_tags=["latest"]'))
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    up(workshop, REPOSITORIES.format(args=""))
    assert [item["repositoryName"] for item in ecr.describe_repositories()["repositories"]] == ["try/chat"]
    gone(workshop)


WATCH = """
from components.alarm_topic import AlarmTopic, AlarmTopicArgs
from components.alarms import AlarmSetArgs, Alarms
from components.observability import Dashboard, DashboardArgs, RetainedLogs, RetainedLogsArgs
from components.watching import WatchedApi, WatchedFunction, WatchedQueue

watched = [
    WatchedFunction(function="chat", function_name="try-chat", alias="live", timeout_seconds={seconds}),
    WatchedApi(api="chat-api", api_name="try-chat-api", stage="live"),
    WatchedQueue(queue="builds", queue_name="q", dead_letter_name="q-failed"),
]
topic = AlarmTopic(names("topic"), AlarmTopicArgs(names=names, arns=arns, emails={emails}))
alarms = Alarms(names("alarms"), AlarmSetArgs(names=names, watched=watched, actions=[topic.arn]))
logs = RetainedLogs(names("logs"), RetainedLogsArgs(names=names, groups={{"extra": "/extra/try"}}))
Dashboard(
    names("dashboard"),
    DashboardArgs(
        names=names,
        region="ap-northeast-1",
        watched=watched,
        alarm_arns=alarms.arns,
        log_groups=list(logs.log_groups.values()),
    ),
)
pulumi.export("topic", topic.arn)
"""


def test_what_watches(workshop: Workshop) -> None:
    body = WATCH.format(seconds=300, emails='["on-call@example.com"]')
    up(workshop, body)
    cloudwatch, sns = workshop.cloud.client("cloudwatch"), workshop.cloud.client("sns")
    topic = workshop.operations().outputs()["topic"]
    alarms = {alarm["AlarmName"]: alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert len(alarms) == 7
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [topic] for alarm in alarms.values())
    assert alarms["try-chat-api-latency"]["ExtendedStatistic"] == "p95"
    assert alarms["try-chat-duration"]["Threshold"] == 270_000
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "on-call@example.com"
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert [statement["Effect"] for statement in policy["Statement"]] == ["Allow", "Deny"]
    shown = json.loads(cloudwatch.get_dashboard(DashboardName="try")["DashboardBody"])["widgets"]
    assert sorted(shown[0]["properties"]["alarms"]) == sorted(alarm["AlarmArn"] for alarm in alarms.values())
    assert up(workshop, body).writing_calls == {}
    changed = WATCH.format(seconds=100, emails='["other@example.com"]')
    outcome = up(workshop, changed)
    assert outcome.writing_calls == {"PutMetricAlarm": 1, "Subscribe": 1, "Unsubscribe": 1}
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["Endpoint"] == "other@example.com"
    gone(workshop)


def test_a_dashboard_follows_what_there_is(workshop: Workshop) -> None:
    body = WATCH.format(seconds=300, emails="[]")
    up(workshop, body)
    less = body.replace('    WatchedApi(api="chat-api", api_name="try-chat-api", stage="live"),\n', "")
    outcome = up(workshop, less)
    assert (outcome.writing_calls["PutDashboard"], outcome.writing_calls["DeleteAlarms"]) == (1, 2)
    shown = json.loads(workshop.cloud.client("cloudwatch").get_dashboard(DashboardName="try")["DashboardBody"])
    assert "AWS/ApiGateway" not in json.dumps(shown)
    # A topic told by its owner to be somebody else's would be told so again.
    sns, topic = workshop.cloud.client("sns"), workshop.operations().outputs()["topic"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue='{"Statement": []}')
    assert up(workshop, less).writing_calls == {"SetTopicAttributes": 1}

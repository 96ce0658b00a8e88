"""System 1 as its team describes it: sizes, paths, checks, alarms."""

from __future__ import annotations

import json

from components.static_site import ALL_METHODS, ALL_VIEWER_EXCEPT_HOST, CACHING_DISABLED

from tests.recorded_program import Program

ANYWHERE = ("0.0.0.0/0", "::/0")
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
MANDATORY = {"project", "system", "environment", "managed_by"}


def test_there_are_three_buckets(program: Program) -> None:
    buckets = {bucket.name for bucket in program.of("aws:s3/bucket:Bucket")}
    assert {name.removeprefix(f"{program.stack}-") for name in buckets} == {"assets", "frontend", "ledger"}


def test_the_site_is_read_by_its_distribution_alone(program: Program) -> None:
    policy = program.one("aws:s3/bucketPolicy:BucketPolicy", "-frontend")
    allowed = [item for item in json.loads(policy.inputs["policy"])["Statement"] if item["Effect"] == "Allow"]
    assert [(item["Principal"], item["Action"]) for item in allowed] == [
        ({"Service": "cloudfront.amazonaws.com"}, ["s3:GetObject"])
    ]
    assert all("AWS:SourceArn" in item["Condition"]["StringEquals"] for item in allowed)


def test_buckets_refuse_plain_http_on_aws(dev: Program) -> None:
    policies = [json.loads(item.inputs["policy"]) for item in dev.of("aws:s3/bucketPolicy:BucketPolicy")]
    assert len(policies) == 3
    for policy in policies:
        denied = [statement for statement in policy["Statement"] if statement["Effect"] == "Deny"]
        assert [statement["Condition"] for statement in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_world_reaches_port_80_of_the_load_balancer_and_nothing_else(program: Program) -> None:
    open_rules = [rule for rule in program.of(INGRESS) if rule.inputs.get("cidrIpv4") in ANYWHERE]
    assert [(rule.inputs["fromPort"], rule.inputs["toPort"]) for rule in open_rules] == [(80, 80)]
    assert open_rules[0].inputs["securityGroupId"] == f"{program.stack}-alb-id"
    assert not [rule for rule in program.of(INGRESS) if rule.inputs.get("cidrIpv6")]


def test_tasks_are_reached_from_the_load_balancer_only(program: Program) -> None:
    service = program.one("aws:ecs/service:Service")
    groups = service.inputs["networkConfiguration"]["securityGroups"]
    assert groups == [f"{program.stack}-backend-tasks-id"]
    rules = [rule.inputs for rule in program.of(INGRESS) if rule.inputs["securityGroupId"] in groups]
    assert len(rules) == 1
    assert rules[0]["referencedSecurityGroupId"] == f"{program.stack}-alb-id"
    assert (rules[0]["fromPort"], rules[0]["toPort"]) == (8000, 8000)
    assert service.inputs["networkConfiguration"]["assignPublicIp"] is False
    private = {
        subnet.name for subnet in program.of("aws:ec2/subnet:Subnet") if subnet.inputs["tags"]["tier"] == "private"
    }
    assert set(service.inputs["networkConfiguration"]["subnets"]) == {f"{name}-id" for name in private}


def test_the_service_stops_bad_releases_by_itself(program: Program) -> None:
    service = program.one("aws:ecs/service:Service").inputs
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["deploymentMinimumHealthyPercent"] == 100
    assert service["desiredCount"] >= 2
    assert service["waitForSteadyState"] is False


def test_the_target_group_asks_for_health(program: Program) -> None:
    target = program.one("aws:lb/targetGroup:TargetGroup").inputs
    assert target["targetType"] == "ip"
    assert target["port"] == 8000
    assert (target["healthCheck"]["path"], target["healthCheck"]["matcher"]) == ("/health", "200")


def test_images_cannot_be_replaced_and_released_ones_are_kept(program: Program) -> None:
    repository = program.one("aws:ecr/repository:Repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"]["scanOnPush"] is True
    rules = json.loads(program.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])["rules"]
    # A released image keeps its tag, so only what has none may ever expire.
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]


def test_sessions_expire_and_are_encrypted(program: Program) -> None:
    table = program.one("aws:dynamodb/table:Table").inputs
    assert table["hashKey"] == "session_id"
    assert table["ttl"] == {"attributeName": "expires_at", "enabled": True}
    assert table["serverSideEncryption"]["enabled"] is True


def test_the_site_is_read_by_its_distribution_and_the_api_is_not_cached(program: Program) -> None:
    distribution = program.one("aws:cloudfront/distribution:Distribution").inputs
    origins = {origin["originId"]: origin for origin in distribution["origins"]}
    assert origins["site"]["originAccessControlId"] == f"{program.stack}-frontend-id"
    assert distribution["defaultCacheBehavior"]["responseHeadersPolicyId"] == f"{program.stack}-frontend-id"
    (api,) = distribution["orderedCacheBehaviors"]
    assert (api["pathPattern"], api["targetOriginId"]) == ("/api/*", "api")
    assert (api["cachePolicyId"], api["originRequestPolicyId"]) == (CACHING_DISABLED, ALL_VIEWER_EXCEPT_HOST)
    assert sorted(api["allowedMethods"]) == sorted(ALL_METHODS)
    expected = "allow-all" if program.stack.endswith("-local") else "redirect-to-https"
    assert {api["viewerProtocolPolicy"], distribution["defaultCacheBehavior"]["viewerProtocolPolicy"]} == {expected}


def test_client_side_routes_never_hide_an_answer_of_the_api(program: Program) -> None:
    distribution = program.one("aws:cloudfront/distribution:Distribution").inputs
    pages = {page["errorCode"] for page in distribution.get("customErrorResponses", [])}
    # The API answers 404 itself; S3 answers 403 for what is missing.
    assert pages <= {403}
    functions = distribution["defaultCacheBehavior"].get("functionAssociations", [])
    assert bool(functions) != bool(pages), "one fallback, not both and not none"
    assert "functionAssociations" not in distribution["orderedCacheBehaviors"][0]


def test_the_headers_forbid_what_a_static_page_does_not_need(program: Program) -> None:
    headers = program.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs["securityHeadersConfig"]
    assert "unsafe-inline" not in headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert headers["frameOptions"]["frameOption"] == "DENY"
    assert headers["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31536000


def test_the_four_alarms_of_the_system(program: Program) -> None:
    alarms = {
        alarm.inputs["metricName"]: alarm.inputs for alarm in program.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert set(alarms) == {"HTTPCode_ELB_5XX_Count", "HealthyHostCount", "CPUUtilization", "MemoryUtilization"}
    healthy = alarms["HealthyHostCount"]
    assert (healthy["comparisonOperator"], healthy["threshold"]) == ("LessThanThreshold", 1)
    # No targets, no data: that is an alarm and not a silence.
    assert healthy["treatMissingData"] == "breaching"
    assert set(healthy["dimensions"]) == {"LoadBalancer", "TargetGroup"}
    for metric in ("CPUUtilization", "MemoryUtilization"):
        alarm = alarms[metric]
        assert (alarm["threshold"], alarm["period"] * alarm["evaluationPeriods"]) == (80, 180)
        assert alarm["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["dimensions"] == {"ClusterName": program.stack, "ServiceName": f"{program.stack}-backend"}

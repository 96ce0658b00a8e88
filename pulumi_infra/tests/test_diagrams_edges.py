"""The edges, one of each kind: what leads from where to where, and what is written on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagrams.model import Box, Edge, Flow, Look, Node, Picture, Place
from diagrams.picture import bundled, picture

from tests.drawn_systems import SYSTEMS, drawing, edge, program

CLUSTER = "box_cluster_private"

# (system, from, to, what flows, what is written): the requirements of the five systems.
EXPECTED = [
    ("qa-chatbot", "distribution_frontend", "bucket_frontend", Flow.REQUEST, ["all other paths"]),
    ("qa-chatbot", "distribution_frontend", "load_balancer_alb", Flow.REQUEST, ["/api/*"]),
    ("qa-chatbot", "load_balancer_alb", "service_backend", Flow.REQUEST, ["/api/*", "/health", "port 8000"]),
    ("qa-chatbot", "service_backend", "outside_bedrock", Flow.USE, ["invokes"]),
    ("qa-chatbot", "service_backend", "table_sessions", Flow.USE, ["reads", "writes"]),
    ("qa-chatbot", "repository_backend", "service_backend", Flow.DELIVER, ["image"]),
    ("qa-chatbot", "role_deploy", "distribution_frontend", Flow.DELIVER, ["invalidates"]),
    ("qa-chatbot", "role_deploy", "repository_backend", Flow.DELIVER, ["pushes"]),
    ("qa-chatbot", "role_deploy", "service_backend", Flow.DELIVER, ["releases"]),
    ("qa-chatbot", "role_deploy", "bucket_ledger", Flow.DELIVER, ["writes"]),
    ("sales-support", "load_balancer_alb", "service_frontend", Flow.REQUEST, ["all other paths", "port 80"]),
    ("sales-support", "service_backend", "cluster_database", Flow.USE, ["secrets", "port 5432"]),
    ("sales-support", "service_backend", "secret_app", Flow.USE, ["secrets"]),
    ("course-chatbot", "rest_api_chat_api", "function_chat", Flow.REQUEST, ["POST /chat"]),
    ("course-chatbot", "function_chat", "outside_ssm", Flow.USE, ["reads"]),
    ("course-chatbot", "web_acl_firewall", "rest_api_chat_api", Flow.GUARD, []),
    ("course-chatbot", "role_deploy", "function_chat", Flow.DELIVER, ["releases"]),
    ("agent-platform", CLUSTER, "file_system_files", Flow.USE, ["/mnt/efs", "mounts", "port 2049"]),
    ("agent-platform", "service_agent_builds", "queue_agent_builds", Flow.USE, ["sends", "receives"]),
    # Only the name of Cloud Map in the environment says so.
    ("agent-platform", "service_status_updates", "service_redis", Flow.REQUEST, ["port 6379"]),
    ("agent-platform", "service_redis", "private_dns_namespace_namespace", Flow.USE, ["registers"]),
    ("agent-platform", "plan_backups", "table_agents", Flow.WATCH, ["copies"]),
    ("agent-platform", "role_deploy", CLUSTER, Flow.DELIVER, ["releases"]),
    ("rag-chatbot", "service_chat", "bucket_source", Flow.USE, ["reads", "writes"]),
]


@pytest.mark.parametrize(
    ("system", "source", "target", "flow", "labels"),
    [pytest.param(*item, id=f"{item[0]}-{item[1]}-{item[2]}") for item in EXPECTED],
)
def test_an_edge_of_a_system(system: str, source: str, target: str, flow: Flow, labels: list[str]) -> None:
    found = edge(drawing(system).picture, source, target)
    assert (found.flow, sorted(found.labels)) == (flow, sorted(labels))


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_edge_joins_what_is_in_the_picture(system: str) -> None:
    shown = drawing(system).picture
    known = {node.id for node in shown.nodes} | {box.id for box in shown.boxes}
    assert {end for item in shown.edges for end in (item.source, item.target)} <= known
    assert len(known) == len(shown.nodes) + len(shown.boxes)


@pytest.mark.parametrize("system", SYSTEMS)
def test_people_reach_nothing_but_what_faces_them(system: str) -> None:
    shown = drawing(system).picture
    reached = {shown.node(item.target).word for item in shown.edges if item.source == "people"}
    assert reached
    assert reached <= {"CloudFront", "DNS name", "API Gateway", "Application Load Balancer"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_four_kinds_of_roles_are_in_the_picture(system: str) -> None:
    shown = drawing(system).picture
    people = {node.title: node.word for node in shown.at(Place.PEOPLE)}
    assert people["deploy"] == "IAM role for GitHub Actions"
    assert people["infra-admin"] == people["observer"] == "IAM role for people"
    assert any("environment:prod" in fact for fact in shown.node("role_deploy").facts)
    services = [node for node in shown.nodes if node.id.startswith("service_")]
    assert services
    assert all("task + execution role" in node.facts for node in services)
    # What people may do by hand is no way that anything goes.
    assert not [item for item in shown.edges if item.source in ("role_infra_admin", "role_observer")]


NETWORK = """
vpc = aws.ec2.Vpc("try-prod-vpc", cidr_block="10.1.0.0/16")
gateway = aws.ec2.InternetGateway("try-prod-internet", vpc_id=vpc.id)
table = aws.ec2.RouteTable("try-prod-public", vpc_id=vpc.id)
aws.ec2.Route("try-prod-out", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
public = aws.ec2.Subnet("try-prod-a", vpc_id=vpc.id, cidr_block="10.1.0.0/24", availability_zone="x")
private = aws.ec2.Subnet("try-prod-b", vpc_id=vpc.id, cidr_block="10.1.1.0/24", availability_zone="x")
aws.ec2.RouteTableAssociation("try-prod-a", subnet_id=public.id, route_table_id=table.id)
front = aws.ec2.SecurityGroup("try-prod-front", vpc_id=vpc.id)
back = aws.ec2.SecurityGroup("try-prod-back", vpc_id=vpc.id)
aws.vpc.SecurityGroupIngressRule(
    "world", security_group_id=front.id, ip_protocol="tcp", from_port=443, to_port=443, cidr_ipv4="198.51.100.0/24")
aws.vpc.SecurityGroupIngressRule(
    "inner", security_group_id=back.id, ip_protocol="tcp", from_port=5432, to_port=5432,
    referenced_security_group_id=front.id)
balancer = aws.lb.LoadBalancer("try-prod-alb", subnets=[public.id], security_groups=[front.id])
subnets = aws.rds.SubnetGroup("try-prod-database", subnet_ids=[private.id])
database = aws.rds.Cluster(
    "try-prod-database", engine="aurora-postgresql", engine_version="17", backup_retention_period=7,
    db_subnet_group_name=subnets.name, vpc_security_group_ids=[back.id])
"""


def test_a_port_of_a_security_group_is_an_edge_where_nothing_else_leads(tmp_path: Path) -> None:
    shown = picture(program(tmp_path, NETWORK))
    assert edge(shown, "load_balancer_alb", "cluster_database").labels == ("port 5432",)
    assert (shown.network, shown.node("load_balancer_alb").place) == ("VPC 10.1.0.0/16, 1 zone", Place.PUBLIC)
    assert shown.node("load_balancer_alb").facts == ("from 198.51.100.0/24: 443",)
    # No name and no CDN stands before it.
    assert edge(shown, "people", "load_balancer_alb").flow is Flow.REQUEST


def test_a_group_that_several_carry_opens_no_edges_to_what_is_reached_anyway(tmp_path: Path) -> None:
    more = """
second = aws.lb.LoadBalancer("try-prod-two", subnets=[public.id], security_groups=[front.id])
topic = aws.cloudwatch.MetricAlarm("try-prod-x", comparison_operator="x", evaluation_periods=1,
    alarm_actions=[database.arn])
"""
    shown = picture(program(tmp_path, NETWORK + more))
    assert [item.source for item in shown.edges if item.target == "cluster_database"] == ["metric_alarm"]


def test_names_and_certificates_come_before_what_they_are_of(tmp_path: Path) -> None:
    source = """
        certificate = aws.acm.Certificate("try-prod-c", domain_name="a.example.com", validation_method="DNS")
        proof = certificate.domain_validation_options.apply(lambda known: known[0].resource_record_value)
        aws.route53.Record("try-prod-proof", zone_id="Z", name=proof, type="CNAME", records=[proof], ttl=60)
        acl = aws.wafv2.WebAcl("try-prod-acl", scope="CLOUDFRONT", rules=[], default_action={"allow": {}},
            visibility_config={
                "cloudwatch_metrics_enabled": True, "metric_name": "x", "sampled_requests_enabled": True})
        bucket = aws.s3.Bucket("try-prod-site")
        site = aws.cloudfront.Distribution(
            "try-prod-site", enabled=True, web_acl_id=acl.arn, restrictions={},
            origins=[{"origin_id": "s", "domain_name": bucket.bucket_regional_domain_name}],
            default_cache_behavior={"target_origin_id": "s", "viewer_protocol_policy": "https-only",
                "allowed_methods": [], "cached_methods": []},
            viewer_certificate={"acm_certificate_arn": certificate.arn})
        aws.route53.Record("try-prod-name", zone_id="Z", name="a.example.com", type="A", aliases=[
            {"name": site.domain_name, "zone_id": "Z2", "evaluate_target_health": False}])
    """
    shown = picture(program(tmp_path, source))
    assert {(item.source, item.target, item.flow, item.labels) for item in shown.edges} == {
        ("people", "record_name", Flow.REQUEST, ()),
        ("record_name", "distribution_site", Flow.REQUEST, ()),
        ("certificate_c", "distribution_site", Flow.GUARD, ("TLS",)),
        ("web_acl_acl", "distribution_site", Flow.GUARD, ()),
        ("distribution_site", "bucket_site", Flow.REQUEST, ("all paths",)),
    }


def test_functions_and_alarms_say_whom_they_hear_and_tell(tmp_path: Path) -> None:
    source = """
        queue = aws.sqs.Queue("try-prod-failed")
        role = aws.iam.Role("try-prod-f", assume_role_policy=json.dumps({"Statement": []}))
        function = aws.lambda_.Function("try-prod-f", role=role.arn, memory_size=128, timeout=3,
            environment={"variables": {"QUEUE": queue.url}})
        aws.lambda_.FunctionEventInvokeConfig("try-prod-f", function_name=function.name,
            destination_config={"on_failure": {"destination": queue.arn}})
        jobs = aws.sqs.Queue("try-prod-jobs")
        aws.lambda_.EventSourceMapping("try-prod-f", event_source_arn=jobs.arn, function_name=function.name)
        topic = aws.sns.Topic("try-prod-alarms")
        aws.cloudwatch.MetricAlarm("try-prod-x", comparison_operator="x", evaluation_periods=1,
            namespace="AWS/Lambda", alarm_actions=[topic.arn])
    """
    shown = picture(program(tmp_path, source))
    assert edge(shown, "function_f", "queue_failed").labels == ("what failed",)
    assert edge(shown, "queue_jobs", "function_f").labels == ("events",)
    assert edge(shown, "metric_alarm", "topic_alarms").labels == ("tell",)
    # Outside of a network: with the services that AWS runs.
    assert shown.node("function_f").place is Place.DATA


def test_a_denied_action_is_no_edge(tmp_path: Path) -> None:
    source = """
        table = aws.dynamodb.Table("try-prod-t", hash_key="id")
        role = aws.iam.Role("try-prod-f", assume_role_policy=json.dumps({"Statement": []}))
        aws.lambda_.Function("try-prod-f", role=role.arn, memory_size=128, timeout=3)
        aws.iam.RolePolicy("try-prod-f", role=role.name, policy=pulumi.Output.json_dumps({"Statement": [
            {"Effect": "Deny", "Action": ["dynamodb:PutItem"], "Resource": table.arn},
            {"Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": table.arn}]}))
    """
    assert picture(program(tmp_path, source)).edges == ()


BOX = Box(id="box", place=Place.PRIVATE, title="cluster")
NODES = [
    *(
        Node(id=f"s{number}", place=Place.PRIVATE, look=Look.COMPUTE, word="", title="", box="box")
        for number in range(3)
    ),
    Node(id="store", place=Place.DATA, look=Look.STORE, word="", title=""),
]


def edges_of(numbers: list[int], flow: Flow) -> list[Edge]:
    return [Edge(source=f"s{number}", target="store", flow=flow, labels=("reads",)) for number in numbers]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param(edges_of([0, 1, 2], Flow.USE), ["box"], id="all"),
        pytest.param(edges_of([0, 1], Flow.USE), ["s0", "s1"], id="not-all"),
        pytest.param(edges_of([0, 1, 2], Flow.REQUEST), ["s0", "s1", "s2"], id="requests"),
    ],
)
def test_what_all_services_of_a_cluster_have_is_one_edge(edges: list[Edge], expected: list[str]) -> None:
    found = bundled(edges, NODES, [BOX], ["s0", "s1", "s2"])
    assert [item.source for item in found] == expected
    assert all(item.labels == ("reads",) for item in found)


def test_a_picture_finds_what_it_has() -> None:
    shown = drawing(SYSTEMS[0]).picture
    assert isinstance(shown, Picture)
    assert [node for place in shown.places() for node in shown.at(place)] == list(shown.nodes)

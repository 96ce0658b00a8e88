"""The load balancer: who may come, over what, and what is answered where nobody serves."""

from __future__ import annotations

import typing as t

import pytest
from components.load_balancer import AccessLogs, LoadBalancer, LoadBalancerArgs, access_log_statement

from tests.containers import EGRESS, doors
from tests.parts import NAMES, record
from tests.recorded_program import ACCOUNT, REGION, Program

LISTENER = "aws:lb/listener:Listener"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
GROUP_ID = "shop-test-alb-id"
CERTIFICATE = "arn:aws:acm:ap-northeast-1:123456789012:certificate/1"


def args(**changes: t.Any) -> LoadBalancerArgs:
    return LoadBalancerArgs(**{"names": NAMES, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], **changes})


def balancer(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = LoadBalancer("balancer", args(**changes))
        return {"listener": made.listener_arn, "zone": made.zone_id, "dns": made.dns_name}

    return record(build)


def listeners(program: Program) -> dict[int, dict[str, t.Any]]:
    return {int(item.inputs["port"]): item.inputs for item in program.of(LISTENER)}


def test_plain_http_answers_404_where_nobody_serves() -> None:
    program = balancer()
    (listener,) = program.of(LISTENER)
    (action,) = listener.inputs["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")
    assert program.outputs["listener"].endswith(":shop-test-http")
    assert doors(program) == {(GROUP_ID, 80, 80, "0.0.0.0/0")}
    assert program.of(EGRESS) == []
    inputs = program.one(BALANCER).inputs
    assert inputs["dropInvalidHeaderFields"] is True
    assert inputs["enableDeletionProtection"] is False
    assert "accessLogs" not in inputs


def test_with_a_certificate_everything_goes_to_https() -> None:
    program = balancer(certificate_arn=CERTIFICATE)
    found = listeners(program)
    (redirect,) = found[80]["defaultActions"]
    assert (redirect["type"], redirect["redirect"]) == (
        "redirect",
        {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
    )
    assert (found[443]["protocol"], found[443]["certificateArn"]) == ("HTTPS", CERTIFICATE)
    assert found[443]["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert found[443]["defaultActions"][0]["type"] == "fixed-response"
    # Services hang their rules where requests are answered, and not where they are only sent on.
    assert program.outputs["listener"].endswith(":shop-test-https")
    assert doors(program) == {(GROUP_ID, 80, 80, "0.0.0.0/0"), (GROUP_ID, 443, 443, "0.0.0.0/0")}


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_target_group_can_take_the_rest(tls: bool) -> None:
    program = balancer(certificate_arn=CERTIFICATE if tls else None, default_target_group_arn="arn:target")
    (action,) = listeners(program)[443 if tls else 80]["defaultActions"]
    assert action == {"type": "forward", "targetGroupArn": "arn:target"}


def test_only_the_given_addresses_may_come() -> None:
    program = balancer(allowed_cidrs=["203.0.113.7/32", "198.51.100.4/32"], certificate_arn=CERTIFICATE)
    assert doors(program) == {
        (GROUP_ID, port, port, cidr) for port in (80, 443) for cidr in ("203.0.113.7/32", "198.51.100.4/32")
    }


@pytest.mark.parametrize(("certificate", "port"), [(None, 80), (CERTIFICATE, 443)], ids=["http", "https"])
def test_a_prefix_list_comes_in_at_the_port_that_answers(certificate: str | None, port: int) -> None:
    program = balancer(allowed_cidrs=[], allowed_prefix_list_ids=["pl-1"], certificate_arn=certificate)
    assert doors(program) == {(GROUP_ID, port, port, "pl-1")}


def test_what_prod_sets() -> None:
    logs = AccessLogs(bucket="logs", prefix="shop")
    program = balancer(deletion_protection=True, idle_timeout_seconds=300, access_logs=logs)
    inputs = program.one(BALANCER).inputs
    assert inputs["enableDeletionProtection"] is True
    assert inputs["idleTimeout"] == 300
    assert inputs["accessLogs"] == {"bucket": "logs", "prefix": "shop", "enabled": True}


def test_the_log_is_written_by_the_load_balancers_of_this_account_into_its_folder() -> None:
    def build() -> dict[str, t.Any]:
        statement = access_log_statement("arn:aws:s3:::logs", account=ACCOUNT, region=REGION, logs_prefix="shop")
        return {"rendered": statement.render()}

    program = record(build)
    assert program.outputs["rendered"] == {
        "Sid": "LoadBalancersWriteTheirLog",
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Resource": [f"arn:aws:s3:::logs/shop/AWSLogs/{ACCOUNT}/*"],
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/*"}},
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"allowed_cidrs": []}, "Nobody may reach the load balancer", id="nobody"),
        pytest.param({"allowed_cidrs": ["203.0.113.7"] * 2}, "names a range twice", id="twice"),
        pytest.param({"allowed_cidrs": ["203.0.113.7/24"]}, "is not a range of IPv4 addresses", id="host-bits"),
        pytest.param({"allowed_cidrs": ["0.0.0.0/0", "10.0.0.0/8"]}, "admits everybody", id="more-than-everybody"),
        pytest.param({"idle_timeout_seconds": 0}, "waits 1 to 4000 seconds", id="no-wait"),
    ],
)
def test_a_load_balancer_that_cannot_work_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        args(**changes)


@pytest.mark.parametrize("prefix", ["/shop", "shop/", "AWSLogs"])
def test_a_prefix_that_s3_would_not_take_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="cannot be the prefix of access logs"):
        AccessLogs(bucket="logs", prefix=prefix)

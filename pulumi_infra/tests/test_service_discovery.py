"""Names inside the VPC: which there are, and what is refused."""

from __future__ import annotations

import typing as t

import pytest
from components.service_discovery import ServiceDiscovery, ServiceDiscoveryArgs

from tests.parts import NAMES, record
from tests.recorded_program import Program
from tests.tags import untagged

NAMESPACE = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
SERVICE = "aws:servicediscovery/service:Service"
GIVEN: dict[str, t.Any] = {"names": NAMES, "vpc_id": "vpc-1", "services": {"redis": 6379, "api": 8000}}


def names(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        made = ServiceDiscovery("names", ServiceDiscoveryArgs(**{**GIVEN, **changes}))
        return {"endpoints": made.endpoints, "hosts": made.hosts, "arns": made.service_arns}

    return record(build)


def test_services_are_found_by_name_and_port() -> None:
    program = names(namespace="agents.local")
    assert program.outputs["endpoints"] == {"redis": "redis.agents.local:6379", "api": "api.agents.local:8000"}
    assert program.outputs["hosts"]["redis"] == "redis.agents.local"
    assert set(program.outputs["arns"]) == {"redis", "api"}
    namespace = program.one(NAMESPACE).inputs
    assert (namespace["name"], namespace["vpc"]) == ("agents.local", "vpc-1")
    assert untagged(program) == []


def test_without_a_namespace_the_stack_gives_its_name() -> None:
    assert names().outputs["endpoints"]["redis"] == "redis.shop-test.local:6379"


def test_a_name_leads_to_every_task_that_is_well() -> None:
    program = names(force_destroy=True, ttl=5)
    redis = program.one(SERVICE, "redis-name").inputs
    assert redis["name"] == "redis"
    assert redis["dnsConfig"] == {
        "namespaceId": "shop-test-namespace-id",
        "dnsRecords": [{"type": "A", "ttl": 5}],
        "routingPolicy": "MULTIVALUE",
    }
    assert redis["healthCheckCustomConfig"] == {"failureThreshold": 1}
    assert redis["forceDestroy"] is True
    assert names().one(SERVICE, "api-name").inputs["forceDestroy"] is False


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"services": {}}, "no service to find"),
        ({"services": {"my_redis": 6379}}, "'my_redis' is no name for DNS"),
        ({"services": {"redis": 0}}, "redis listens on 0"),
        ({"services": {"redis": 65536}}, "redis listens on 65536"),
        ({"namespace": "local"}, "'local' is no name for a namespace"),
        ({"namespace": "Shop.local"}, "'Shop.local' is no name for a namespace"),
        ({"ttl": 86400}, "ttl is 86400"),
    ],
)
def test_what_nobody_could_look_up_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ServiceDiscoveryArgs(**{**GIVEN, **changes})

"""Names on the local cloud: made, left alone, changed, made anew, gone."""

from __future__ import annotations

import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.service_discovery import ServiceDiscovery, ServiceDiscoveryArgs

made = ServiceDiscovery("names", ServiceDiscoveryArgs(
    names=names, vpc_id=vpc.id, services={{"redis": 6379, "api": 8000}}, {args}
))
pulumi.export("arns", made.service_arns)
pulumi.export("namespace", made.namespace_id)
pulumi.export("endpoints", made.endpoints)
"""


def program(args: str = 'namespace="agents.local"', **more: t.Any) -> str:
    return source(BODY.format(args=args), network=True, **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def services(workshop: Workshop) -> dict[str, dict[str, t.Any]]:
    client = workshop.cloud.client("servicediscovery")
    return {
        name: client.get_service(Id=arn.rpartition("/")[2])["Service"]
        for name, arn in workshop.operations().outputs()["arns"].items()
    }


def test_names_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 11}
    outputs = workshop.operations().outputs()
    assert outputs["endpoints"] == {"redis": "redis.agents.local:6379", "api": "api.agents.local:8000"}
    client = workshop.cloud.client("servicediscovery")
    namespace = client.get_namespace(Id=outputs["namespace"])["Namespace"]
    assert (namespace["Name"], namespace["Type"]) == ("agents.local", "DNS_PRIVATE")
    redis = services(workshop)["redis"]
    assert redis["Name"] == "redis"
    assert redis["NamespaceId"] == outputs["namespace"]
    assert redis["DnsConfig"] == {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}]}
    assert redis["HealthCheckCustomConfig"] == {"FailureThreshold": 1}
    assert client.list_tags_for_resource(ResourceARN=redis["Arn"])["Tags"] == [{"Key": "user", "Value": "owner"}]
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_tags_and_descriptions_change_in_place(workshop: Workshop) -> None:
    text = """
namespace = aws.servicediscovery.PrivateDnsNamespace("n", name="x.local", vpc=vpc.id, description="{words}")
name = aws.servicediscovery.Service(
    "s", name="redis", description="{words}", dns_config={{
        "namespace_id": namespace.id, "dns_records": [{{"type": "A", "ttl": 10}}], "routing_policy": "MULTIVALUE"
    }}
)
pulumi.export("arns", {{"redis": name.arn}})
pulumi.export("namespace", namespace.id)
"""
    up(workshop, source(text.format(words="old"), network=True))
    before = workshop.operations().outputs()
    outcome = up(workshop, source(text.format(words="new"), network=True, tags={"heir": "me"}))
    assert "replace" not in steps(outcome)
    assert workshop.operations().outputs() == before
    client = workshop.cloud.client("servicediscovery")
    namespace = client.get_namespace(Id=before["namespace"])["Namespace"]
    redis = services(workshop)["redis"]
    assert (namespace["Description"], redis["Description"]) == ("new", "new")
    assert redis["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 10}]
    for arn in (namespace["Arn"], redis["Arn"]):
        assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "heir", "Value": "me"}]


def test_another_namespace_takes_its_services_along(workshop: Workshop) -> None:
    up(workshop, program())
    before = workshop.operations().outputs()
    up(workshop, program('namespace="others.local"'))
    after = workshop.operations().outputs()
    assert after["namespace"] != before["namespace"]
    assert {service["NamespaceId"] for service in services(workshop).values()} == {after["namespace"]}
    found = contents(workshop.cloud)
    assert (found["namespaces"], len(found["names"]), len(found["zones"])) == ({after["namespace"]}, 2, 1)
    assert up(workshop, program('namespace="others.local"')).writing_calls == {}


def test_the_same_namespace_in_another_network_takes_its_services_along(workshop: Workshop) -> None:
    elsewhere = '\nvpc = aws.ec2.Vpc("elsewhere", cidr_block="10.1.0.0/16")\n'
    up(workshop, program())
    before = workshop.operations().outputs()
    up(workshop, source(elsewhere + BODY.format(args='namespace="agents.local"'), network=True))
    after = workshop.operations().outputs()
    assert after["namespace"] != before["namespace"]
    assert {service["NamespaceId"] for service in services(workshop).values()} == {after["namespace"]}


def test_another_time_to_live_is_a_new_service(workshop: Workshop) -> None:
    up(workshop, program())
    assert steps(up(workshop, program('namespace="agents.local", ttl=60')))["replace"] == 2
    assert services(workshop)["redis"]["DnsConfig"]["DnsRecords"] == [{"Type": "A", "TTL": 60}]
    assert len(contents(workshop.cloud)["names"]) == 2


def test_what_is_still_registered_goes_only_where_that_is_said(workshop: Workshop) -> None:
    up(workshop, program('namespace="agents.local", force_destroy=True'))
    client, redis = workshop.cloud.client("servicediscovery"), services(workshop)["redis"]
    client.register_instance(ServiceId=redis["Id"], InstanceId="task", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.5"})
    outcome = workshop.operations().destroy()
    assert outcome.writing_calls["DeregisterInstance"] == 1
    assert contents(workshop.cloud) == {}


def test_a_second_namespace_of_one_name_is_refused(workshop: Workshop) -> None:
    up(workshop, program())
    with pytest.raises(
        LocalEngineError, match="Could not create .*PrivateDnsNamespace twin: CreatePrivateDnsNamespace"
    ):
        up(workshop, program() + 'aws.servicediscovery.PrivateDnsNamespace("twin", name="agents.local", vpc=vpc.id)\n')

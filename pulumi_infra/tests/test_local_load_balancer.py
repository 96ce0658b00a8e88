"""Load balancers, certificates and names on a local cloud: made, changed, replaced and removed."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.request

import pytest
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.handlers import handler_for
from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.recorded_program import REGION

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
from components.certificate import Certificate, CertificateArgs
from components.dns import Alias, AliasArgs, AliasTarget, Zone, ZoneArgs
from components.load_balancer import AccessLogs, LoadBalancer, LoadBalancerArgs
from components.names import Names
from tagging import tag_everything

tag_everything({"user": "owner"})
wanted = json.loads(pulumi.Config("try").get("wanted") or "{}")
names = Names("shop")
zone = Zone("zone", ZoneArgs(names=names, domain="example.com", create=True, force_destroy=wanted.get("force", False)))
certificate = None
if wanted.get("tls"):
    certificate = Certificate("certificate", CertificateArgs(
        names=names,
        domain="example.com",
        alternatives=["*.example.com", *wanted.get("more", [])],
        zone_id=zone.id,
        region=wanted.get("region"),
    ))
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [aws.ec2.Subnet(f"s{n}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24") for n in (1, 2)]
balancer = LoadBalancer("balancer", LoadBalancerArgs(
    names=names,
    vpc_id=vpc.id,
    subnet_ids=[subnet.id for subnet in subnets],
    allowed_cidrs=wanted.get("cidrs", ["203.0.113.7/32"]),
    certificate_arn=certificate.arn if certificate else None,
    access_logs=AccessLogs(bucket="logs", prefix="shop") if wanted.get("logs") else None,
    idle_timeout_seconds=wanted.get("idle", 60),
))
alias = Alias("alias", AliasArgs(
    names=names,
    zone_id=zone.id,
    domain=wanted.get("domain", "shop.example.com"),
    target=AliasTarget.load_balancer(balancer.dns_name, balancer.zone_id),
))
pulumi.export("balancer", balancer.arn)
pulumi.export("listener", balancer.listener_arn)
pulumi.export("group", balancer.security_group_id)
pulumi.export("zone", zone.id)
pulumi.export("dns", balancer.dns_name)
pulumi.export("servers", zone.name_servers)
if certificate:
    pulumi.export("certificate", certificate.arn)
"""


def up(workshop: Workshop, **wanted: t.Any) -> t.Any:
    workshop.write_program(PROGRAM, config=f"  try:wanted: '{json.dumps(wanted)}'\n")
    return workshop.operations().up()


def records(workshop: Workshop) -> dict[tuple[str, str], dict[str, t.Any]]:
    zone = workshop.operations().outputs()["zone"]
    found = workshop.cloud.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(item["Name"], item["Type"]): item for item in found if item["Type"] not in ("NS", "SOA")}


def attributes(workshop: Workshop) -> dict[str, str]:
    arn = workshop.operations().outputs()["balancer"]
    found = workshop.cloud.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    return {item["Key"]: item["Value"] for item in found}


def listeners(workshop: Workshop) -> dict[int, dict[str, t.Any]]:
    arn = workshop.operations().outputs()["balancer"]
    found = workshop.cloud.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return {item["Port"]: item for item in found}


def test_from_http_to_https_and_back(workshop: Workshop) -> None:
    assert contents(workshop.cloud) == {}
    up(workshop)
    outputs = workshop.operations().outputs()
    assert outputs["servers"]
    assert set(listeners(workshop)) == {80}
    alias = records(workshop)["shop.example.com.", "A"]["AliasTarget"]
    assert alias["DNSName"].rstrip(".") == outputs["dns"]
    assert up(workshop).writing_calls == {}
    with pytest.raises(urllib.error.HTTPError) as nothing:
        urllib.request.urlopen(f"{workshop.endpoint}/_alb/{outputs['balancer'].split('/')[2]}/", timeout=10)
    assert (nothing.value.code, nothing.value.read()) == (404, b"Nothing is served here.")

    tls = up(workshop, tls=True)
    assert (tls[Step.REPLACE], tls[Step.DELETE]) == (0, 0)
    found, certificate = listeners(workshop), workshop.operations().outputs()["certificate"]
    (redirect,) = found[80]["DefaultActions"]
    assert (redirect["Type"], redirect["RedirectConfig"]["Protocol"]) == ("redirect", "HTTPS")
    assert redirect["RedirectConfig"]["StatusCode"] == "HTTP_301"
    assert found[443]["Certificates"][0]["CertificateArn"] == certificate
    assert found[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert workshop.operations().outputs()["listener"] == found[443]["ListenerArn"]
    # Not the certificate that is asked for, but the one that is issued.
    resources = json.loads(workshop.checkpoint().read_text(encoding="utf-8"))["checkpoint"]["latest"]["resources"]
    (listener,) = [item for item in resources if item["urn"].endswith("::shop-https")]
    (awaited,) = listener["propertyDependencies"]["certificateArn"]
    assert awaited.split("::")[2].endswith("$aws:acm/certificateValidation:CertificateValidation")
    described = workshop.cloud.client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]
    assert described["SubjectAlternativeNames"] == ["example.com", "*.example.com"]
    (proof,) = [item for (name, kind), item in records(workshop).items() if kind == "CNAME"]
    wanted = described["DomainValidationOptions"][0]["ResourceRecord"]
    assert (proof["Name"], proof["ResourceRecords"]) == (wanted["Name"], [{"Value": wanted["Value"]}])
    assert up(workshop, tls=True).writing_calls == {}

    # Another name in it is another certificate; the listener has it before the old one goes.
    more = up(workshop, tls=True, more=["api.example.com"])
    assert more[Step.REPLACE] == 2
    newer = workshop.operations().outputs()["certificate"]
    assert newer != certificate
    assert listeners(workshop)[443]["Certificates"][0]["CertificateArn"] == newer
    assert contents(workshop.cloud)["certificates"] == {newer}
    assert {name for name, kind in records(workshop) if kind == "CNAME"} == {
        "_acme-challenge.example.com.",
        "_acme-challenge.api.example.com.",
    }

    back = up(workshop)
    assert back[Step.DELETE] > 0
    assert set(listeners(workshop)) == {80}
    assert listeners(workshop)[80]["DefaultActions"][0]["Type"] == "fixed-response"
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_who_may_come_and_what_is_written_down(workshop: Workshop) -> None:
    up(workshop, logs=True, idle=300)
    assert attributes(workshop)["idle_timeout.timeout_seconds"] == "300"
    assert attributes(workshop)["access_logs.s3.enabled"] == "true"
    assert (attributes(workshop)["access_logs.s3.bucket"], attributes(workshop)["access_logs.s3.prefix"]) == (
        "logs",
        "shop",
    )
    assert up(workshop, logs=True, idle=300).writing_calls == {}
    less = up(workshop, cidrs=["198.51.100.4/32"])
    assert less.writing_calls["ModifyLoadBalancerAttributes"] == 1
    assert attributes(workshop)["access_logs.s3.enabled"] == "false"
    group = workshop.operations().outputs()["group"]
    (found,) = workshop.cloud.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [item["CidrIp"] for door in found["IpPermissions"] for item in door["IpRanges"]] == ["198.51.100.4/32"]
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_another_name_is_another_record(workshop: Workshop) -> None:
    up(workshop)
    outcome = up(workshop, domain="store.example.com")
    # The name is part of what the record is called here: the old one goes, the new one comes.
    assert (outcome[Step.CREATE], outcome[Step.DELETE]) == (1, 1)
    assert set(records(workshop)) == {("store.example.com.", "A")}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_a_certificate_for_cloudfront_is_in_its_region(workshop: Workshop) -> None:
    up(workshop, tls=True, region="us-east-1")
    arn = workshop.operations().outputs()["certificate"]
    assert arn.startswith("arn:aws:acm:us-east-1:")
    assert workshop.cloud.client("acm").list_certificates()["CertificateSummaryList"] == []
    workshop.operations().destroy()
    assert contents(Cloud(workshop.endpoint, "us-east-1")) == {}


def test_a_zone_with_records_of_others_goes_only_by_force(workshop: Workshop) -> None:
    up(workshop)
    zone = workshop.operations().outputs()["zone"]
    record = {"Name": "mail.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.9"}]}
    workshop.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    with pytest.raises(LocalEngineError, match="HostedZoneNotEmpty"):
        workshop.operations().destroy()
    up(workshop, force=True)
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


FOUND = """
import pulumi
from components.dns import Zone, ZoneArgs
from components.names import Names
zone = Zone("zone", ZoneArgs(names=Names("shop"), domain="example.com"))
pulumi.export("zone", zone.id)
"""


def test_a_zone_that_exists_is_found_and_stays(workshop: Workshop) -> None:
    workshop.write_program(FOUND)
    with pytest.raises(LocalEngineError, match="There are 0 public zones of example.com"):
        workshop.operations().up()
    route53 = workshop.cloud.client("route53")
    made = [route53.create_hosted_zone(Name=name, CallerReference=name) for name in ("example.com", "a.example.com")]
    workshop.operations().up()
    assert f"/hostedzone/{workshop.operations().outputs()['zone']}" == made[0]["HostedZone"]["Id"]
    workshop.operations().destroy()
    assert len(contents(workshop.cloud)["zones"]) == 2


RECORD = """
import json
import pulumi
import pulumi_aws as aws
zone = aws.route53.Zone("zone", name="example.com", force_destroy=True)
aws.route53.Record("r", zone_id=zone.zone_id, **json.loads(pulumi.Config("try").require("record")))
pulumi.export("zone", zone.zone_id)
"""


def write_record(workshop: Workshop, **record: t.Any) -> t.Any:
    workshop.write_program(RECORD, config=f"  try:record: '{json.dumps(record)}'\n")
    return workshop.operations().up()


def test_a_record_changes_where_it_stands_and_its_name_may_be_short(workshop: Workshop) -> None:
    write_record(workshop, name="www", type="A", ttl=60, records=["203.0.113.1"])
    outcome = write_record(workshop, name="www", type="A", ttl=60, records=["203.0.113.2"])
    assert outcome.writing_calls == {"ChangeResourceRecordSets": 1}
    assert records(workshop)["www.example.com.", "A"]["ResourceRecords"] == [{"Value": "203.0.113.2"}]
    outcome = write_record(workshop, name="www", type="TXT", ttl=60, records=['"text"'])
    assert outcome[Step.REPLACE] == 1
    assert set(records(workshop)) == {("www.example.com.", "TXT")}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_what_somebody_else_wrote_into_the_zone_is_not_lost(workshop: Workshop) -> None:
    write_record(workshop, name="www", type="A", ttl=60, records=["203.0.113.1"])
    zone = workshop.operations().outputs()["zone"]
    handler = handler_for("aws:route53/record:Record", Cloud(workshop.endpoint, REGION))
    mine = {"zoneId": zone, "name": "www.example.com", "type": "A", "ttl": 60, "records": ["203.0.113.2"]}
    with pytest.raises(Exception, match="already exists"):
        handler.create(mine)
    with pytest.raises(LocalEngineError, match="has records or aliases, one of the two"):
        handler.create({**mine, "records": []})


def test_a_certificate_is_not_used_before_it_is_proven(workshop: Workshop) -> None:
    cloud = Cloud(workshop.endpoint, REGION)
    inputs = {"domainName": "example.com", "subjectAlternativeNames": ["example.org"], "validationMethod": "DNS"}
    certificate = handler_for("aws:acm/certificate:Certificate", cloud)
    arn = certificate.create(inputs)
    validation = handler_for("aws:acm/certificateValidation:CertificateValidation", cloud)
    with pytest.raises(LocalEngineError, match="also needs the records _acme-challenge.example.org"):
        validation.create({"certificateArn": arn, "validationRecordFqdns": ["_acme-challenge.example.com"]})
    with pytest.raises(LocalEngineError, match="proves domains by DNS only"):
        certificate.create({**inputs, "validationMethod": "EMAIL"})
    certificate.delete(arn, inputs)
    assert validation.read("x", {"certificateArn": arn}) is None

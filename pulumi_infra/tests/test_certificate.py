"""Certificates and names: how a domain is proven, and what a name stands for."""

from __future__ import annotations

import typing as t

import pytest
from components.certificate import CLOUDFRONT_REGION, Certificate, CertificateArgs
from components.dns import CLOUDFRONT_ZONE, Alias, AliasArgs, AliasTarget, Zone, ZoneArgs

from tests.parts import NAMES, record
from tests.recorded_program import Program

RECORD = "aws:route53/record:Record"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"


def certificate(**changes: t.Any) -> Program:
    given = {"names": NAMES, "domain": "shop.example.com", "zone_id": "Z1", **changes}
    return record(lambda: {"arn": Certificate("certificate", CertificateArgs(**given)).arn})


def test_a_certificate_is_proven_by_a_record_and_used_once_it_is_issued() -> None:
    program = certificate()
    asked = program.one(CERTIFICATE).inputs
    assert (asked["domainName"], asked["validationMethod"]) == ("shop.example.com", "DNS")
    proof = program.one(RECORD).inputs
    assert (proof["zoneId"], proof["name"], proof["type"]) == ("Z1", "_proof.shop.example.com.", "CNAME")
    assert proof["records"] == ["value-of-shop.example.com."]
    issued = program.one(VALIDATION).inputs
    assert issued["validationRecordFqdns"] == ["_proof.shop.example.com"]
    assert program.outputs["arn"] == issued["certificateArn"]


def test_a_name_and_all_names_under_it_share_a_proof() -> None:
    program = certificate(domain="example.com", alternatives=["*.example.com", "example.org"])
    assert program.one(CERTIFICATE).inputs["subjectAlternativeNames"] == ["*.example.com", "example.org"]
    # ACM answers in an order of its own: each name is proven by its own record all the same.
    assert sorted((item.inputs["name"], item.inputs["records"]) for item in program.of(RECORD)) == [
        ("_proof.example.com.", ["value-of-example.com."]),
        ("_proof.example.org.", ["value-of-example.org."]),
    ]


def test_all_names_under_a_domain_are_proven_without_the_domain() -> None:
    program = certificate(domain="*.example.com")
    assert program.one(RECORD).inputs["name"] == "_proof.example.com."


def test_cloudfront_reads_certificates_of_one_region() -> None:
    program = certificate(region=CLOUDFRONT_REGION)
    assert CLOUDFRONT_REGION == "us-east-1"
    assert program.one(CERTIFICATE).inputs["region"] == program.one(VALIDATION).inputs["region"] == "us-east-1"
    assert "region" not in certificate().one(CERTIFICATE).inputs


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"domain": "Shop.example.com"}, "is not a domain", id="upper-case"),
        pytest.param({"domain": "example.com."}, "without a dot at the end", id="dot"),
        pytest.param({"domain": "localhost"}, "is not a domain", id="one-label"),
        pytest.param({"domain": "-a.example.com"}, "is not a domain", id="hyphen"),
        pytest.param({"alternatives": ["a.*.example.com"]}, "is not a domain", id="star-inside"),
        pytest.param({"alternatives": ["shop.example.com"]}, "names a domain twice", id="twice"),
    ],
)
def test_a_certificate_for_nothing_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CertificateArgs(**{"names": NAMES, "domain": "shop.example.com", "zone_id": "Z1", **changes})


@pytest.mark.parametrize(("create", "zone", "server"), [(True, "shop-test-zone-example-com-zone", 1), (False, "Z1", 2)])
def test_a_zone_is_made_or_looked_up(create: bool, zone: str, server: int) -> None:
    def build() -> dict[str, t.Any]:
        made = Zone("zone", ZoneArgs(names=NAMES, domain="example.com", create=create))
        return {"id": made.id, "servers": made.name_servers}

    program = record(build)
    assert program.outputs == {"id": zone, "servers": [f"ns-{server}.example.net"]}
    assert len(program.of("aws:route53/zone:Zone")) == create


def test_a_zone_that_is_only_looked_up_is_never_destroyed() -> None:
    with pytest.raises(ValueError, match="is only looked up: it is not destroyed"):
        ZoneArgs(names=NAMES, domain="example.com", force_destroy=True)
    with pytest.raises(ValueError, match="stands for many names"):
        ZoneArgs(names=NAMES, domain="*.example.com")


@pytest.mark.parametrize(
    ("target", "kinds", "zone"),
    [
        pytest.param(AliasTarget.distribution("d.cloudfront.net"), ["A", "AAAA"], CLOUDFRONT_ZONE, id="distribution"),
        pytest.param(AliasTarget.load_balancer("d.elb.aws", "ZLB"), ["A"], "ZLB", id="load-balancer"),
        pytest.param(AliasTarget.api("d.execute-api.aws", "ZAPI"), ["A"], "ZAPI", id="api"),
    ],
)
def test_a_name_stands_for(target: AliasTarget, kinds: list[str], zone: str) -> None:
    args = AliasArgs(names=NAMES, zone_id="Z1", domain="shop.example.com", target=target)
    program = record(lambda: {"domain": Alias("alias", args).domain})
    records = [item.inputs for item in program.of(RECORD)]
    assert sorted(item["type"] for item in records) == kinds
    for item in records:
        assert (item["zoneId"], item["name"]) == ("Z1", "shop.example.com")
        assert item["aliases"] == [{"name": target.dns_name, "zoneId": zone, "evaluateTargetHealth": False}]
    assert program.outputs == {"domain": "shop.example.com"}

"""Sites before CloudFront: of a bucket, of a server, with names of their own and a firewall."""

from __future__ import annotations

import typing as t

import pytest
from components.edge import (
    ALL_METHODS,
    ALL_VIEWER_EXCEPT_HOST,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    Server,
    SiteDomain,
)
from components.server_site import ServerSite, ServerSiteArgs
from components.static_site import Api, StaticSite, StaticSiteArgs

from tests.parts import NAMES, misnamed, record
from tests.recorded_program import Program
from tests.tags import untagged

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
DOMAIN = SiteDomain(names=["course.example.com"], certificate_arn=CERTIFICATE)
INSTANCE = Server(domain="ec2-1.example.com", port=3000)


def static(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        site = StaticSite(NAMES("frontend"), StaticSiteArgs(**{"names": NAMES, "site": "frontend", **changes}))
        return {"domain": site.domain_name, "zone": site.zone_id, "address": site.address}

    return record(build)


def served(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        given = {"names": NAMES, "site": "frontend", "server": INSTANCE}
        return {"id": ServerSite(NAMES("frontend"), ServerSiteArgs(**{**given, **changes})).distribution_id}

    return record(build)


def distribution(program: Program) -> dict[str, t.Any]:
    return program.one(DISTRIBUTION).inputs


def test_a_site_has_cloudfronts_name_or_its_own() -> None:
    plain = distribution(static())
    assert plain["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert "aliases" not in plain
    own = distribution(static(domain=DOMAIN, web_acl_arn="arn:acl"))
    assert own["aliases"] == ["course.example.com"]
    assert own["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    assert own["webAclId"] == "arn:acl"
    assert static().outputs["address"] == static().outputs["domain"] == "shop-test-frontend.cloudfront.net"
    assert static(domain=DOMAIN).outputs["address"] == "course.example.com"


def test_an_api_is_a_load_balancer_or_another_server() -> None:
    balancer = distribution(static(api=Api(domain="alb.example.com")))["origins"][1]
    assert balancer["domainName"] == "alb.example.com"
    assert (balancer["customOriginConfig"]["originProtocolPolicy"], balancer["customOriginConfig"]["httpPort"]) == (
        "http-only",
        80,
    )
    gateway = Server(domain="x.execute-api.amazonaws.com", protocol="https-only", path="/live")
    api = distribution(static(api=Api(server=gateway, path="/chat")))
    assert api["origins"][1]["originPath"] == "/live"
    assert api["origins"][1]["customOriginConfig"]["originProtocolPolicy"] == "https-only"
    assert api["orderedCacheBehaviors"][0]["pathPattern"] == "/chat"
    ports = api["origins"][1]["customOriginConfig"]
    assert (ports["httpPort"], ports["httpsPort"]) == (80, 443)
    secure = Server(domain="x.example.com", protocol="https-only", port=8443)
    ports = distribution(static(api=Api(server=secure)))["origins"][1]["customOriginConfig"]
    assert (ports["httpPort"], ports["httpsPort"]) == (80, 8443)


def test_the_default_of_a_server_site_is_the_server() -> None:
    program = served()
    found = distribution(program)
    (origin,) = found["origins"]
    assert (origin["domainName"], origin["customOriginConfig"]["httpPort"]) == ("ec2-1.example.com", 3000)
    default = found["defaultCacheBehavior"]
    assert (default["targetOriginId"], default["cachePolicyId"]) == (origin["originId"], CACHING_DISABLED)
    assert default["originRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST
    assert sorted(default["allowedMethods"]) == sorted(ALL_METHODS)
    assert default["viewerProtocolPolicy"] == "redirect-to-https"
    # The server knows its own scripts; the rest is the same for every page.
    headers = program.one(HEADERS).inputs["securityHeadersConfig"]
    assert "contentSecurityPolicy" not in headers
    assert headers["frameOptions"]["frameOption"] == "DENY"
    assert default["responseHeadersPolicyId"].endswith("frontend-id")
    assert program.of("aws:s3/bucket:Bucket") == []
    assert misnamed(program) == []
    assert untagged(program) == []


def test_some_paths_go_elsewhere_and_some_are_cached() -> None:
    gateway = Server(domain="api.example.com", protocol="https-only")
    found = distribution(served(elsewhere={"/chat": gateway}, cached_paths=["/_next/static/*"]))
    chat, static_files = found["orderedCacheBehaviors"]
    origins = {origin["originId"]: origin["domainName"] for origin in found["origins"]}
    assert (chat["pathPattern"], origins[chat["targetOriginId"]]) == ("/chat", "api.example.com")
    assert "responseHeadersPolicyId" not in chat
    assert (static_files["pathPattern"], static_files["cachePolicyId"]) == ("/_next/static/*", CACHING_OPTIMIZED)
    assert origins[static_files["targetOriginId"]] == "ec2-1.example.com"


def test_a_word_only_cloudfront_and_the_server_know() -> None:
    server = Server(domain="ec2-1.example.com", port=3000, headers={"X-From-Cdn": "word"})
    (origin,) = distribution(served(server=server))["origins"]
    assert origin["customHeaders"] == [{"name": "X-From-Cdn", "value": "word"}]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        pytest.param(lambda: Api(), "give one of them", id="no-api"),
        pytest.param(lambda: Api(domain="a", server=INSTANCE), "give one of them", id="two-apis"),
        pytest.param(lambda: Api(domain="a", path="api/*"), "must begin with a slash", id="path"),
        pytest.param(lambda: SiteDomain(names=[], certificate_arn=CERTIFICATE), "at least one name", id="no-name"),
        pytest.param(
            lambda: SiteDomain(names=["https://a.example"], certificate_arn=CERTIFICATE), "not a host name", id="url"
        ),
        pytest.param(
            lambda: SiteDomain(names=["a.example.com"], certificate_arn=CERTIFICATE.replace("us-east-1", "eu-west-1")),
            "us-east-1 only",
            id="region",
        ),
        pytest.param(lambda: Server(domain="a", port=22), "1024 to 65535, not to 22", id="port"),
        pytest.param(lambda: Server(domain="a", path="live/"), "begin with a slash", id="origin-path"),
        pytest.param(lambda: Server(domain="a", answer_within_seconds=121), "1 to 120 seconds", id="patience"),
        pytest.param(
            lambda: StaticSiteArgs(names=NAMES, site="s", domain=DOMAIN, viewer_protocol_policy="allow-all"),
            "without TLS",
            id="static-plain",
        ),
        pytest.param(
            lambda: ServerSiteArgs(
                names=NAMES, site="s", server=INSTANCE, domain=DOMAIN, viewer_protocol_policy="allow-all"
            ),
            "without TLS",
            id="server-plain",
        ),
        pytest.param(
            lambda: ServerSiteArgs(
                names=NAMES, site="s", server=INSTANCE, elsewhere={"/a": INSTANCE}, cached_paths=["/a"]
            ),
            "/a goes elsewhere and is cached here",
            id="both",
        ),
        pytest.param(
            lambda: ServerSiteArgs(names=NAMES, site="s", server=INSTANCE, cached_paths=["/*"]),
            "not a part of the site's paths",
            id="everything",
        ),
    ],
)
def test_a_site_refuses_what_cannot_work(build: t.Callable[[], t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build()

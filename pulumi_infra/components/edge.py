"""What CloudFront distributions here have in common: names of their own, security headers, and servers behind them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

# CloudFront's own policies; their ids are the same in every account.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
READ_METHODS = ["GET", "HEAD", "OPTIONS"]
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SPA_FUNCTION = Path(__file__).with_name("spa_fallback.js")
HOST_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


@dataclass(frozen=True, kw_only=True)
class SiteDomain:
    """Names of one's own. CloudFront takes certificates of us-east-1 only, wherever the stack is."""

    names: t.Sequence[str]
    certificate_arn: pulumi.Input[str]

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("A site's domain needs at least one name.")
        for name in self.names:
            if not HOST_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a host name, such as chat.example.com.")
        arn = self.certificate_arn
        if isinstance(arn, str) and arn.startswith("arn:") and ":us-east-1:" not in arn:
            raise ValueError("CloudFront takes certificates of us-east-1 only; make one there.")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A load balancer, an instance or an API that CloudFront asks.

    ``headers`` go with every request, such as a word that only CloudFront and the server know: a public server can
    refuse whoever comes without it.
    """

    domain: pulumi.Input[str]
    protocol: t.Literal["http-only", "https-only"] = "http-only"
    port: int | None = None
    # Where on the server its paths begin, such as the stage of an API.
    path: str = ""
    headers: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    answer_within_seconds: int = 60

    def __post_init__(self) -> None:
        if self.port is not None and self.port not in (80, 443) and not 1024 <= self.port <= 65535:
            raise ValueError(f"CloudFront connects to port 80, 443 or 1024 to 65535, not to {self.port}.")
        if self.path and (not self.path.startswith("/") or self.path.endswith("/")):
            raise ValueError(f"The path {self.path!r} must begin with a slash and end without one.")
        if not 1 <= self.answer_within_seconds <= 120:
            raise ValueError(f"CloudFront waits 1 to 120 seconds for an answer, not {self.answer_within_seconds}.")

    def origin(self, origin_id: str) -> dict[str, t.Any]:
        secure = self.protocol == "https-only"
        port = self.port or (443 if secure else 80)
        origin: dict[str, t.Any] = {
            "origin_id": origin_id,
            "domain_name": self.domain,
            "custom_origin_config": {
                "http_port": 80 if secure else port,
                "https_port": port if secure else 443,
                "origin_protocol_policy": self.protocol,
                "origin_ssl_protocols": ["TLSv1.2"],
                # Long enough for a streamed answer that pauses between two words.
                "origin_read_timeout": self.answer_within_seconds,
                "origin_keepalive_timeout": 60,
            },
        }
        if self.path:
            origin["origin_path"] = self.path
        if self.headers:
            origin["custom_headers"] = [{"name": name, "value": value} for name, value in sorted(self.headers.items())]
        return origin


def passed_through(origin_id: str, viewer_protocol_policy: str) -> dict[str, t.Any]:
    """Return how requests reach a server that answers each of them itself: nothing is cached."""
    return {
        "target_origin_id": origin_id,
        "viewer_protocol_policy": viewer_protocol_policy,
        "allowed_methods": ALL_METHODS,
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": CACHING_DISABLED,
        # Everything the viewer sent but the Host header, which must be the server's own.
        "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST,
    }


def viewer_certificate(domain: SiteDomain | None) -> t.Any:
    if domain is None:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": domain.certificate_arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }


def address(domain: SiteDomain | None, distribution: aws.cloudfront.Distribution) -> pulumi.Output[str]:
    """Return the first name of one's own, or CloudFront's where there is none."""
    return distribution.domain_name if domain is None else pulumi.Output.from_input(domain.names[0])


def security_headers(
    name: str, opts: pulumi.ResourceOptions, *, content_security_policy: str | None = CONTENT_SECURITY_POLICY
) -> aws.cloudfront.ResponseHeadersPolicy:
    config: dict[str, t.Any] = {
        "content_type_options": {"override": True},
        "frame_options": {"frame_option": "DENY", "override": True},
        "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
        "strict_transport_security": {
            "access_control_max_age_sec": 63072000,
            "include_subdomains": True,
            "override": True,
        },
    }
    if content_security_policy is not None:
        config["content_security_policy"] = {
            "content_security_policy": content_security_policy,
            "override": True,
        }
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        comment=f"Security headers of {name}",
        security_headers_config=t.cast("t.Any", config),
        opts=opts,
    )


__all__ = (
    "ALL_METHODS",
    "ALL_VIEWER_EXCEPT_HOST",
    "CACHING_DISABLED",
    "CACHING_OPTIMIZED",
    "CONTENT_SECURITY_POLICY",
    "READ_METHODS",
    "SPA_FUNCTION",
    "Server",
    "SiteDomain",
    "address",
    "passed_through",
    "security_headers",
    "viewer_certificate",
)

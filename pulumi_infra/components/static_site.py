"""A static front end and its API on one origin: CloudFront, a private bucket, and ``/api/*`` to a load balancer."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.policies import Statement
from components.private_bucket import PrivateBucket, PrivateBucketArgs

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


@dataclass(frozen=True, kw_only=True)
class Api:
    """Where the requests for the API go."""

    domain: pulumi.Input[str]
    path: str = "/api/*"


@dataclass(frozen=True, kw_only=True)
class StaticSiteArgs:
    names: Names
    site: str
    api: Api | None = None
    viewer_protocol_policy: str = "redirect-to-https"
    # function: paths without a dot become /index.html before S3 is asked; API answers are never touched.
    # error-page: S3's 403 for a missing object becomes /index.html; for edges that cannot run functions.
    spa_fallback: t.Literal["function", "error-page", "none"] = "function"
    force_destroy: bool = False
    require_tls: bool = True
    keep_old_versions_days: int = 90


class StaticSite(pulumi.ComponentResource):
    def __init__(self, name: str, args: StaticSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:site:StaticSite", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = PrivateBucket(
            args.names(args.site),
            PrivateBucketArgs(
                force_destroy=args.force_destroy,
                require_tls=args.require_tls,
                keep_old_versions_days=args.keep_old_versions_days,
            ),
            opts=self._child,
        )
        distribution = self._distribution(bucket)
        bucket.protect(_only_this_distribution(bucket.arn, distribution.arn))
        self.bucket_name: pulumi.Output[str] = bucket.bucket_name
        self.bucket_arn: pulumi.Output[str] = bucket.arn
        self.distribution_id: pulumi.Output[str] = distribution.id
        self.distribution_arn: pulumi.Output[str] = distribution.arn
        self.domain_name: pulumi.Output[str] = distribution.domain_name
        self.register_outputs({"domain_name": self.domain_name, "distribution_id": self.distribution_id})

    def _distribution(self, bucket: PrivateBucket) -> aws.cloudfront.Distribution:
        args = self._args
        access = aws.cloudfront.OriginAccessControl(
            args.names(args.site),
            description=f"CloudFront reads the bucket of {args.site}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        origins: list[dict[str, t.Any]] = [
            {
                "origin_id": "site",
                "domain_name": bucket.regional_domain_name,
                "origin_access_control_id": access.id,
            }
        ]
        if args.api:
            origins.append(_api_origin(args.api))
        return aws.cloudfront.Distribution(
            args.names(args.site),
            comment=args.names(args.site),
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            # The cheapest class that still has edges in Asia.
            price_class="PriceClass_200",
            default_root_object="index.html",
            origins=t.cast("t.Any", origins),
            default_cache_behavior=self._pages(),
            ordered_cache_behaviors=[_api_behaviour(args.api, args.viewer_protocol_policy)] if args.api else [],
            custom_error_responses=_error_pages(args.spa_fallback),
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            opts=self._child,
        )

    def _pages(self) -> t.Any:
        args = self._args
        behaviour: dict[str, t.Any] = {
            "target_origin_id": "site",
            "viewer_protocol_policy": args.viewer_protocol_policy,
            "allowed_methods": READ_METHODS,
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": CACHING_OPTIMIZED,
            "response_headers_policy_id": self._security_headers().id,
        }
        if args.spa_fallback == "function":
            function = aws.cloudfront.Function(
                args.names(f"{args.site}-spa"),
                comment="Client-side routes are answered with /index.html",
                runtime="cloudfront-js-2.0",
                code=SPA_FUNCTION.read_text(encoding="utf-8"),
                publish=True,
                opts=self._child,
            )
            behaviour["function_associations"] = [{"event_type": "viewer-request", "function_arn": function.arn}]
        return behaviour

    def _security_headers(self) -> aws.cloudfront.ResponseHeadersPolicy:
        args = self._args
        return aws.cloudfront.ResponseHeadersPolicy(
            args.names(args.site),
            comment=f"Security headers of {args.names(args.site)}",
            security_headers_config={
                "content_security_policy": {"content_security_policy": CONTENT_SECURITY_POLICY, "override": True},
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
                "strict_transport_security": {
                    "access_control_max_age_sec": 63072000,
                    "include_subdomains": True,
                    "override": True,
                },
            },
            opts=self._child,
        )


def _api_origin(api: Api) -> dict[str, t.Any]:
    return {
        "origin_id": "api",
        "domain_name": api.domain,
        "custom_origin_config": {
            "http_port": 80,
            "https_port": 443,
            "origin_protocol_policy": "http-only",
            "origin_ssl_protocols": ["TLSv1.2"],
            # The longest CloudFront allows without asking: a streamed answer may pause between two words.
            "origin_read_timeout": 60,
            "origin_keepalive_timeout": 60,
        },
    }


def _api_behaviour(api: Api, viewer_protocol_policy: str) -> t.Any:
    return {
        "path_pattern": api.path,
        "target_origin_id": "api",
        "viewer_protocol_policy": viewer_protocol_policy,
        "allowed_methods": ALL_METHODS,
        "cached_methods": ["GET", "HEAD"],
        "compress": True,
        "cache_policy_id": CACHING_DISABLED,
        # Everything the viewer sent but the Host header, which must be the load balancer's own.
        "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST,
    }


def _error_pages(spa_fallback: str) -> t.Any:
    if spa_fallback != "error-page":
        return []
    # 403 is what S3 answers for an object that is not there, and nothing else here answers 403.
    # 404 stays what it is: an error page applies to every behaviour, and the API's 404 must reach its caller.
    return [{"error_code": 403, "response_code": 200, "response_page_path": "/index.html", "error_caching_min_ttl": 0}]


def _only_this_distribution(bucket_arn: pulumi.Output[str], distribution_arn: pulumi.Output[str]) -> Statement:
    return Statement(
        sid="ReadByThisDistribution",
        actions=["s3:GetObject"],
        principals={"Service": "cloudfront.amazonaws.com"},
        resources=[pulumi.Output.concat(bucket_arn, "/*")],
        conditions={"StringEquals": {"AWS:SourceArn": distribution_arn}},
    )


__all__ = ("Api", "StaticSite", "StaticSiteArgs")

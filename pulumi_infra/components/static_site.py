"""A static front end and its API on one origin: CloudFront, a private bucket, and ``/api/*`` to a server."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.edge import (
    ALL_METHODS,
    ALL_VIEWER_EXCEPT_HOST,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    CONTENT_SECURITY_POLICY,
    READ_METHODS,
    SPA_FUNCTION,
    Server,
    SiteDomain,
    address,
    passed_through,
    security_headers,
    viewer_certificate,
)
from components.names import Names
from components.policies import Statement
from components.private_bucket import PrivateBucket, PrivateBucketArgs


@dataclass(frozen=True, kw_only=True)
class Api:
    """Where the requests for the API go: a load balancer by its name, or any other server."""

    domain: pulumi.Input[str] | None = None
    server: Server | None = None
    path: str = "/api/*"

    def __post_init__(self) -> None:
        if (self.domain is None) == (self.server is None):
            raise ValueError("An API is either at the domain of a load balancer or at a server; give one of them.")
        if not self.path.startswith("/"):
            raise ValueError(f"The path {self.path!r} of the API must begin with a slash.")

    @property
    def at(self) -> Server:
        if self.server is not None:
            return self.server
        return Server(domain=t.cast("pulumi.Input[str]", self.domain))


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
    domain: SiteDomain | None = None
    # Of scope CLOUDFRONT.
    web_acl_arn: pulumi.Input[str] | None = None
    content_security_policy: str = CONTENT_SECURITY_POLICY

    def __post_init__(self) -> None:
        if self.domain and self.viewer_protocol_policy == "allow-all":
            raise ValueError("A site with a certificate of its own must not be served without TLS.")


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
        # CloudFront's own name; a record for a name of one's own points at it.
        self.domain_name: pulumi.Output[str] = distribution.domain_name
        self.zone_id: pulumi.Output[str] = distribution.hosted_zone_id
        # What people type.
        self.address: pulumi.Output[str] = address(args.domain, distribution)
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
            origins.append(args.api.at.origin("api"))
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
            ordered_cache_behaviors=t.cast("t.Any", self._api()),
            custom_error_responses=_error_pages(args.spa_fallback),
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            aliases=list(args.domain.names) if args.domain else None,
            viewer_certificate=viewer_certificate(args.domain),
            web_acl_id=args.web_acl_arn,
            opts=self._child,
        )

    def _api(self) -> list[dict[str, t.Any]]:
        args = self._args
        if args.api is None:
            return []
        return [{"path_pattern": args.api.path, **passed_through("api", args.viewer_protocol_policy)}]

    def _pages(self) -> t.Any:
        args = self._args
        behaviour: dict[str, t.Any] = {
            "target_origin_id": "site",
            "viewer_protocol_policy": args.viewer_protocol_policy,
            "allowed_methods": READ_METHODS,
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": CACHING_OPTIMIZED,
            "response_headers_policy_id": self._headers().id,
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

    def _headers(self) -> aws.cloudfront.ResponseHeadersPolicy:
        args = self._args
        return security_headers(
            args.names(args.site), self._child, content_security_policy=args.content_security_policy
        )


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


__all__ = (
    "ALL_METHODS",
    "ALL_VIEWER_EXCEPT_HOST",
    "CACHING_DISABLED",
    "Api",
    "StaticSite",
    "StaticSiteArgs",
)

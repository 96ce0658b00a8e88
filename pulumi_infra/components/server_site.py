"""A CDN before a front end that runs on a server: a load balancer, or a single instance on a port of its own."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.edge import (
    ALL_VIEWER_EXCEPT_HOST,
    CACHING_OPTIMIZED,
    READ_METHODS,
    Server,
    SiteDomain,
    address,
    passed_through,
    security_headers,
    viewer_certificate,
)
from components.names import Names


@dataclass(frozen=True, kw_only=True)
class ServerSiteArgs:
    """``cached_paths`` are answered from the edge: give only what changes its name when it changes.

    ``elsewhere`` sends some paths to other servers, such as ``/api/*`` to an API.
    """

    names: Names
    site: str
    server: Server
    elsewhere: t.Mapping[str, Server] = field(default_factory=dict)
    cached_paths: t.Sequence[str] = ()
    viewer_protocol_policy: str = "redirect-to-https"
    domain: SiteDomain | None = None
    # Of scope CLOUDFRONT.
    web_acl_arn: pulumi.Input[str] | None = None
    # A server that renders pages sets its own, which alone knows its scripts; this one is for one that does not.
    content_security_policy: str | None = None

    def __post_init__(self) -> None:
        if self.domain and self.viewer_protocol_policy == "allow-all":
            raise ValueError("A site with a certificate of its own must not be served without TLS.")
        both = sorted(set(self.elsewhere) & set(self.cached_paths))
        if both:
            raise ValueError(f"{', '.join(both)} goes elsewhere and is cached here; it can be one of them.")
        for path in (*self.elsewhere, *self.cached_paths):
            if not path.startswith("/") or path == "/*":
                raise ValueError(f"{path!r} is not a part of the site's paths, such as /static/*.")


class ServerSite(pulumi.ComponentResource):
    def __init__(self, name: str, args: ServerSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:site:ServerSite", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        headers = self._headers(child)
        servers = {"server": args.server, **{f"elsewhere-{n}": s for n, s in enumerate(args.elsewhere.values())}}
        distribution = aws.cloudfront.Distribution(
            args.names(args.site),
            comment=args.names(args.site),
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            # The cheapest class that still has edges in Asia.
            price_class="PriceClass_200",
            origins=t.cast("t.Any", [server.origin(origin_id) for origin_id, server in servers.items()]),
            default_cache_behavior=t.cast(
                "t.Any", {**passed_through("server", args.viewer_protocol_policy), **headers}
            ),
            ordered_cache_behaviors=t.cast("t.Any", self._behaviours(headers)),
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            aliases=list(args.domain.names) if args.domain else None,
            viewer_certificate=viewer_certificate(args.domain),
            web_acl_id=args.web_acl_arn,
            opts=child,
        )
        self.distribution_id: pulumi.Output[str] = distribution.id
        self.distribution_arn: pulumi.Output[str] = distribution.arn
        self.domain_name: pulumi.Output[str] = distribution.domain_name
        self.zone_id: pulumi.Output[str] = distribution.hosted_zone_id
        # What people type.
        self.address: pulumi.Output[str] = address(args.domain, distribution)
        self.register_outputs({"domain_name": self.domain_name, "distribution_id": self.distribution_id})

    def _behaviours(self, headers: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        args = self._args
        cached = [
            {
                "path_pattern": path,
                "target_origin_id": "server",
                "viewer_protocol_policy": args.viewer_protocol_policy,
                "allowed_methods": READ_METHODS,
                "cached_methods": ["GET", "HEAD"],
                "compress": True,
                "cache_policy_id": CACHING_OPTIMIZED,
                "origin_request_policy_id": ALL_VIEWER_EXCEPT_HOST,
                **headers,
            }
            for path in args.cached_paths
        ]
        elsewhere = [
            {"path_pattern": path, **passed_through(f"elsewhere-{number}", args.viewer_protocol_policy)}
            for number, path in enumerate(args.elsewhere)
        ]
        return [*elsewhere, *cached]

    def _headers(self, child: pulumi.ResourceOptions) -> dict[str, t.Any]:
        args = self._args
        policy = security_headers(args.names(args.site), child, content_security_policy=args.content_security_policy)
        return {"response_headers_policy_id": policy.id}


__all__ = ("ServerSite", "ServerSiteArgs")

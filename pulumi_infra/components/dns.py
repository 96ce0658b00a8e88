"""Names: the zone of a domain, found or made, and records that stand for load balancers, distributions and APIs."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names

# All distributions are in this zone, whatever the region: AWS fixed its id.
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)+{_LABEL}")


def checked_domain(domain: str, *, wildcard: bool = False) -> str:
    """Return a domain that can be asked for, or say why it cannot."""
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{domain!r} is not a domain; write it in lower case, without a dot at the end.")
    if domain.startswith("*.") and not wildcard:
        raise ValueError(f"{domain!r} stands for many names; give the one that is meant.")
    return domain


def purpose_of(domain: str) -> str:
    """Return a domain in the characters that names of resources have."""
    return domain.replace("*", "any").replace(".", "-").replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class ZoneArgs:
    """A zone that exists is only looked up. ``force_destroy`` lets a zone that was made go with records in it."""

    names: Names
    domain: str
    create: bool = False
    force_destroy: bool = False

    def __post_init__(self) -> None:
        if self.force_destroy and not self.create:
            raise ValueError(f"The zone {self.domain} is only looked up: it is not destroyed, with or without force.")
        checked_domain(self.domain)


class Zone(pulumi.ComponentResource):
    """``name_servers`` is what the domain's registrar has to be told, where the zone was made here."""

    def __init__(self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:Zone", name, None, opts)
        self.id: pulumi.Output[str]
        self.name_servers: pulumi.Output[t.Sequence[str]]
        if args.create:
            zone = aws.route53.Zone(
                args.names(f"zone-{purpose_of(args.domain)}"),
                name=args.domain,
                comment=f"Made by the stack {args.names.prefix}",
                force_destroy=args.force_destroy,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.id, self.name_servers = zone.zone_id, zone.name_servers
        else:
            found = aws.route53.get_zone_output(
                name=args.domain, private_zone=False, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            self.id = found.apply(lambda known: str(known.zone_id))
            self.name_servers = found.apply(lambda known: list(known.name_servers))
        self.domain = args.domain
        self.register_outputs({"zone_id": self.id, "name_servers": self.name_servers})


@dataclass(frozen=True, kw_only=True)
class AliasTarget:
    """What a name stands for, as AWS calls it: a domain, and the zone that domain is in."""

    dns_name: pulumi.Input[str]
    zone_id: pulumi.Input[str]
    ipv6: bool = False

    @classmethod
    def distribution(cls, domain: pulumi.Input[str]) -> AliasTarget:
        return cls(dns_name=domain, zone_id=CLOUDFRONT_ZONE, ipv6=True)

    @classmethod
    def load_balancer(cls, dns_name: pulumi.Input[str], zone_id: pulumi.Input[str]) -> AliasTarget:
        return cls(dns_name=dns_name, zone_id=zone_id)

    @classmethod
    def api(cls, regional_domain: pulumi.Input[str], regional_zone_id: pulumi.Input[str]) -> AliasTarget:
        """Return the target of a custom domain of API Gateway, which says both itself."""
        return cls(dns_name=regional_domain, zone_id=regional_zone_id)


@dataclass(frozen=True, kw_only=True)
class AliasArgs:
    names: Names
    zone_id: pulumi.Input[str]
    domain: str
    target: AliasTarget

    def __post_init__(self) -> None:
        checked_domain(self.domain)


class Alias(pulumi.ComponentResource):
    """A name that costs no lookup of its own and may be the domain itself, which a CNAME may not."""

    def __init__(self, name: str, args: AliasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:dns:Alias", name, None, opts)
        for kind in ("A", "AAAA") if args.target.ipv6 else ("A",):
            aws.route53.Record(
                args.names(f"{purpose_of(args.domain)}-{kind.lower()}"),
                zone_id=args.zone_id,
                name=args.domain,
                type=kind,
                aliases=[
                    {
                        "name": args.target.dns_name,
                        "zone_id": args.target.zone_id,
                        # There is no other answer to give when the target is ill.
                        "evaluate_target_health": False,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.domain = args.domain
        self.register_outputs({"domain": args.domain})


__all__ = ("CLOUDFRONT_ZONE", "Alias", "AliasArgs", "AliasTarget", "Zone", "ZoneArgs", "checked_domain", "purpose_of")

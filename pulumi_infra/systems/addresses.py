"""The system's own name: its zone, certificates for it, and what it stands for."""

from __future__ import annotations

import typing as t

import pulumi
from components.certificate import CLOUDFRONT_REGION, Certificate, CertificateArgs
from components.dns import Alias, AliasArgs, AliasTarget, Zone, ZoneArgs, purpose_of
from components.edge import SiteDomain
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import ANYWHERE, Network
from settings import Domain

from systems.ground import Ground


class Address:
    """A domain of one's own, and names below it. Without one, AWS's names are used and nothing of this is made."""

    def __init__(self, ground: Ground, domain: Domain) -> None:
        self._ground = ground
        self.name = domain.name
        args = ZoneArgs(
            names=ground.names,
            domain=domain.zone,
            create=domain.create_zone,
            force_destroy=domain.create_zone and ground.settings.disposable,
        )
        self._zone = Zone(ground.names("zone"), args)

    def certificate(self, name: str | None = None) -> pulumi.Output[str]:
        """Return a certificate of the stack's region, for load balancers and APIs."""
        return self._certificate(name or self.name, region=None)

    def site(self) -> SiteDomain:
        """Return the name with a certificate that CloudFront takes."""
        return SiteDomain(names=[self.name], certificate_arn=self._certificate(self.name, region=CLOUDFRONT_REGION))

    def stands_for(self, target: AliasTarget, name: str | None = None) -> None:
        domain = name or self.name
        args = AliasArgs(names=self._ground.names, zone_id=self._zone.id, domain=domain, target=target)
        Alias(self._ground.names(f"alias-{purpose_of(domain)}"), args)

    def _certificate(self, name: str, *, region: str | None) -> pulumi.Output[str]:
        where = "edge-certificate" if region else "certificate"
        args = CertificateArgs(names=self._ground.names, domain=name, zone_id=self._zone.id, region=region)
        return Certificate(self._ground.names(f"{where}-{purpose_of(name)}"), args).arn


def balancer_at(
    ground: Ground, network: Network, address: Address | None, *, allowed_cidrs: t.Sequence[str] = (ANYWHERE,)
) -> LoadBalancer:
    """Make the load balancer that the system is reached through, under the system's own name where it has one."""
    balancer = LoadBalancer(
        ground.names("load-balancer"),
        LoadBalancerArgs(
            names=ground.names,
            vpc_id=network.vpc.id,
            subnet_ids=network.public_subnet_ids,
            allowed_cidrs=allowed_cidrs,
            certificate_arn=address.certificate() if address else None,
            deletion_protection=ground.settings.deletion_protection,
        ),
    )
    if address:
        address.stands_for(AliasTarget.load_balancer(balancer.dns_name, balancer.zone_id))
    return balancer


def url_of(address: Address | None, balancer: LoadBalancer) -> pulumi.Input[str]:
    """Return where the system answers: at its own name over TLS, or else at the load balancer's."""
    return f"https://{address.name}" if address else pulumi.Output.concat("http://", balancer.dns_name)


def address_of(ground: Ground) -> Address | None:
    domain = ground.settings.domain
    return Address(ground, domain) if domain else None


__all__ = ("Address", "address_of", "balancer_at", "url_of")

"""The system's own name: its zone, certificates for it, and what it stands for."""

from __future__ import annotations

import pulumi
from components.certificate import CLOUDFRONT_REGION, Certificate, CertificateArgs
from components.dns import Alias, AliasArgs, AliasTarget, Zone, ZoneArgs, purpose_of
from components.edge import SiteDomain
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


def address_of(ground: Ground) -> Address | None:
    domain = ground.settings.domain
    return Address(ground, domain) if domain else None


__all__ = ("Address", "address_of")

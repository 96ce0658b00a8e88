"""A certificate of ACM, proven by records in the domain's zone, and renewed by itself as long as they stay."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.dns import checked_domain, purpose_of
from components.names import Names

# The one region that CloudFront reads certificates from.
CLOUDFRONT_REGION = "us-east-1"
RECORD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """``region`` is for CloudFront, which takes certificates of one region only; all others stay in the stack's."""

    names: Names
    domain: str
    zone_id: pulumi.Input[str]
    alternatives: t.Sequence[str] = ()
    region: str | None = None

    def __post_init__(self) -> None:
        for domain in self.domains:
            checked_domain(domain, wildcard=True)
        if len(set(self.domains)) != len(self.domains):
            raise ValueError(f"The certificate names a domain twice: {', '.join(self.domains)}.")

    @property
    def domains(self) -> list[str]:
        return [self.domain, *self.alternatives]

    @property
    def proofs(self) -> list[str]:
        """Return what has to be proven: a name and all names under it are proven by one record."""
        return list(dict.fromkeys(domain.removeprefix("*.") for domain in self.domains))


class Certificate(pulumi.ComponentResource):
    """Whoever takes the ``arn`` gets a certificate that is issued: nothing takes one that is only asked for."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:acm:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        purpose = args.names(f"certificate-{purpose_of(args.domain)}")
        certificate = aws.acm.Certificate(
            purpose,
            domain_name=args.domain,
            subject_alternative_names=list(args.alternatives),
            validation_method="DNS",
            region=args.region,
            tags={"Name": purpose},
            opts=child,
        )
        records = [
            self._record(args, domain, certificate.domain_validation_options.apply(_option_for(domain)))
            for domain in args.proofs
        ]
        issued = aws.acm.CertificateValidation(
            purpose,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            region=args.region,
            opts=child,
        )
        self.domain = args.domain
        self.arn: pulumi.Output[str] = issued.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _record(
        self, args: CertificateArgs, domain: str, option: pulumi.Output[t.Mapping[str, str]]
    ) -> aws.route53.Record:
        return aws.route53.Record(
            args.names(f"proof-{purpose_of(domain)}"),
            zone_id=args.zone_id,
            name=option.apply(lambda known: known["name"]),
            type=option.apply(lambda known: known["type"]),
            records=[option.apply(lambda known: known["value"])],
            ttl=RECORD_SECONDS,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _option_for(domain: str) -> t.Callable[[t.Sequence[t.Any] | None], t.Mapping[str, str]]:
    """Find the record that proves a domain. AWS lists them in no order."""

    def find(options: t.Sequence[t.Any] | None) -> t.Mapping[str, str]:
        for option in options or ():
            if option.domain_name in (domain, f"*.{domain}"):
                return {
                    "name": option.resource_record_name,
                    "type": option.resource_record_type,
                    "value": option.resource_record_value,
                }
        raise ValueError(f"AWS names no record that would prove {domain}; look at the certificate in ACM.")

    return find


__all__ = ("CLOUDFRONT_REGION", "Certificate", "CertificateArgs")

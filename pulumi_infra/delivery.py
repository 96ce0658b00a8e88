"""The delivery document: what a release reads from a stack. docs/conventions.md describes it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi

SCHEMA = 1
Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class DeliveredService:
    """One service, and the roles it runs with."""

    cluster: Text
    service: Text
    container: str
    image: str
    task_definition: Text
    log_group: Text
    port: int
    task_role: Text
    execution_role: Text
    after: t.Sequence[str] = ()

    def render(self) -> dict[str, t.Any]:
        return {
            "cluster": self.cluster,
            "service": self.service,
            "container": self.container,
            "image": self.image,
            "task_definition": self.task_definition,
            "log_group": self.log_group,
            "port": self.port,
            "after": list(self.after),
        }


@dataclass(frozen=True, kw_only=True)
class DeliveredSite:
    """One static site."""

    bucket: Text
    distribution: Text
    domain: Text

    def render(self) -> dict[str, t.Any]:
        return {"bucket": self.bucket, "distribution": self.distribution, "domain": self.domain}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything a release needs to know of one stack."""

    system: str
    environment: str
    region: str
    account: Text
    repositories: t.Mapping[str, Text]
    services: t.Mapping[str, DeliveredService]
    endpoints: t.Mapping[str, Text]
    alarms: t.Sequence[Text]
    deploy_role: Text
    observer_role: Text
    infra_admin_role: Text
    ledger_bucket: Text
    ledger_prefix: str
    sites: t.Mapping[str, DeliveredSite] = field(default_factory=dict)
    functions: t.Mapping[str, t.Mapping[str, Text]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, service in self.services.items():
            if service.image not in self.repositories:
                raise ValueError(f"The service {name} runs the image {service.image}, which has no repository.")
            strangers = set(service.after) - set(self.services)
            if strangers:
                raise ValueError(f"The service {name} waits for {', '.join(sorted(strangers))}, which do not exist.")

    def document(self) -> dict[str, t.Any]:
        """Return the document; the names in it may still be unknown."""
        return {
            "schema": SCHEMA,
            "system": self.system,
            "environment": self.environment,
            "region": self.region,
            "account": self.account,
            "repositories": dict(self.repositories),
            "services": {name: service.render() for name, service in self.services.items()},
            "functions": {name: dict(function) for name, function in self.functions.items()},
            "sites": {name: site.render() for name, site in self.sites.items()},
            "endpoints": dict(self.endpoints),
            "alarms": {"required": list(self.alarms)},
            "roles": {
                "deploy": self.deploy_role,
                "observer": self.observer_role,
                "infra_admin": self.infra_admin_role,
                "task": {name: service.task_role for name, service in self.services.items()},
                "execution": {name: service.execution_role for name, service in self.services.items()},
            },
            "ledger": {"bucket": self.ledger_bucket, "prefix": self.ledger_prefix},
        }


__all__ = ("DeliveredService", "DeliveredSite", "Delivery")

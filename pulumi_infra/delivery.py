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
    # A worker has none: nobody asks it.
    port: int | None
    task_role: Text
    execution_role: Text
    after: t.Sequence[str] = ()

    def render(self) -> dict[str, t.Any]:
        port = {} if self.port is None else {"port": self.port}
        return {
            "cluster": self.cluster,
            "service": self.service,
            "container": self.container,
            "image": self.image,
            "task_definition": self.task_definition,
            "log_group": self.log_group,
            **port,
            "after": list(self.after),
        }


@dataclass(frozen=True, kw_only=True)
class DeliveredFunction:
    """One function, and the alias its callers use."""

    name: Text
    alias: Text
    image: str
    log_group: Text
    after: t.Sequence[str] = ()

    def render(self) -> dict[str, t.Any]:
        later = {"after": list(self.after)} if self.after else {}
        return {"name": self.name, "alias": self.alias, "image": self.image, "log_group": self.log_group, **later}


@dataclass(frozen=True, kw_only=True)
class DeliveredMigration:
    """A task that a release runs once, with the image, the network and the roles of a service."""

    service: str
    command: t.Sequence[str]
    container: str | None = None
    timeout: str | None = None
    after: t.Sequence[str] = ()

    def render(self) -> dict[str, t.Any]:
        told = {"container": self.container, "timeout": self.timeout}
        return {
            "service": self.service,
            "command": list(self.command),
            **{key: value for key, value in told.items() if value is not None},
            "after": list(self.after),
        }


@dataclass(frozen=True, kw_only=True)
class DeliveredSite:
    """Files in a bucket, and where there is one, the distribution that shows them."""

    bucket: Text
    distribution: Text | None = None
    domain: Text | None = None

    def render(self) -> dict[str, t.Any]:
        shown = {"distribution": self.distribution, "domain": self.domain}
        return {"bucket": self.bucket, **{key: value for key, value in shown.items() if value is not None}}


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
    functions: t.Mapping[str, DeliveredFunction] = field(default_factory=dict)
    migrations: t.Mapping[str, DeliveredMigration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        images = {name: unit.image for units in (self.services, self.functions) for name, unit in units.items()}
        for name, image in images.items():
            if image not in self.repositories:
                raise ValueError(f"{name} runs the image {image}, which has no repository.")
        for name, migration in self.migrations.items():
            if migration.service not in self.services:
                raise ValueError(f"The migration {name} runs as the service {migration.service}, which does not exist.")
        known = {*self.services, *self.functions, *self.migrations}
        for kind, shipped in (
            ("service", self.services),
            ("function", self.functions),
            ("migration", self.migrations),
        ):
            for name, unit in shipped.items():
                strangers = set(unit.after) - known
                if strangers:
                    raise ValueError(f"The {kind} {name} waits for {', '.join(sorted(strangers))}, which do not exist.")

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
            "functions": {name: function.render() for name, function in self.functions.items()},
            "migrations": {name: migration.render() for name, migration in self.migrations.items()},
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


__all__ = ("DeliveredFunction", "DeliveredMigration", "DeliveredService", "DeliveredSite", "Delivery")

"""What every stack's configuration says, read once and checked before anything is created."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
from components.github_subjects import subjects_of
from components.names import Names
from configuration import Configuration

Nat = t.Literal["none", "single", "per-zone"]
SpaFallback = t.Literal["function", "error-page", "none"]
ViewerProtocolPolicy = t.Literal["redirect-to-https", "https-only", "allow-all"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How big a service's tasks are, and how many run: ``count``, or with a ``maximum`` from that up to it."""

    cpu: int
    memory: int
    count: int
    maximum: int | None = None

    @classmethod
    def load(cls, configuration: Configuration, usual: Size) -> Size:
        """Return a size; what is not said of it stays as usual."""
        size = cls(
            cpu=configuration.whole("cpu") or usual.cpu,
            memory=configuration.whole("memory") or usual.memory,
            count=usual.count if (count := configuration.whole("count")) is None else count,
            maximum=configuration.whole("maximum") or usual.maximum,
        )
        configuration.refuse_unknown()
        return size


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A name of one's own. Its zone is looked up in Route 53, or made."""

    name: str
    zone: str
    create_zone: bool = False

    @classmethod
    def load(cls, configuration: Configuration) -> Domain:
        domain = cls(
            name=configuration.needed("name", configuration.text("name")),
            zone=configuration.needed("zone", configuration.text("zone")),
            create_zone=configuration.flag("createZone") or False,
        )
        configuration.refuse_unknown()
        if domain.name != domain.zone and not domain.name.endswith(f".{domain.zone}"):
            raise pulumi.RunError(f"The name {domain.name} is not in the zone {domain.zone}.")
        return domain


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per key that all systems have; README.md lists them. What one system has beside, its own file reads."""

    names: Names
    project: str
    region: str
    system: str
    environment: str
    more_tags: t.Mapping[str, str] = field(default_factory=dict)
    sizes: t.Mapping[str, Configuration] = field(default_factory=dict)
    nat: Nat = "single"
    deletion_protection: bool = False
    log_retention_days: int = 30
    container_insights: bool = False
    viewer_protocol_policy: ViewerProtocolPolicy = "redirect-to-https"
    require_tls: bool = True
    spa_fallback: SpaFallback = "function"
    bootstrap_image: str | None = None
    container_environment: t.Mapping[str, str] = field(default_factory=dict)
    domain: Domain | None = None
    alarm_emails: tuple[str, ...] = ()
    create_github_provider: bool = True
    github_subjects: tuple[str, ...]
    operator_principals: tuple[str, ...] = ()
    observer_principals: tuple[str, ...] = ()

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every taggable resource carries."""
        return {
            "project": self.project,
            "system": self.system,
            "environment": self.environment,
            "managed_by": "pulumi",
            **self.more_tags,
        }

    @property
    def disposable(self) -> bool:
        """Say whether what the stack keeps may go with it."""
        return not self.deletion_protection

    def size(self, service: str, usual: Size) -> Size:
        configuration = self.sizes.get(service)
        return usual if configuration is None else Size.load(configuration, usual)

    def refuse_other_services(self, services: t.Collection[str]) -> None:
        """Refuse sizes of services that the system does not have."""
        if strangers := sorted(set(self.sizes) - set(services)):
            known = ", ".join(services)
            raise pulumi.RunError(f"slipway:services names {', '.join(strangers)}; {self.system} has {known}.")

    @classmethod
    def load(cls, configuration: Configuration) -> Settings:
        domain = configuration.section("domain")
        given: dict[str, t.Any] = {
            "names": Names(pulumi.get_stack()),
            "project": pulumi.get_project(),
            "region": pulumi.Config("aws").require("region"),
            "system": configuration.needed("system", configuration.text("system")),
            "environment": configuration.needed("environment", configuration.text("environment")),
            "more_tags": configuration.mapping("tags"),
            "sizes": configuration.sections("services"),
            "nat": configuration.one_of("nat", Nat),
            "deletion_protection": configuration.flag("deletionProtection"),
            "log_retention_days": configuration.whole("logRetentionDays"),
            "container_insights": configuration.flag("containerInsights"),
            "viewer_protocol_policy": configuration.one_of("viewerProtocolPolicy", ViewerProtocolPolicy),
            "require_tls": configuration.flag("requireTls"),
            "spa_fallback": configuration.one_of("spaFallback", SpaFallback),
            "bootstrap_image": configuration.text("bootstrapImage"),
            "container_environment": configuration.mapping("containerEnvironment"),
            "domain": Domain.load(domain) if domain else None,
            "alarm_emails": configuration.texts("alarmEmails"),
            "create_github_provider": configuration.flag("createGithubProvider"),
            "github_subjects": _subjects(configuration.texts("githubSubjects") or ()),
            "operator_principals": configuration.texts("operatorPrincipals"),
            "observer_principals": configuration.texts("observerPrincipals"),
        }
        return cls(**{name: value for name, value in given.items() if value is not None})


def _subjects(given: t.Sequence[str]) -> tuple[str, ...]:
    # A pattern here would let any branch, or any repository of that name, deploy.
    try:
        return subjects_of(given)
    except ValueError as error:
        raise pulumi.RunError(f"slipway:githubSubjects: {error}") from None


__all__ = ("Domain", "Settings", "Size")

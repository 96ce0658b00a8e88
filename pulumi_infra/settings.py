"""What a stack's configuration says, read once and checked before anything is created."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
from components.names import Names

Nat = t.Literal["none", "single", "per-zone"]
SpaFallback = t.Literal["function", "error-page", "none"]
ViewerProtocolPolicy = t.Literal["redirect-to-https", "https-only", "allow-all"]
T = t.TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per configuration key of the namespace ``slipway``; README.md lists them."""

    names: Names
    project: str
    region: str
    system: str
    environment: str
    desired_count: int = 2
    cpu: int = 256
    memory: int = 512
    nat: Nat = "single"
    deletion_protection: bool = False
    log_retention_days: int = 30
    container_insights: bool = False
    viewer_protocol_policy: ViewerProtocolPolicy = "redirect-to-https"
    require_tls: bool = True
    spa_fallback: SpaFallback = "function"
    bootstrap_image: str | None = None
    container_environment: t.Mapping[str, str] = field(default_factory=dict)
    inference_profile: str
    foundation_model: str
    foundation_model_regions: tuple[str, ...]
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
        }

    @classmethod
    def load(cls) -> Settings:
        config = pulumi.Config("slipway")
        given: dict[str, t.Any] = {
            "names": Names(pulumi.get_stack()),
            "project": pulumi.get_project(),
            "region": pulumi.Config("aws").require("region"),
            "system": config.require("system"),
            "environment": config.require("environment"),
            "desired_count": config.get_int("desiredCount"),
            "cpu": config.get_int("cpu"),
            "memory": config.get_int("memory"),
            "nat": _one_of(config, "nat", Nat),
            "deletion_protection": config.get_bool("deletionProtection"),
            "log_retention_days": config.get_int("logRetentionDays"),
            "container_insights": config.get_bool("containerInsights"),
            "viewer_protocol_policy": _one_of(config, "viewerProtocolPolicy", ViewerProtocolPolicy),
            "require_tls": config.get_bool("requireTls"),
            "spa_fallback": _one_of(config, "spaFallback", SpaFallback),
            "bootstrap_image": config.get("bootstrapImage"),
            "container_environment": config.get_object("containerEnvironment"),
            "inference_profile": config.require("inferenceProfile"),
            "foundation_model": config.require("foundationModel"),
            "foundation_model_regions": tuple(config.require_object("foundationModelRegions")),
            "create_github_provider": config.get_bool("createGithubProvider"),
            "github_subjects": _subjects(config.require_object("githubSubjects")),
            "operator_principals": _strings(config.get_object("operatorPrincipals")),
            "observer_principals": _strings(config.get_object("observerPrincipals")),
        }
        return cls(**{name: value for name, value in given.items() if value is not None})


def _strings(value: t.Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(str(item) for item in value)


def _one_of(config: pulumi.Config, key: str, choices: t.Any) -> str | None:
    value = config.get(key)
    allowed = t.get_args(choices)
    if value is not None and value not in allowed:
        raise pulumi.RunError(f"slipway:{key} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def _subjects(value: t.Any) -> tuple[str, ...]:
    subjects = _strings(value) or ()
    # A pattern here would let any branch, or any repository of that name, deploy.
    loose = [subject for subject in subjects if "*" in subject or "?" in subject or not subject.startswith("repo:")]
    if loose or not subjects:
        wrong = ", ".join(loose) or "nothing"
        raise pulumi.RunError(
            f"slipway:githubSubjects names {wrong}; give exact subjects, such as repo:<org>/<repo>:environment:<name>."
        )
    return subjects

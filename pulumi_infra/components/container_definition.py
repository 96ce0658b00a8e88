"""The container of a service, its health check, and what it mounts, rendered as ECS takes it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi

Text = pulumi.Input[str]


def json_key(secret_arn: Text, key: str) -> pulumi.Output[str]:
    """Return how ECS names one key of a secret that holds a JSON object."""
    return pulumi.Output.concat(secret_arn, f":{key}::")


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A shell command that ECS runs inside the container; it must end with 0."""

    command: str
    interval_seconds: int = 30
    timeout_seconds: int = 5
    retries: int = 3
    start_period_seconds: int = 0

    def __post_init__(self) -> None:
        # (what it is called, its value, what ECS takes)
        limits = (
            ("interval_seconds", self.interval_seconds, range(5, 301)),
            ("timeout_seconds", self.timeout_seconds, range(2, 61)),
            ("retries", self.retries, range(1, 11)),
            ("start_period_seconds", self.start_period_seconds, range(301)),
        )
        for name, value, allowed in limits:
            if value not in allowed:
                raise ValueError(
                    f"{name} of a container's health check is {value}; ECS takes {allowed[0]} to {allowed[-1]}."
                )
        if not self.command:
            raise ValueError("A container's health check needs a command.")

    def render(self) -> dict[str, t.Any]:
        return {
            "command": ["CMD-SHELL", self.command],
            "interval": self.interval_seconds,
            "timeout": self.timeout_seconds,
            "retries": self.retries,
            "startPeriod": self.start_period_seconds,
        }


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A file system of EFS, entered through an access point, over TLS and with the task's role."""

    name: str
    file_system_id: Text
    access_point_id: Text
    path: str
    read_only: bool = False

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or self.path == "/":
            raise ValueError(f"The volume {self.name} cannot be mounted at {self.path!r}; give a folder such as /data.")

    def volume(self) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "efs_volume_configuration": {
                "file_system_id": self.file_system_id,
                "transit_encryption": "ENABLED",
                "authorization_config": {"access_point_id": self.access_point_id, "iam": "ENABLED"},
            },
        }

    def mount(self) -> dict[str, t.Any]:
        return {"sourceVolume": self.name, "containerPath": self.path, "readOnly": self.read_only}


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container. ``secrets`` are references: ARNs of secrets or parameters, or what L(json_key) returns."""

    name: str
    image: Text
    port_mappings: t.Sequence[t.Mapping[str, t.Any]] = ()
    command: t.Sequence[str] = ()
    environment: t.Mapping[str, Text] = field(default_factory=dict)
    secrets: t.Mapping[str, Text] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    stop_timeout_seconds: int | None = None
    volumes: t.Sequence[Volume] = ()

    def __post_init__(self) -> None:
        if both := sorted(set(self.environment) & set(self.secrets)):
            raise ValueError(
                f"The container {self.name} has {', '.join(both)} both in its environment and as a secret."
            )
        for kind, values in (("volume", [v.name for v in self.volumes]), ("path", [v.path for v in self.volumes])):
            if len(set(values)) != len(values):
                raise ValueError(f"The container {self.name} mounts a {kind} twice: {', '.join(values)}.")
        if self.stop_timeout_seconds is not None and not 2 <= self.stop_timeout_seconds <= 120:
            raise ValueError(f"A container has 2 to 120 seconds to stop, not {self.stop_timeout_seconds}.")

    def render(self, logs: t.Mapping[str, Text]) -> dict[str, t.Any]:
        """Return the container as ECS takes it. What is not set is left out, so that it changes no revision."""
        rendered: dict[str, t.Any] = {
            "name": self.name,
            "image": self.image,
            "essential": True,
            "portMappings": list(self.port_mappings),
            # Sorted, so that the same environment is always the same revision.
            "environment": [{"name": key, "value": self.environment[key]} for key in sorted(self.environment)],
            "logConfiguration": {"logDriver": "awslogs", "options": dict(logs)},
        }
        optional = {
            "command": list(self.command),
            "secrets": [{"name": key, "valueFrom": self.secrets[key]} for key in sorted(self.secrets)],
            "healthCheck": self.health_check.render() if self.health_check else None,
            "stopTimeout": self.stop_timeout_seconds,
            "mountPoints": [volume.mount() for volume in self.volumes],
        }
        return {**rendered, **{key: value for key, value in optional.items() if value}}


__all__ = ("Container", "HealthCheck", "Volume", "json_key")

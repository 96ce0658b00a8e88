"""How requests reach a service: its target group, and the rule that sends requests there."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names

# A rule has room for five values; the last priority there is belongs to whoever takes the rest.
PATHS_PER_RULE = 5
LAST_PRIORITY = 50000
EVERYTHING = "/*"


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route without ``paths`` takes every request that no other route of the listener took.

    ``grace_seconds`` is how long after its start a task may still be unhealthy.
    """

    listener_arn: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    paths: t.Sequence[str] = ()
    priority: int | None = None
    health_path: str = "/health"
    health_matcher: str = "200"
    health_interval_seconds: int = 15
    health_timeout_seconds: int = 5
    healthy_after: int = 2
    unhealthy_after: int = 3
    grace_seconds: int = 60
    # Longer than the slowest answer, shorter than a deployment's patience.
    deregistration_seconds: int = 30

    def __post_init__(self) -> None:
        self._check_rule()
        if not self.health_path.startswith("/"):
            raise ValueError(f"The health check asks for {self.health_path!r}; a path starts with a slash.")
        if not 5 <= self.health_interval_seconds <= 300:
            raise ValueError(f"Health is checked every 5 to 300 seconds, not every {self.health_interval_seconds}.")
        if not 2 <= self.health_timeout_seconds < self.health_interval_seconds:
            raise ValueError(
                f"A health check waits {self.health_timeout_seconds} s for an answer; that must be at least 2 s and "
                f"less than its interval of {self.health_interval_seconds} s."
            )
        for name, number in (("healthy_after", self.healthy_after), ("unhealthy_after", self.unhealthy_after)):
            if not 2 <= number <= 10:
                raise ValueError(f"{name} is {number}; a load balancer counts 2 to 10 checks.")
        if self.grace_seconds < 0 or not 0 <= self.deregistration_seconds <= 3600:
            raise ValueError("grace_seconds cannot be negative, and deregistration_seconds is at most an hour.")

    def _check_rule(self) -> None:
        if not self.paths:
            if self.priority is not None:
                raise ValueError(
                    f"A route without paths takes the rest, after all others; it cannot have the priority "
                    f"{self.priority} as well."
                )
            return
        if len(self.paths) > PATHS_PER_RULE:
            raise ValueError(f"A rule takes at most {PATHS_PER_RULE} paths, not {len(self.paths)}: {self.paths}.")
        if wrong := [path for path in self.paths if not path.startswith("/") or len(path) > 128]:
            raise ValueError(f"{wrong} are no path patterns: they start with a slash and have at most 128 characters.")
        if self.priority is None or not 1 <= self.priority < LAST_PRIORITY:
            raise ValueError(
                f"The route to {', '.join(self.paths)} has the priority {self.priority}; "
                f"give it a number of its own below {LAST_PRIORITY}."
            )


class Target:
    """What a route becomes. Children of the service they belong to, so not a component of its own."""

    def __init__(
        self,
        names: Names,
        service: str,
        route: Route,
        *,
        port: int,
        by: t.Literal["ip", "instance"],
        vpc_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self.group = aws.lb.TargetGroup(
            names.short(service),
            target_type=by,
            port=port,
            protocol="HTTP",
            vpc_id=vpc_id,
            deregistration_delay=route.deregistration_seconds,
            health_check={
                "enabled": True,
                "path": route.health_path,
                "matcher": route.health_matcher,
                "protocol": "HTTP",
                "port": "traffic-port",
                "interval": route.health_interval_seconds,
                "timeout": route.health_timeout_seconds,
                "healthy_threshold": route.healthy_after,
                "unhealthy_threshold": route.unhealthy_after,
            },
            opts=opts,
        )
        self.rule = aws.lb.ListenerRule(
            names(service),
            listener_arn=route.listener_arn,
            priority=LAST_PRIORITY if route.priority is None else route.priority,
            conditions=[{"path_pattern": {"values": list(route.paths) or [EVERYTHING]}}],
            actions=[{"type": "forward", "target_group_arn": self.group.arn}],
            opts=opts,
        )


__all__ = ("Route", "Target")

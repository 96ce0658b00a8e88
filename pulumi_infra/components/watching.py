"""What can be watched, and how: each kind of thing knows the alarms it needs and the graphs that explain them.

A system lists what it has; L(components.alarms.Alarms) and L(components.observability.Dashboard) take the same list.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

import pulumi

Text = pulumi.Input[str]
Dimensions = t.Mapping[str, Text]
ABOVE = "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One condition. A threshold is reached, or fallen below, for some minutes in a row."""

    purpose: str
    description: str
    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    minutes: int
    # What silence means depends on the metric: see each alarm.
    missing: t.Literal["breaching", "notBreaching", "ignore", "missing"]
    dimensions: Dimensions


@dataclass(frozen=True, kw_only=True)
class Line:
    """One metric in a graph."""

    namespace: str
    metric: str
    statistic: str
    dimensions: Dimensions
    label: str | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One graph."""

    title: str
    lines: t.Sequence[Line]


class Watched(t.Protocol):
    """Anything that knows its alarms and its graphs."""

    def alarms(self) -> list[Alarm]: ...

    def panels(self) -> list[Panel]: ...


@dataclass(frozen=True, kw_only=True)
class WatchedBalancer:
    """A load balancer."""

    suffix: Text

    @property
    def _dimensions(self) -> Dimensions:
        return {"LoadBalancer": self.suffix}

    def alarms(self) -> list[Alarm]:
        return [
            _too_much(
                "AWS/ApplicationELB",
                self._dimensions,
                purpose="alb-5xx",
                description="The load balancer itself answered 5xx: nothing behind it could.",
                # The metric exists only in minutes with such an answer.
                metric="HTTPCode_ELB_5XX_Count",
                statistic="Sum",
                threshold=1,
            )
        ]

    def panels(self) -> list[Panel]:
        metrics = ("RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "HTTPCode_Target_4XX_Count")
        return [
            Panel(
                title="Load balancer: requests and errors",
                lines=_lines("AWS/ApplicationELB", self._dimensions, *((name, "Sum") for name in metrics)),
            ),
            Panel(
                title="Load balancer: seconds to answer",
                lines=_lines(
                    "AWS/ApplicationELB", self._dimensions, *(("TargetResponseTime", each) for each in ("p50", "p95"))
                ),
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class WatchedTargets:
    """The target group a service is reached through."""

    balancer_suffix: Text
    target_group_suffix: Text


@dataclass(frozen=True, kw_only=True)
class WatchedService:
    """A service on ECS. Without targets it is a worker, and is watched by whether any task of it runs."""

    service: str
    cluster_name: Text
    service_name: Text
    targets: WatchedTargets | None = None

    @property
    def _dimensions(self) -> Dimensions:
        return {"ClusterName": self.cluster_name, "ServiceName": self.service_name}

    def alarms(self) -> list[Alarm]:
        return [
            self._unhealthy(self.targets) if self.targets else self._not_running(),
            *(
                _too_much(
                    "AWS/ECS",
                    self._dimensions,
                    purpose=f"{self.service}-{word}",
                    description=f"{text} use of the service has been 80 % or more for 3 minutes.",
                    # No task, no load: that no task runs is what the alarm above is for.
                    metric=metric,
                    statistic="Average",
                    threshold=80,
                    minutes=3,
                )
                for word, text, metric in (("cpu", "CPU", "CPUUtilization"), ("memory", "Memory", "MemoryUtilization"))
            ),
        ]

    def _unhealthy(self, targets: WatchedTargets) -> Alarm:
        return Alarm(
            purpose=f"{self.service}-healthy-hosts",
            description="No task is healthy in the target group.",
            namespace="AWS/ApplicationELB",
            metric="HealthyHostCount",
            statistic="Minimum",
            comparison=BELOW,
            threshold=1,
            minutes=1,
            # A target group without targets reports nothing at all.
            missing="breaching",
            dimensions={"LoadBalancer": targets.balancer_suffix, "TargetGroup": targets.target_group_suffix},
        )

    def _not_running(self) -> Alarm:
        return Alarm(
            purpose=f"{self.service}-running-tasks",
            description="No task of the service has reported for 3 minutes.",
            namespace="AWS/ECS",
            metric="CPUUtilization",
            # Every running task reports once a minute, so the number of reports is the number of tasks.
            statistic="SampleCount",
            comparison=BELOW,
            threshold=1,
            minutes=3,
            missing="breaching",
            dimensions=self._dimensions,
        )

    def panels(self) -> list[Panel]:
        found = [
            Panel(
                title=f"{self.service}: CPU and memory, %",
                lines=_lines(
                    "AWS/ECS", self._dimensions, ("CPUUtilization", "Average"), ("MemoryUtilization", "Average")
                ),
            ),
            Panel(
                title=f"{self.service}: tasks",
                lines=[_line("AWS/ECS", "CPUUtilization", "SampleCount", self._dimensions, "running tasks")],
            ),
        ]
        if self.targets:
            dimensions = {
                "LoadBalancer": self.targets.balancer_suffix,
                "TargetGroup": self.targets.target_group_suffix,
            }
            healthy = (("HealthyHostCount", "Minimum"), ("UnHealthyHostCount", "Maximum"))
            found.append(
                Panel(title=f"{self.service}: targets", lines=_lines("AWS/ApplicationELB", dimensions, *healthy))
            )
        return found


@dataclass(frozen=True, kw_only=True)
class WatchedFunction:
    """A function, as its callers see it: through the alias."""

    function: str
    function_name: Text
    alias: Text
    timeout_seconds: int
    errors: int = 1
    # How much of the time it has a function may use, in percent.
    near_timeout: int = 90

    def __post_init__(self) -> None:
        if not 1 <= self.near_timeout < 100:
            raise ValueError(f"near_timeout is a part of the timeout, 1 to 99 %, not {self.near_timeout}.")

    @property
    def _dimensions(self) -> Dimensions:
        return {
            "FunctionName": self.function_name,
            "Resource": pulumi.Output.concat(self.function_name, ":", self.alias),
        }

    def alarms(self) -> list[Alarm]:
        too_much = functools.partial(_too_much, "AWS/Lambda", self._dimensions)
        name = self.function
        return [
            too_much(f"{name}-errors", "An invocation failed or ran out of time.", "Errors", "Sum", self.errors),
            too_much(f"{name}-throttles", "An invocation was refused: too many at once.", "Throttles", "Sum", 1),
            too_much(
                f"{name}-duration",
                f"An invocation took {self.near_timeout} % or more of the {self.timeout_seconds} s it has.",
                "Duration",
                "Maximum",
                self.timeout_seconds * 1000 * self.near_timeout / 100,
            ),
        ]

    def panels(self) -> list[Panel]:
        counts = (("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("ConcurrentExecutions", "Maximum"))
        times = (("Duration", "p50"), ("Duration", "p95"), ("Duration", "Maximum"))
        return [
            Panel(title=f"{self.function}: invocations", lines=_lines("AWS/Lambda", self._dimensions, *counts)),
            Panel(title=f"{self.function}: milliseconds", lines=_lines("AWS/Lambda", self._dimensions, *times)),
        ]


@dataclass(frozen=True, kw_only=True)
class WatchedApi:
    """A REST API of API Gateway."""

    api: str
    api_name: Text
    stage: Text
    # The slowest twentieth of the answers takes longer than this for five minutes.
    slow_milliseconds: int = 10_000

    @property
    def _dimensions(self) -> Dimensions:
        return {"ApiName": self.api_name, "Stage": self.stage}

    def alarms(self) -> list[Alarm]:
        return [
            _too_much(
                "AWS/ApiGateway",
                self._dimensions,
                purpose=f"{self.api}-5xx",
                description="The API answered 5xx.",
                metric="5XXError",
                statistic="Sum",
                threshold=1,
            ),
            _too_much(
                "AWS/ApiGateway",
                self._dimensions,
                purpose=f"{self.api}-latency",
                description=f"One answer in twenty took {self.slow_milliseconds} ms or longer for 5 minutes.",
                metric="Latency",
                statistic="p95",
                threshold=self.slow_milliseconds,
                minutes=5,
            ),
        ]

    def panels(self) -> list[Panel]:
        counts = (("Count", "Sum"), ("4XXError", "Sum"), ("5XXError", "Sum"))
        times = (("Latency", "p50"), ("Latency", "p95"), ("IntegrationLatency", "p95"))
        return [
            Panel(title=f"{self.api}: requests and errors", lines=_lines("AWS/ApiGateway", self._dimensions, *counts)),
            Panel(title=f"{self.api}: milliseconds", lines=_lines("AWS/ApiGateway", self._dimensions, *times)),
        ]


@dataclass(frozen=True, kw_only=True)
class WatchedQueue:
    """A queue, and the one for messages nobody could handle, if it has one."""

    queue: str
    queue_name: Text
    dead_letter_name: Text | None = None
    oldest_seconds: int = 900

    def alarms(self) -> list[Alarm]:
        found = [
            _too_much(
                "AWS/SQS",
                {"QueueName": self.queue_name},
                purpose=f"{self.queue}-age",
                description=f"A message has been waiting for {self.oldest_seconds} s or longer.",
                # A queue that nobody uses stops reporting.
                metric="ApproximateAgeOfOldestMessage",
                statistic="Maximum",
                threshold=self.oldest_seconds,
                minutes=3,
            )
        ]
        if self.dead_letter_name is not None:
            found.append(
                _too_much(
                    "AWS/SQS",
                    {"QueueName": self.dead_letter_name},
                    purpose=f"{self.queue}-dead-letters",
                    description="A message was given up: no worker could handle it.",
                    metric="ApproximateNumberOfMessagesVisible",
                    statistic="Maximum",
                    threshold=1,
                )
            )
        return found

    def panels(self) -> list[Panel]:
        own = {"QueueName": self.queue_name}
        messages = [
            _line("AWS/SQS", "NumberOfMessagesSent", "Sum", own, "sent"),
            _line("AWS/SQS", "NumberOfMessagesDeleted", "Sum", own, "done"),
            _line("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", own, "waiting"),
        ]
        if self.dead_letter_name is not None:
            given_up = {"QueueName": self.dead_letter_name}
            messages.append(_line("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", given_up, "given up"))
        return [
            Panel(title=f"{self.queue}: messages", lines=messages),
            Panel(
                title=f"{self.queue}: seconds the oldest message waits",
                lines=_lines("AWS/SQS", own, ("ApproximateAgeOfOldestMessage", "Maximum")),
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class WatchedDatabase:
    """An Aurora cluster that scales by itself."""

    database: str
    cluster_id: Text
    # PostgreSQL takes about 90 for each gibibyte of memory; a capacity unit has two.
    most_connections: int

    def __post_init__(self) -> None:
        if self.most_connections < 1:
            raise ValueError(f"most_connections is {self.most_connections}: the alarm would never be silent.")

    @property
    def _dimensions(self) -> Dimensions:
        return {"DBClusterIdentifier": self.cluster_id}

    def alarms(self) -> list[Alarm]:
        # A cluster at rest, with no capacity at all, reports nothing.
        too_much = functools.partial(_too_much, "AWS/RDS", self._dimensions, minutes=5)
        name = self.database
        return [
            too_much(f"{name}-cpu", "The CPU was used to 80 % or more for 5 minutes.", "CPUUtilization", "Average", 80),
            too_much(
                f"{name}-capacity",
                "The cluster used 90 % or more of the most capacity it may have, for 5 minutes.",
                "ACUUtilization",
                "Average",
                90,
            ),
            too_much(
                f"{name}-connections",
                f"The cluster had {self.most_connections} connections or more for 5 minutes.",
                "DatabaseConnections",
                "Maximum",
                self.most_connections,
            ),
        ]

    def panels(self) -> list[Panel]:
        use = (("CPUUtilization", "Average"), ("ACUUtilization", "Average"))
        size = (("ServerlessDatabaseCapacity", "Average"), ("DatabaseConnections", "Maximum"))
        return [
            Panel(title=f"{self.database}: CPU and capacity, %", lines=_lines("AWS/RDS", self._dimensions, *use)),
            Panel(
                title=f"{self.database}: capacity units and connections",
                lines=_lines("AWS/RDS", self._dimensions, *size),
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class WatchedCluster:
    """The machines of an ECS cluster with capacity of its own: only graphs, the services have the alarms."""

    cluster_name: Text

    def alarms(self) -> list[Alarm]:
        return []

    def panels(self) -> list[Panel]:
        dimensions = {"ClusterName": self.cluster_name}
        use = (("CPUReservation", "Average"), ("MemoryReservation", "Average"))
        return [Panel(title="Machines: reserved CPU and memory, %", lines=_lines("AWS/ECS", dimensions, *use))]


def _too_much(
    namespace: str,
    dimensions: Dimensions,
    purpose: str,
    description: str,
    metric: str,
    statistic: str,
    threshold: float,
    *,
    minutes: int = 1,
) -> Alarm:
    """Return an alarm on a number that gets too high. Where nobody reports one, nothing happens, and all is well."""
    return Alarm(
        purpose=purpose,
        description=description,
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        comparison=ABOVE,
        threshold=threshold,
        minutes=minutes,
        missing="notBreaching",
        dimensions=dimensions,
    )


def _line(namespace: str, metric: str, statistic: str, dimensions: Dimensions, label: str | None = None) -> Line:
    return Line(namespace=namespace, metric=metric, statistic=statistic, dimensions=dimensions, label=label)


def _lines(namespace: str, dimensions: Dimensions, *wanted: tuple[str, str]) -> list[Line]:
    return [_line(namespace, metric, statistic, dimensions) for metric, statistic in wanted]


__all__ = (
    "Alarm",
    "Line",
    "Panel",
    "Watched",
    "WatchedApi",
    "WatchedBalancer",
    "WatchedCluster",
    "WatchedDatabase",
    "WatchedFunction",
    "WatchedQueue",
    "WatchedService",
    "WatchedTargets",
)

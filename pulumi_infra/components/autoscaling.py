"""How many tasks a service runs: as many as keep a measure where it should be."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"


@dataclass(frozen=True, kw_only=True)
class RequestsPerTarget:
    """Requests that each task answers in a minute. The suffixes are those of the ARNs."""

    load_balancer_suffix: pulumi.Input[str]
    target_group_suffix: pulumi.Input[str]
    requests: int

    def __post_init__(self) -> None:
        if self.requests < 1:
            raise ValueError(f"A task must answer at least one request a minute, not {self.requests}.")


@dataclass(frozen=True, kw_only=True)
class QueueBacklog:
    """Messages that wait in a queue for each task: the time they may wait, divided by what one takes."""

    queue_name: pulumi.Input[str]
    messages_per_task: int

    def __post_init__(self) -> None:
        if self.messages_per_task < 1:
            raise ValueError(f"At least one message waits for each task, not {self.messages_per_task}.")


@dataclass(frozen=True, kw_only=True)
class AutoscalingArgs:
    """Several measures may be given: the one that wants most tasks decides, and all must agree before one goes."""

    names: Names
    service: str
    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    minimum: int
    maximum: int
    cpu_percent: int | None = None
    memory_percent: int | None = None
    requests_per_target: RequestsPerTarget | None = None
    queue_backlog: QueueBacklog | None = None
    scale_in_cooldown_seconds: int = 300
    scale_out_cooldown_seconds: int = 60

    def __post_init__(self) -> None:
        measures = (self.cpu_percent, self.memory_percent, self.requests_per_target, self.queue_backlog)
        if all(measure is None for measure in measures):
            raise ValueError(
                f"Nothing says when {self.service} scales: give cpu_percent, memory_percent, requests_per_target "
                "or queue_backlog."
            )
        if self.minimum < 1:
            # A release never sends a count of its own, so nothing would ever start.
            raise ValueError(f"{self.service} keeps at least one task, not {self.minimum}.")
        if self.maximum <= self.minimum:
            raise ValueError(f"{self.service} cannot scale between {self.minimum} and {self.maximum} tasks.")
        for word, percent in (("cpu_percent", self.cpu_percent), ("memory_percent", self.memory_percent)):
            if percent is not None and not 1 <= percent <= 100:
                raise ValueError(f"{word} is {percent}; it is a share between 1 and 100.")
        if min(self.scale_in_cooldown_seconds, self.scale_out_cooldown_seconds) < 0:
            raise ValueError(f"The pauses of {self.service} cannot be negative.")


class Autoscaling(pulumi.ComponentResource):
    """For a service made with ``autoscaled=True``, which then leaves its number of tasks alone."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:Autoscaling", name, None, opts)
        self._args = args
        self._target = aws.appautoscaling.Target(
            args.names(args.service),
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.minimum,
            max_capacity=args.maximum,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.cpu_percent is not None:
            self._track("cpu", args.cpu_percent, _predefined("ECSServiceAverageCPUUtilization"))
        if args.memory_percent is not None:
            self._track("memory", args.memory_percent, _predefined("ECSServiceAverageMemoryUtilization"))
        if (by_requests := args.requests_per_target) is not None:
            label = pulumi.Output.concat(by_requests.load_balancer_suffix, "/", by_requests.target_group_suffix)
            self._track("requests", by_requests.requests, _predefined("ALBRequestCountPerTarget", label))
        if (backlog := args.queue_backlog) is not None:
            self._track("backlog", backlog.messages_per_task, self._backlog_per_task(backlog))
        self.resource_id: pulumi.Output[str] = self._target.resource_id
        self.target_arn: pulumi.Output[str] = self._target.arn
        self.register_outputs({"resource_id": self.resource_id})

    def _track(self, word: str, value: int, metric: dict[str, t.Any]) -> None:
        args = self._args
        name = args.names(f"{args.service}-{word}")
        configuration: t.Any = {
            "target_value": value,
            "scale_in_cooldown": args.scale_in_cooldown_seconds,
            "scale_out_cooldown": args.scale_out_cooldown_seconds,
            **metric,
        }
        aws.appautoscaling.Policy(
            name,
            name=name,
            policy_type="TargetTrackingScaling",
            service_namespace=self._target.service_namespace,
            scalable_dimension=self._target.scalable_dimension,
            resource_id=self._target.resource_id,
            target_tracking_scaling_policy_configuration=configuration,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _backlog_per_task(self, backlog: QueueBacklog) -> dict[str, t.Any]:
        args = self._args
        waiting = _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": backlog.queue_name})
        load = _metric(
            "AWS/ECS", "CPUUtilization", {"ClusterName": args.cluster_name, "ServiceName": args.service_name}
        )
        return {
            "customized_metric_specification": {
                "metrics": [
                    {"id": "waiting", "metric_stat": {"metric": waiting, "stat": "Average"}, "return_data": False},
                    # Each running task reports its load once a minute: their number is the number of tasks, and needs
                    # no Container Insights.
                    {"id": "tasks", "metric_stat": {"metric": load, "stat": "SampleCount"}, "return_data": False},
                    {
                        "id": "backlog",
                        # An idle queue and a service without tasks report nothing at all.
                        "expression": "FILL(waiting, 0) / FILL(tasks, 1)",
                        "label": "Messages waiting for each task",
                        "return_data": True,
                    },
                ]
            }
        }


def _predefined(kind: str, label: pulumi.Input[str] | None = None) -> dict[str, t.Any]:
    specification: dict[str, t.Any] = {"predefined_metric_type": kind}
    if label is not None:
        specification["resource_label"] = label
    return {"predefined_metric_specification": specification}


def _metric(namespace: str, name: str, dimensions: t.Mapping[str, pulumi.Input[str]]) -> dict[str, t.Any]:
    return {
        "namespace": namespace,
        "metric_name": name,
        "dimensions": [{"name": key, "value": value} for key, value in dimensions.items()],
    }


__all__ = ("Autoscaling", "AutoscalingArgs", "QueueBacklog", "RequestsPerTarget")

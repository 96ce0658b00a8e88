"""The alarms a release is judged by. They live and die with the stack."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.watching import Alarm, Watched, WatchedBalancer, WatchedService, WatchedTargets

PERCENTILE = re.compile(r"p[0-9]{1,2}(\.[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class AlarmSetArgs:
    """The alarms of everything a stack has. ``actions`` are told of each alarm, and of its end: usually one topic."""

    names: Names
    watched: t.Sequence[Watched]
    actions: t.Sequence[pulumi.Input[str]] = ()

    def __post_init__(self) -> None:
        purposes = [alarm.purpose for alarm in self.alarms()]
        twice = sorted({purpose for purpose in purposes if purposes.count(purpose) > 1})
        if twice:
            raise ValueError(f"Two alarms would be called {', '.join(twice)}; give what is watched names of its own.")
        if not purposes:
            raise ValueError("Nothing that is watched has an alarm, and a release would be judged by nothing.")

    def alarms(self) -> list[Alarm]:
        return [alarm for watched in self.watched for alarm in watched.alarms()]


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """The least that one service behind one load balancer needs."""

    names: Names
    service: str
    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    load_balancer_suffix: pulumi.Input[str]
    target_group_suffix: pulumi.Input[str]
    actions: t.Sequence[pulumi.Input[str]] = ()

    def as_set(self) -> AlarmSetArgs:
        targets = WatchedTargets(
            balancer_suffix=self.load_balancer_suffix, target_group_suffix=self.target_group_suffix
        )
        service = WatchedService(
            service=self.service,
            cluster_name=self.cluster_name,
            service_name=self.service_name,
            targets=targets,
        )
        balancer = WatchedBalancer(suffix=self.load_balancer_suffix)
        return AlarmSetArgs(names=self.names, watched=[balancer, service], actions=self.actions)


class Alarms(pulumi.ComponentResource):
    def __init__(self, name: str, args: AlarmSetArgs | AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cloudwatch:Alarms", name, None, opts)
        whole = args.as_set() if isinstance(args, AlarmsArgs) else args
        self.names: list[pulumi.Output[str]] = []
        self.arns: list[pulumi.Output[str]] = []
        for alarm in whole.alarms():
            # CloudWatch keeps percentiles apart from the other statistics.
            percentile = bool(PERCENTILE.fullmatch(alarm.statistic))
            created = aws.cloudwatch.MetricAlarm(
                whole.names(alarm.purpose),
                name=whole.names(alarm.purpose),
                alarm_description=alarm.description,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                statistic=None if percentile else alarm.statistic,
                extended_statistic=alarm.statistic if percentile else None,
                comparison_operator=alarm.comparison,
                threshold=alarm.threshold,
                period=60,
                evaluation_periods=alarm.minutes,
                datapoints_to_alarm=alarm.minutes,
                treat_missing_data=alarm.missing,
                dimensions=dict(alarm.dimensions),
                alarm_actions=list(whole.actions),
                ok_actions=list(whole.actions),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.names.append(created.name)
            self.arns.append(created.arn)
        self.register_outputs({"names": self.names})


__all__ = ("AlarmSetArgs", "Alarms", "AlarmsArgs")

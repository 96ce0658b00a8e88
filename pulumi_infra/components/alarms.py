"""The alarms a release is judged by. They live and die with the stack."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    names: Names
    service: str
    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    load_balancer_suffix: pulumi.Input[str]
    target_group_suffix: pulumi.Input[str]
    actions: t.Sequence[pulumi.Input[str]] = ()


@dataclass(frozen=True, kw_only=True)
class _Alarm:
    purpose: str
    description: str
    namespace: str
    metric: str
    statistic: str
    comparison: str
    threshold: float
    minutes: int
    # What silence means depends on the metric: see each alarm.
    missing: str
    dimensions: t.Mapping[str, pulumi.Input[str]]


class Alarms(pulumi.ComponentResource):
    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cloudwatch:Alarms", name, None, opts)
        self.names: list[pulumi.Output[str]] = []
        self.arns: list[pulumi.Output[str]] = []
        for alarm in _alarms(args):
            created = aws.cloudwatch.MetricAlarm(
                args.names(alarm.purpose),
                name=args.names(alarm.purpose),
                alarm_description=alarm.description,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                statistic=alarm.statistic,
                comparison_operator=alarm.comparison,
                threshold=alarm.threshold,
                period=60,
                evaluation_periods=alarm.minutes,
                datapoints_to_alarm=alarm.minutes,
                treat_missing_data=alarm.missing,
                dimensions=dict(alarm.dimensions),
                alarm_actions=list(args.actions),
                ok_actions=list(args.actions),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.names.append(created.name)
            self.arns.append(created.arn)
        self.register_outputs({"names": self.names})


def _alarms(args: AlarmsArgs) -> list[_Alarm]:
    balancer = {"LoadBalancer": args.load_balancer_suffix}
    service = {"ClusterName": args.cluster_name, "ServiceName": args.service_name}
    return [
        _Alarm(
            purpose="alb-5xx",
            description="The load balancer itself answered 5xx: nothing behind it could.",
            namespace="AWS/ApplicationELB",
            metric="HTTPCode_ELB_5XX_Count",
            statistic="Sum",
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            minutes=1,
            # The metric exists only in minutes with such an answer.
            missing="notBreaching",
            dimensions=balancer,
        ),
        _Alarm(
            purpose=f"{args.service}-healthy-hosts",
            description="No task is healthy in the target group.",
            namespace="AWS/ApplicationELB",
            metric="HealthyHostCount",
            statistic="Minimum",
            comparison="LessThanThreshold",
            threshold=1,
            minutes=1,
            # A target group without targets reports nothing at all.
            missing="breaching",
            dimensions={**balancer, "TargetGroup": args.target_group_suffix},
        ),
        *(
            _Alarm(
                purpose=f"{args.service}-{word}",
                description=f"{text} use of the service has been 80 % or more for 3 minutes.",
                namespace="AWS/ECS",
                metric=metric,
                statistic="Average",
                comparison="GreaterThanOrEqualToThreshold",
                threshold=80,
                minutes=3,
                # No task, no load: that no task runs is what the alarm above is for.
                missing="notBreaching",
                dimensions=service,
            )
            for word, text, metric in (("cpu", "CPU", "CPUUtilization"), ("memory", "Memory", "MemoryUtilization"))
        ),
    ]


__all__ = ("Alarms", "AlarmsArgs")

"""A dashboard made from what the stack has, and an end for logs that AWS would keep for ever."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.watching import Line, Panel, Watched

# The only numbers of days that CloudWatch takes.
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
# The grid of a dashboard is 24 wide: two graphs beside each other.
WIDTH, HEIGHT, COLUMNS = 12, 6, 2
ERRORS = "fields @timestamp, @log, @message | filter @message like /(?i)(error|exception|fatal)/ | sort @timestamp desc"


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """Graphs of what is watched, the state of the alarms above them, and the newest errors of the logs below."""

    names: Names
    region: str
    watched: t.Sequence[Watched]
    alarm_arns: t.Sequence[pulumi.Input[str]] = ()
    log_groups: t.Sequence[pulumi.Input[str]] = ()

    def __post_init__(self) -> None:
        if not self.panels():
            raise ValueError("A dashboard of nothing that is watched would be empty.")

    def panels(self) -> list[Panel]:
        return [panel for watched in self.watched for panel in watched.panels()]


class Dashboard(pulumi.ComponentResource):
    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cloudwatch:Dashboard", name, None, opts)
        dashboard = aws.cloudwatch.Dashboard(
            args.names("dashboard"),
            # People look for it by the stack's name.
            dashboard_name=args.names.prefix,
            dashboard_body=pulumi.Output.json_dumps({"widgets": _widgets(args)}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name: pulumi.Output[str] = dashboard.dashboard_name
        self.arn: pulumi.Output[str] = dashboard.dashboard_arn
        self.register_outputs({"name": self.name})


def _widgets(args: DashboardArgs) -> list[dict[str, t.Any]]:
    widgets: list[dict[str, t.Any]] = []
    top = 0
    if args.alarm_arns:
        shown = {"title": "Alarms", "alarms": list(args.alarm_arns)}
        widgets.append({"type": "alarm", "x": 0, "y": 0, "width": WIDTH * COLUMNS, "height": 3, "properties": shown})
        top = 3
    panels = args.panels()
    for number, panel in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        place = {"x": column * WIDTH, "y": top + row * HEIGHT, "width": WIDTH, "height": HEIGHT}
        widgets.append({"type": "metric", **place, "properties": _graph(panel, args.region)})
    if args.log_groups:
        sources = pulumi.Output.all(*args.log_groups).apply(
            lambda groups: " | ".join(f"SOURCE '{group}'" for group in groups)
        )
        query = pulumi.Output.concat(sources, " | ", ERRORS, " | limit 50")
        below = top + -(-len(panels) // COLUMNS) * HEIGHT
        place = {"x": 0, "y": below, "width": WIDTH * COLUMNS, "height": HEIGHT}
        table: dict[str, t.Any] = {"title": "Errors in the logs", "view": "table", "query": query}
        widgets.append({"type": "log", **place, "properties": {**table, "region": args.region}})
    return widgets


def _graph(panel: Panel, region: str) -> dict[str, t.Any]:
    return {
        "title": panel.title,
        "region": region,
        "view": "timeSeries",
        "stacked": False,
        "period": 60,
        "metrics": [_metric(line) for line in panel.lines],
    }


def _metric(line: Line) -> list[t.Any]:
    """Return a metric as dashboards write it: namespace, name, dimensions in pairs, and what else there is to say."""
    dimensions = [part for pair in line.dimensions.items() for part in pair]
    said = {"stat": line.statistic, "label": line.label or f"{line.metric} ({line.statistic})"}
    return [line.namespace, line.metric, *dimensions, said]


@dataclass(frozen=True, kw_only=True)
class RetainedLogsArgs:
    """``groups`` maps a word to the name of a log group that AWS would otherwise make itself, without an end.

    Such are ``/aws/rds/cluster/<id>/postgresql`` and ``/aws/ecs/containerinsights/<cluster>/performance``.
    """

    names: Names
    groups: t.Mapping[str, pulumi.Input[str]]
    retention_days: int = 30

    def __post_init__(self) -> None:
        if self.retention_days not in RETENTION_DAYS:
            known = ", ".join(str(days) for days in sorted(RETENTION_DAYS))
            raise ValueError(f"CloudWatch keeps logs for {known} days, not for {self.retention_days}.")
        if not self.groups:
            raise ValueError("No log group is named.")


class RetainedLogs(pulumi.ComponentResource):
    """Make it before what writes the log: otherwise AWS makes the group first, and it is in the way."""

    def __init__(self, name: str, args: RetainedLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cloudwatch:RetainedLogs", name, None, opts)
        self.log_groups: dict[str, pulumi.Output[str]] = {
            word: aws.cloudwatch.LogGroup(
                args.names(f"{word}-log"),
                name=group,
                retention_in_days=args.retention_days,
                opts=pulumi.ResourceOptions(parent=self),
            ).name
            for word, group in args.groups.items()
        }
        self.register_outputs({"log_groups": self.log_groups})


__all__ = ("RETENTION_DAYS", "Dashboard", "DashboardArgs", "RetainedLogs", "RetainedLogsArgs")

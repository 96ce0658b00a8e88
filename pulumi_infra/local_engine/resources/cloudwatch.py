"""Alarms, dashboards and log groups."""

from __future__ import annotations

import json
import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


@handles("aws:cloudwatch/metricAlarm:MetricAlarm")
class MetricAlarm(Handler):
    # The provider's name, and the API's.
    FIELDS: t.ClassVar[dict[str, str]] = {
        "alarmDescription": "AlarmDescription",
        "namespace": "Namespace",
        "metricName": "MetricName",
        "statistic": "Statistic",
        "extendedStatistic": "ExtendedStatistic",
        "comparisonOperator": "ComparisonOperator",
        "threshold": "Threshold",
        "period": "Period",
        "evaluationPeriods": "EvaluationPeriods",
        "datapointsToAlarm": "DatapointsToAlarm",
        "treatMissingData": "TreatMissingData",
        "alarmActions": "AlarmActions",
        "okActions": "OKActions",
        "insufficientDataActions": "InsufficientDataActions",
    }
    inputs = frozenset({"name", "dimensions", "tags", *FIELDS})
    replace_on = frozenset({"name"})
    named_by = "name"

    @property
    def cloudwatch(self) -> t.Any:
        return self.cloud.client("cloudwatch")

    def create(self, inputs: Properties) -> str:
        self._put(inputs, Tags=tags.pairs(inputs))
        name: str = inputs["name"]
        return name

    def _put(self, inputs: Properties, **more: t.Any) -> None:
        fields = {key: inputs.get(name) for name, key in self.FIELDS.items()}
        dimensions = [{"Name": key, "Value": value} for key, value in sorted(inputs.get("dimensions", {}).items())]
        self.cloudwatch.put_metric_alarm(**given(AlarmName=inputs["name"], Dimensions=dimensions, **fields), **more)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.cloudwatch.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        return {**tags.outputs(inputs), "arn": found[0]["AlarmArn"], "name": id_} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if {**old, "tags": None} != {**new, "tags": None}:
            self._put(new)
        put, gone = tags.difference(old, new)
        if put or gone:
            found = self.cloudwatch.describe_alarms(AlarmNames=[id_])["MetricAlarms"]
            arn = found[0]["AlarmArn"]
            if put:
                self.cloudwatch.tag_resource(ResourceARN=arn, Tags=tags.pairs({"tags": put}))
            if gone:
                self.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.cloudwatch.delete_alarms(AlarmNames=[id_]))


@handles("aws:cloudwatch/dashboard:Dashboard")
class Dashboard(Handler):
    inputs = frozenset({"dashboardName", "dashboardBody"})
    replace_on = frozenset({"dashboardName"})
    unique_by = ("dashboardName",)

    @property
    def cloudwatch(self) -> t.Any:
        return self.cloud.client("cloudwatch")

    def create(self, inputs: Properties) -> str:
        name: str = inputs["dashboardName"]
        self._put(inputs)
        return name

    def _put(self, inputs: Properties) -> None:
        self.cloudwatch.put_dashboard(DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"])

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.cloudwatch.get_dashboard(DashboardName=id_))
        return {"dashboardArn": found["DashboardArn"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        # Only another order of the same JSON is no change.
        if json.loads(old["dashboardBody"]) != json.loads(new["dashboardBody"]):
            self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.cloudwatch.delete_dashboards(DashboardNames=[id_]))


@handles("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(Handler):
    inputs = frozenset({"name", "retentionInDays", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    @property
    def logs(self) -> t.Any:
        return self.cloud.client("logs")

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.logs.create_log_group(**given(logGroupName=name, tags=inputs.get("tags")))
        self._retain(name, inputs)
        return name

    def _retain(self, name: str, inputs: Properties) -> None:
        # Zero is the provider's word for ever.
        if days := inputs.get("retentionInDays"):
            self.logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        else:
            unless_missing(lambda: self.logs.delete_retention_policy(logGroupName=name))

    def _describe(self, name: str) -> dict[str, t.Any] | None:
        pages = self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
        return next((group for page in pages for group in page["logGroups"] if group["logGroupName"] == name), None)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        group = self._describe(id_)
        # The API adds ":*", which stands for the streams; the provider leaves it out.
        return {**tags.outputs(inputs), "arn": group["arn"].removesuffix(":*"), "name": id_} if group else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("retentionInDays") != new.get("retentionInDays"):
            self._retain(id_, new)
        put, gone = tags.difference(old, new)
        if put or gone:
            arn = ((self._describe(id_) or {}).get("arn") or "").removesuffix(":*")
            if put:
                self.logs.tag_resource(resourceArn=arn, tags=put)
            if gone:
                self.logs.untag_resource(resourceArn=arn, tagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.logs.delete_log_group(logGroupName=id_))

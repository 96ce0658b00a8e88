# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The Lambda and CloudWatch calls a release makes, one function each."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Alias, Snapshot

MISSING = "ResourceNotFoundException"
# The last one is what an endpoint answers that does not have this part of the API.
NOT_WARM = frozenset({"ProvisionedConcurrencyConfigNotFoundException", MISSING, "404"})


@dataclasses.dataclass(frozen=True)
class Invocation:
    """What came back from a function that was called."""

    payload: bytes
    error: str | None
    version: str | None
    log: str


def get_function(client: t.Any, function: str, qualifier: str | None = None) -> Snapshot | None:
    """Return a function or one of its versions, or nothing if there is none."""
    try:
        return _get_function(client, function, qualifier)
    except AwsError as error:
        if error.code == MISSING:
            return None
        raise


@aws_call("look at the Lambda function")
def _get_function(client: t.Any, function: str, qualifier: str | None) -> Snapshot:
    answer = client.get_function(FunctionName=function, **({"Qualifier": qualifier} if qualifier else {}))
    return Snapshot(answer["Configuration"], answer.get("Code") or {})


def get_alias(client: t.Any, function: str, alias: str) -> Alias | None:
    """Return where an alias sends its callers, or nothing if there is none of that name."""
    try:
        return _get_alias(client, function, alias)
    except AwsError as error:
        if error.code == MISSING:
            return None
        raise


@aws_call("look at the Lambda alias")
def _get_alias(client: t.Any, function: str, alias: str) -> Alias:
    return Alias.from_api(client.get_alias(FunctionName=function, Name=alias))


@aws_call("list the versions of the Lambda function")
def list_versions(client: t.Any, function: str) -> list[Snapshot]:
    """Return all published versions, the newest first."""
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    found = [Snapshot(item) for page in pages for item in page.get("Versions", [])]
    published = [item for item in found if item.version.isdecimal()]
    return sorted(published, key=lambda item: -int(item.version))


@aws_call("list the aliases of the Lambda function")
def list_aliases(client: t.Any, function: str) -> list[Alias]:
    pages = client.get_paginator("list_aliases").paginate(FunctionName=function)
    return [Alias.from_api(item) for page in pages for item in page.get("Aliases", [])]


@aws_call("update the configuration of the Lambda function")
def update_configuration(client: t.Any, function: str, request: t.Mapping[str, t.Any], revision: str | None) -> None:
    client.update_function_configuration(FunctionName=function, **request, **_as_seen(revision))


@aws_call("update the code of the Lambda function")
def update_code(client: t.Any, function: str, request: t.Mapping[str, t.Any], revision: str | None) -> None:
    """Send new code. It is never published in the same call: the version would not wait for it to be accepted."""
    client.update_function_code(FunctionName=function, **request, **_as_seen(revision))


@aws_call("publish a version of the Lambda function")
def publish_version(client: t.Any, function: str, description: str, revision: str | None) -> Snapshot:
    """Publish what the function is now. If that is what the newest version is, Lambda answers with that one."""
    return Snapshot(client.publish_version(FunctionName=function, Description=description, **_as_seen(revision)))


@aws_call("move the Lambda alias")
def update_alias(client: t.Any, function: str, wanted: Alias, revision: str | None) -> Alias:
    answer = client.update_alias(
        FunctionName=function,
        Name=wanted.name,
        FunctionVersion=wanted.version,
        # Left out, the weights would stay; empty, they are taken away.
        RoutingConfig={"AdditionalVersionWeights": dict(wanted.weights)},
        **_as_seen(revision),
    )
    return Alias.from_api(answer)


@aws_call("create the Lambda alias")
def create_alias(client: t.Any, function: str, wanted: Alias) -> Alias:
    return Alias.from_api(client.create_alias(FunctionName=function, Name=wanted.name, FunctionVersion=wanted.version))


def get_provisioned_concurrency(client: t.Any, function: str, alias: str) -> dict[str, t.Any] | None:
    """Return how many instances of an alias are kept warm, and whether they are by now; or nothing if none are."""
    try:
        return _get_provisioned_concurrency(client, function, alias)
    except AwsError as error:
        if error.code in NOT_WARM:
            return None
        raise


@aws_call("look at the provisioned concurrency of the Lambda alias")
def _get_provisioned_concurrency(client: t.Any, function: str, alias: str) -> dict[str, t.Any]:
    answer: dict[str, t.Any] = client.get_provisioned_concurrency_config(FunctionName=function, Qualifier=alias)
    return answer


def list_provisioned_qualifiers(client: t.Any, function: str) -> list[str]:
    """Return the versions and aliases of which instances are kept warm."""
    try:
        return _list_provisioned_qualifiers(client, function)
    except AwsError as error:
        if error.code in NOT_WARM:
            return []
        raise


@aws_call("list the provisioned concurrency of the Lambda function")
def _list_provisioned_qualifiers(client: t.Any, function: str) -> list[str]:
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(FunctionName=function)
    arns = [item["FunctionArn"] for page in pages for item in page.get("ProvisionedConcurrencyConfigs", [])]
    return [str(arn).rpartition(":")[2] for arn in arns]


@aws_call("list the event sources of the Lambda function")
def list_event_source_qualifiers(client: t.Any, function: str) -> list[str]:
    """Return what event sources name of the function: versions and aliases, and its own name where it is neither."""
    pages = client.get_paginator("list_event_source_mappings").paginate()
    arns = [str(item.get("FunctionArn") or "") for page in pages for item in page.get("EventSourceMappings", [])]
    return [arn.rpartition(":")[2] for arn in arns if f":function:{function}:" in arn]


@aws_call("delete a version of the Lambda function")
def delete_version(client: t.Any, function: str, version: str) -> None:
    if not version.isdecimal():
        # Without a qualifier the whole function would go.
        raise ValueError(f"{version!r} is not a version")
    client.delete_function(FunctionName=function, Qualifier=version)


@aws_call("invoke the Lambda function")
def invoke(client: t.Any, function: str, version: str, payload: bytes) -> Invocation:
    """Call one version and wait for its answer, with the last lines of its log."""
    answer = client.invoke(
        FunctionName=function, Qualifier=version, InvocationType="RequestResponse", LogType="Tail", Payload=payload
    )
    return Invocation(
        payload=answer["Payload"].read(),
        error=answer.get("FunctionError"),
        version=answer.get("ExecutedVersion"),
        log=_log(answer.get("LogResult")),
    )


@aws_call("read the metrics of the Lambda function")
def metric_sums(
    cloudwatch: t.Any, dimensions: t.Mapping[str, str], names: t.Sequence[str], start: datetime.datetime
) -> dict[str, float | None]:
    """Return the sum of each metric since a moment; nothing where CloudWatch has no data point at all."""
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate(names)
    ]
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    values: dict[str, list[float]] = {query["Id"]: [] for query in queries if isinstance(query["Id"], str)}
    for page in cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end
    ):
        for item in page.get("MetricDataResults", []):
            values[item["Id"]] += item.get("Values", [])
    return {name: sum(found) if (found := values[f"m{number}"]) else None for number, name in enumerate(names)}


def _as_seen(revision: str | None) -> dict[str, str]:
    """Return the condition that nobody else changed it since we looked, where the API tells of revisions."""
    return {"RevisionId": revision} if revision else {}


def _log(encoded: str | None) -> str:
    try:
        return base64.b64decode(encoded or "").decode(errors="replace")
    except binascii.Error:
        return ""


__all__ = (
    "Invocation", "create_alias", "delete_version", "get_alias", "get_function", "get_provisioned_concurrency",
    "invoke", "list_aliases", "list_event_source_qualifiers", "list_provisioned_qualifiers", "list_versions",
    "metric_sums", "publish_version", "update_alias", "update_code", "update_configuration",
)  # fmt: skip

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Lambda whose updates take time, that keeps its revisions, and goes wrong where it is told to."""

from __future__ import annotations

import base64
import copy
import dataclasses
import io
import threading
import types
import typing as t

import botocore.exceptions
from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Clock

Trouble = t.Literal[
    "settings fail", "code fails", "version fails", "hangs", "smoke fails", "smoke is refused", "errors", "alarm",
    "no data", "alias is moved", "latest is changed", "warming fails", "warming hangs", "publish is refused",
]  # fmt: skip
REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"
OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Killed(BaseException):
    """The process is gone, between one call and the next."""


@dataclasses.dataclass
class Time:
    """A clock that moves when somebody sleeps."""

    passed: float = 0.0
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.passed, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        with self.lock:
            self.passed += seconds


@dataclasses.dataclass
class _Function:
    latest: dict[str, t.Any]
    image: str
    versions: dict[str, tuple[dict[str, t.Any], str]] = dataclasses.field(default_factory=dict)
    aliases: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    settles: float = 0.0
    ends: str = "Successful"
    warm: str | None = None
    revisions: int = 0


class SlowLambda:
    """Speaks like a boto3 client, as far as shipping goes. C(troubles) say by function what goes wrong."""

    SECONDS = 3.0
    meta = types.SimpleNamespace(endpoint_url="https://lambda.eu-west-1.amazonaws.com")

    def __init__(self, time: Time, troubles: t.Mapping[str, t.Collection[Trouble]]) -> None:
        self._time, self.troubles = time, {name: set(given) for name, given in troubles.items()}
        self.calls: list[str] = []
        self.writes: list[str] = []
        self.kill_after: int | None = None
        self.lose_answers = False
        self._lost: set[str] = set()
        self.lock = threading.RLock()
        self.functions = {name: self._made(name) for name in troubles}

    def _made(self, name: str) -> _Function:
        latest = {
            "FunctionName": name,
            "Version": "$LATEST",
            "PackageType": "Image",
            "Architectures": ["x86_64"],
            "Role": "arn:aws:iam::123456789012:role/app",
            "MemorySize": 512,
            "Timeout": 30,
            "Environment": {"Variables": {"LANGUAGE": "en"}},
            "CodeSha256": OLD.partition(":")[2],
            "State": "Active",
        }
        function = _Function(latest, f"{REPOSITORY}@{OLD}")
        function.versions["1"] = ({**copy.deepcopy(latest), "Version": "1"}, function.image)
        function.aliases["live"] = {"Name": "live", "FunctionVersion": "1", "RoutingConfig": None, "revision": 0}
        return function

    # --- what a test looks at ----------------------------------------------------------------------------------------

    def alias(self, name: str) -> tuple[str, dict[str, float]]:
        alias = self.functions[name].aliases["live"]
        return alias["FunctionVersion"], dict((alias["RoutingConfig"] or {}).get("AdditionalVersionWeights") or {})

    def image_of(self, name: str, version: str) -> str:
        return self.functions[name].versions[version][1]

    # --- how it goes wrong -------------------------------------------------------------------------------------------

    def _called(self, call: str, name: str, *, write: bool = False) -> None:
        if self.kill_after is not None:
            if self.kill_after == 0:
                raise Killed
            self.kill_after -= 1
        self.calls.append(f"{call} {name}")
        if write:
            self.writes.append(f"{call} {name}")

    def _answered(self, call: str) -> None:
        """Lose the answer of a write once, so that the SDK makes the call a second time."""
        if self.lose_answers and call not in self._lost:
            self._lost.add(call)
            raise refusal("PreconditionFailedException", "the revision is another one")

    def _find(self, name: str) -> _Function:
        if name not in self.functions:
            raise refusal("ResourceNotFoundException", f"no function {name}")
        function = self.functions[name]
        if function.latest.get("LastUpdateStatus") == "InProgress" and self._time.passed >= function.settles:
            function.latest["LastUpdateStatus"] = function.ends
            if function.ends == "Failed":
                function.latest |= {
                    "LastUpdateStatusReasonCode": "ImageAccessDenied",
                    "LastUpdateStatusReason": "Lambda does not have permission to access the ECR image.",
                }
            function.revisions += 1
        return function

    def _change(self, name: str, revision: str | None, trouble: Trouble) -> _Function:
        function = self._find(name)
        if "latest is changed" in self.troubles[name]:
            self.troubles[name].discard("latest is changed")
            function.latest["MemorySize"] = 3008
            function.revisions += 1
        if function.latest.get("LastUpdateStatus") == "InProgress":
            raise refusal("ResourceConflictException", "An update is in progress for resource")
        if revision is not None and revision != str(function.revisions):
            raise refusal("PreconditionFailedException", "The Revision Id provided does not match")
        function.revisions += 1
        failing = trouble in self.troubles[name]
        function.latest["LastUpdateStatus"], function.ends = "InProgress", "Failed" if failing else "Successful"
        function.settles = self._time.passed + (1e9 if "hangs" in self.troubles[name] else self.SECONDS)
        return function

    # --- the API -----------------------------------------------------------------------------------------------------

    def get_function(self, *, FunctionName: str, Qualifier: str | None = None) -> dict[str, t.Any]:
        with self.lock:
            self._called("look", FunctionName)
            function = self._find(FunctionName)
            if Qualifier is None:
                told = {**copy.deepcopy(function.latest), "RevisionId": str(function.revisions)}
                return {"Configuration": told, "Code": {"ImageUri": function.image}}
            if Qualifier not in function.versions:
                raise refusal("ResourceNotFoundException", "no such version")
            version, image = function.versions[Qualifier]
            return {"Configuration": copy.deepcopy(version), "Code": {"ImageUri": image}}

    def update_function_configuration(
        self, *, FunctionName: str, RevisionId: str | None = None, **settings: t.Any
    ) -> dict[str, t.Any]:
        with self.lock:
            self._called("settings", FunctionName, write=True)
            function = self._change(FunctionName, RevisionId, "settings fail")
            function.latest |= settings
            self._answered("settings")
            return copy.deepcopy(function.latest)

    def update_function_code(
        self, *, FunctionName: str, ImageUri: str, RevisionId: str | None = None
    ) -> dict[str, t.Any]:
        with self.lock:
            self._called("code", FunctionName, write=True)
            function = self._change(FunctionName, RevisionId, "code fails")
            function.image = ImageUri
            function.latest["CodeSha256"] = ImageUri.partition("@sha256:")[2]
            self._answered("code")
            return copy.deepcopy(function.latest)

    def publish_version(
        self, *, FunctionName: str, Description: str, RevisionId: str | None = None
    ) -> dict[str, t.Any]:
        with self.lock:
            self._called("publish", FunctionName, write=True)
            function = self._find(FunctionName)
            if "publish is refused" in self.troubles[FunctionName]:
                raise refusal("AccessDeniedException", "not allowed")
            if RevisionId is not None and RevisionId != str(function.revisions):
                raise refusal("PreconditionFailedException", "The Revision Id provided does not match")
            newest = max(function.versions, key=int)
            version, image = function.versions[newest]
            ignored = ("Version", "Description", "LastUpdateStatus", "State")
            same = {key: value for key, value in version.items() if key not in ignored} == {
                key: value for key, value in function.latest.items() if key not in ignored
            }
            if not (same and image == function.image):
                newest = str(int(newest) + 1)
                made = {**copy.deepcopy(function.latest), "Version": newest, "Description": Description}
                if "version fails" in self.troubles[FunctionName]:
                    made |= {"State": "Failed", "StateReasonCode": "InvalidImage", "StateReason": "bad manifest"}
                function.versions[newest] = (made, function.image)
            self._answered("publish")
            return copy.deepcopy(function.versions[newest][0])

    def invoke(self, *, FunctionName: str, Qualifier: str, **dummy: t.Any) -> dict[str, t.Any]:
        with self.lock:
            self._called(f"invoke {Qualifier} of", FunctionName)
        if "smoke is refused" in self.troubles[FunctionName]:
            raise refusal("KMSAccessDeniedException", "the key says no")
        if "smoke fails" in self.troubles[FunctionName]:
            log = base64.b64encode(b"START\n[ERROR] KeyError: 'TABLE'\nEND\n").decode()
            answer = io.BytesIO(b'{"errorType": "KeyError", "errorMessage": "\'TABLE\'"}')
            return {"Payload": answer, "FunctionError": "Unhandled", "LogResult": log, "ExecutedVersion": Qualifier}
        return {"Payload": io.BytesIO(b'{"statusCode": 200}'), "ExecutedVersion": Qualifier}

    def get_alias(self, *, FunctionName: str, Name: str) -> dict[str, t.Any]:
        with self.lock:
            self._called("alias of", FunctionName)
            return self._told(self._find(FunctionName), Name)

    def _told(self, function: _Function, name: str) -> dict[str, t.Any]:
        if name not in function.aliases:
            raise refusal("ResourceNotFoundException", "no such alias")
        if function.warm == "IN_PROGRESS" and self._time.passed >= function.settles:
            function.warm = "READY"
        alias = copy.deepcopy(function.aliases[name])
        revision, previous = str(alias.pop("revision")), alias.pop("previous", None)
        if function.warm == "IN_PROGRESS" and previous:
            # While instances are warmed, AWS lets the version before answer, by weights that nobody set.
            alias["RoutingConfig"] = {"AdditionalVersionWeights": {previous: 0.5}}
            revision += f" warming {self._time.passed:.0f}"
        return {**alias, "RevisionId": revision}

    def update_alias(
        self,
        *,
        FunctionName: str,
        Name: str,
        FunctionVersion: str,
        RoutingConfig: dict[str, t.Any],
        RevisionId: str | None = None,
    ) -> dict[str, t.Any]:
        with self.lock:
            self._called("move", FunctionName, write=True)
            function = self._find(FunctionName)
            alias = function.aliases[Name]
            if "alias is moved" in self.troubles[FunctionName]:
                self.troubles[FunctionName].discard("alias is moved")
                function.versions["99"] = function.versions["1"]
                alias |= {"FunctionVersion": "99", "RoutingConfig": None, "revision": alias["revision"] + 1}
            if RevisionId is not None and RevisionId != self._told(function, Name)["RevisionId"]:
                raise refusal("PreconditionFailedException", "The Revision Id provided does not match")
            assert FunctionVersion in function.versions, FunctionVersion
            alias |= {
                "FunctionVersion": FunctionVersion, "RoutingConfig": RoutingConfig, "revision": alias["revision"] + 1,
                "previous": alias["FunctionVersion"],
            }  # fmt: skip
            if function.warm:
                function.warm = "FAILED" if "warming fails" in self.troubles[FunctionName] else "IN_PROGRESS"
                hangs = "warming hangs" in self.troubles[FunctionName]
                function.settles = self._time.passed + (1e9 if hangs else self.SECONDS)
            self._answered("move")
            return self._told(function, Name)

    def create_alias(self, *, FunctionName: str, Name: str, FunctionVersion: str) -> dict[str, t.Any]:
        with self.lock:
            self._called("make alias of", FunctionName, write=True)
            function = self._find(FunctionName)
            function.aliases[Name] = {
                "Name": Name, "FunctionVersion": FunctionVersion, "RoutingConfig": None, "revision": 0,
            }  # fmt: skip
            return self._told(function, Name)

    def get_provisioned_concurrency_config(self, *, FunctionName: str, **dummy: t.Any) -> dict[str, t.Any]:
        with self.lock:
            self._called("warmth of", FunctionName)
            function = self._find(FunctionName)
            if function.warm is None:
                raise refusal("ProvisionedConcurrencyConfigNotFoundException", "none")
            if function.warm == "IN_PROGRESS" and self._time.passed >= function.settles:
                function.warm = "READY"
            return {
                "Status": function.warm,
                "StatusReason": "FUNCTION_ERROR_INIT_FAILURE",
                "AvailableProvisionedConcurrentExecutions": 1,
                "RequestedProvisionedConcurrentExecutions": 2,
            }

    def get_paginator(self, operation: str) -> t.Any:
        assert operation == "list_versions_by_function"
        return types.SimpleNamespace(paginate=self._list_versions)

    def _list_versions(self, *, FunctionName: str) -> list[dict[str, t.Any]]:
        with self.lock:
            self._called("list", FunctionName)
            function = self._find(FunctionName)
            published = [version for version, _image in function.versions.values()]
            return [{"Versions": [function.latest]}, {"Versions": published}]


class Numbers:
    """Speaks like a CloudWatch client that has one alarm and counts as the functions' troubles say."""

    def __init__(self, functions: SlowLambda) -> None:
        self._functions = functions
        self.asked: list[dict[str, str]] = []

    def get_paginator(self, operation: str) -> t.Any:
        pages = {"describe_alarms": self._alarms, "get_metric_data": self._metrics}
        return types.SimpleNamespace(paginate=pages[operation])

    def _alarms(self, *, AlarmNames: list[str], **dummy: t.Any) -> list[dict[str, t.Any]]:
        rings = any("alarm" in troubles for troubles in self._functions.troubles.values())
        # Before that, nothing of ours can be to blame.
        shifted = any(call.startswith("move") for call in self._functions.calls)
        state = "ALARM" if rings and shifted else "OK"
        known = [name for name in AlarmNames if name != "misspelt"]
        return [{"MetricAlarms": [{"AlarmName": name, "StateValue": state, "StateReason": "5xx"} for name in known]}]

    def _metrics(self, *, MetricDataQueries: list[dict[str, t.Any]], **dummy: t.Any) -> list[dict[str, t.Any]]:
        values: dict[str, float] = {}
        for query in MetricDataQueries:
            metric = query["MetricStat"]["Metric"]
            dimensions = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
            self.asked.append(dimensions)
            troubles = self._functions.troubles[dimensions["FunctionName"]]
            failing = 40.0 if "errors" in troubles else 0.0
            values[query["Id"]] = 100.0 if metric["MetricName"] == "Invocations" else failing
            if "no data" in troubles:
                return [{"MetricDataResults": []}]
        return [{"MetricDataResults": [{"Id": name, "Values": [value]} for name, value in values.items()]}]


class Account:
    """The clients of an account that has functions and their numbers, and nothing else."""

    region = "eu-west-1"

    def __init__(self, functions: SlowLambda) -> None:
        self._clients = {"lambda": functions, "cloudwatch": Numbers(functions)}

    def __call__(self, service: str, **dummy: t.Any) -> t.Any:
        return self._clients[service]


def refusal(code: str, message: str) -> Exception:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": message}}, "Lambda")


__all__ = ("NEW", "OLD", "REPOSITORY", "Account", "Killed", "Numbers", "SlowLambda", "Time", "Trouble")

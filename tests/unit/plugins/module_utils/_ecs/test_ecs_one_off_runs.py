# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of one-off tasks, through real boto3 clients whose calls an account in memory answers.

Requests and answers are checked against AWS' own models. Unlike the emulators, it keeps client tokens as ECS does.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import functools
import itertools
import json
import types
import typing as t

import boto3
import botocore.exceptions
import botocore.validate
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs import one_off_logs
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off import Mode, OneOff
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import ARGUMENTS, job_from
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_watch import Verdict, Watcher
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from hypothesis import given, settings
from hypothesis import strategies as st

Answer = dict[str, t.Any]
Refusal = tuple[str, str]

REGION = "ap-northeast-1"
ARN = f"arn:aws:ecs:{REGION}:123456789012"
INFRA, RUNNING = f"{ARN}:task-definition/chatbot:41", f"{ARN}:task-definition/chatbot:42"
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chatbot@sha256:" + "a" * 64
NOW = datetime.datetime(2026, 11, 21, 7, 40, tzinfo=datetime.UTC)
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
WRITES = ("RunTask", "RegisterTaskDefinition", "StopTask")
SECRET = "hunter22-is-no-word"

RUNS: Answer = {"lastStatus": "RUNNING", "startedAt": NOW}
GONE: Answer = {"gone": True}


def ends(code: int | None, **more: t.Any) -> Answer:
    exited = {} if code is None else {"exitCode": code}
    return {
        "lastStatus": "STOPPED",
        "startedAt": NOW,
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "proxy", "exitCode": 143}, {"name": "app", **exited}],
        **more,
    }


def definition(arn: str, image: str) -> Answer:
    log = {"awslogs-group": "/ecs/chatbot", "awslogs-stream-prefix": "app", "awslogs-region": REGION}
    return {
        "taskDefinitionArn": arn,
        "family": "chatbot",
        "revision": int(arn.rsplit(":", 1)[-1]),
        "status": "ACTIVE",
        "networkMode": "awsvpc",
        "containerDefinitions": [
            {"name": "proxy", "image": "proxy:1", "essential": False},
            {
                "name": "app",
                "image": image,
                "environment": [{"name": "DB_PASSWORD", "value": "of-the-definition"}],
                "logConfiguration": {"logDriver": "awslogs", "options": log},
            },
        ],
    }


@dataclasses.dataclass
class Account:
    """One cluster with one service, and the tasks that were run in it."""

    history: list[Answer] = dataclasses.field(default_factory=lambda: [RUNS, ends(0)])
    """What DescribeTasks says of a task, look by look; the last of it stays true."""
    service: Answer = dataclasses.field(default_factory=dict)
    definitions: dict[str, tuple[Answer, dict[str, str]]] = dataclasses.field(default_factory=dict)
    tasks: dict[str, Answer] = dataclasses.field(default_factory=dict)
    tokens: dict[str, tuple[Answer, str]] = dataclasses.field(default_factory=dict)
    log: list[str] = dataclasses.field(default_factory=list)
    refusals: dict[str, Refusal] = dataclasses.field(default_factory=dict)
    failures: list[Answer] = dataclasses.field(default_factory=list)
    blind: bool = False
    """Whether ListTasks shows nothing yet: ECS is eventually consistent."""
    forgets: bool = False
    """Whether ECS knows no task any more."""
    calls: list[tuple[str, Answer]] = dataclasses.field(default_factory=list)
    region: str = REGION

    def __post_init__(self) -> None:
        self.service = {
            "serviceName": "backend",
            "serviceArn": f"{ARN}:service/dev/backend",
            "status": "ACTIVE",
            "launchType": "FARGATE",
            "taskDefinition": RUNNING,
            "networkConfiguration": NETWORK,
        }
        self.definitions = {
            INFRA: (definition(INFRA, "chatbot:base"), {"team": "qa"}),
            RUNNING: (definition(RUNNING, "chatbot:before"), {"slipway:fingerprint": "f" * 32}),
        }

    def __call__(self, service: str, *, region: str | None = None) -> t.Any:
        assert region in (None, REGION)
        ANSWERING[0] = self
        return client(service)

    def names(self) -> list[str]:
        return [name for name, dummy in self.calls]

    def of(self, name: str) -> list[Answer]:
        return [request for called, request in self.calls if called == name]

    def answer(self, model: t.Any, params: Answer) -> tuple[t.Any, Answer]:
        request = json.loads(params["body"])
        self.calls.append((model.name, request))
        refusal = self.refusals.get(model.name)
        if refusal:
            return _refused(*refusal)
        answer = getattr(self, f"_{model.name}")(request)
        if "Error" in answer:
            return types.SimpleNamespace(status_code=400), answer
        report = botocore.validate.ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        headers = {"date": "Sat, 21 Nov 2026 07:40:05 GMT"}
        return types.SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPHeaders": headers}}

    def _DescribeServices(self, request: Answer) -> Answer:
        assert (request["cluster"], request["services"]) == ("dev", ["backend"])
        return {"services": [self.service] if self.service else []}

    def _DescribeTaskDefinition(self, request: Answer) -> Answer:
        asked = request["taskDefinition"]
        found, tags = self.definitions[RUNNING if asked == "chatbot" else asked]
        return {"taskDefinition": found, "tags": [{"key": key, "value": tags[key]} for key in tags]}

    def _ListTaskDefinitions(self, request: Answer) -> Answer:
        assert (request["familyPrefix"], request["status"], request["sort"]) == ("chatbot", "ACTIVE", "DESC")
        return {"taskDefinitionArns": sorted(self.definitions, reverse=True)}

    def _RegisterTaskDefinition(self, request: Answer) -> Answer:
        arn = f"{ARN}:task-definition/chatbot:{41 + len(self.definitions)}"
        tags = {tag["key"]: tag["value"] for tag in request.pop("tags", [])}
        self.definitions[arn] = ({**request, "taskDefinitionArn": arn}, tags)
        return {"taskDefinition": {"taskDefinitionArn": arn}}

    def _ListTasks(self, request: Answer) -> Answer:
        # ECS takes no filter beside startedBy; the desired status is none.
        assert set(request) == {"cluster", "startedBy", "desiredStatus"}
        found = [
            arn
            for arn, task in self.tasks.items()
            if task["startedBy"] == request["startedBy"] and task["desiredStatus"] == request["desiredStatus"]
        ]
        return {"taskArns": [] if self.blind or self.forgets else found}

    def _DescribeTasks(self, request: Answer) -> Answer:
        if self.forgets:
            return {"tasks": [], "failures": [{"arn": request["tasks"][0], "reason": "MISSING"}]}
        return {"tasks": [task for arn in request["tasks"] for task in self._look(arn)]}

    def _look(self, arn: str) -> list[Answer]:
        task = self.tasks[arn]
        state = task["history"].pop(0) if len(task["history"]) > 1 else task["history"][0]
        if state is GONE:
            return []
        task |= copy.deepcopy(state)
        task["desiredStatus"] = "STOPPED" if task["lastStatus"] == "STOPPED" else "RUNNING"
        return [_plain(task)]

    def _RunTask(self, request: Answer) -> Answer:
        known, arn = self.tokens.get(request["clientToken"], (None, ""))
        if known not in (None, request):
            conflict = {"Code": "ConflictException", "Message": "The clientToken is in use."}
            return {"Error": conflict, "resourceIds": [arn]}
        if self.failures:
            return {"tasks": [], "failures": self.failures}
        if known is None:
            arn = f"{ARN}:task/dev/{len(self.tasks):032x}"
            self.tokens[request["clientToken"]] = (request, arn)
            self.tasks[arn] = {
                "taskArn": arn,
                "taskDefinitionArn": request["taskDefinition"],
                "startedBy": request["startedBy"],
                "desiredStatus": "RUNNING",
                "lastStatus": "PROVISIONING",
                "createdAt": NOW,
                "containers": [{"name": "proxy"}, {"name": "app"}],
                "history": list(self.history),
            }
        return {"tasks": [_plain(self.tasks[arn])]}

    def _StopTask(self, request: Answer) -> Answer:
        task = self.tasks[request["task"]]
        stopped = ends(143, stopCode="UserInitiated", stoppedReason=request["reason"])
        task["history"] = [{"lastStatus": "DEPROVISIONING"}, stopped]
        return {"task": _plain(task)}

    def _GetLogEvents(self, request: Answer) -> Answer:
        if not self.log:
            return {"Error": {"Code": "ResourceNotFoundException", "Message": "no such stream"}}
        assert request["logGroupName"] == "/ecs/chatbot" and request["logStreamName"].startswith("app/app/0")
        begin = (
            int(request.get("nextToken", 0)) if request["startFromHead"] else max(0, len(self.log) - request["limit"])
        )
        lines = self.log[begin : begin + request["limit"]]
        events = [{"timestamp": 1, "message": line} for line in lines]
        return {"events": events, "nextForwardToken": str(begin + len(lines))}


ANSWERING: list[t.Any] = [None]
"""The account that answers now: making clients takes longest, so all tests share them."""


@functools.cache
def client(service: str) -> t.Any:
    made = boto3.session.Session("unit-test-access", "unit-test-secret", region_name=REGION).client(service)
    made.meta.events.register("before-call.*.*", lambda model, params, **dummy: ANSWERING[0].answer(model, params))
    return made


def _plain(task: Answer) -> Answer:
    return {key: value for key, value in task.items() if key != "history"}


def _refused(code: str, message: str) -> tuple[t.Any, Answer]:
    return types.SimpleNamespace(status_code=400), {"Error": {"Code": code, "Message": message}}


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime.datetime:
        return NOW + datetime.timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.passed += seconds


@dataclasses.dataclass
class Run:
    result: Answer
    error: str
    lines: list[str]
    calls: list[str]

    @property
    def writes(self) -> list[str]:
        return [name for name in self.calls if name in WRITES]

    def __getitem__(self, key: str) -> t.Any:
        return self.result[key]


def run(account: Account, mode: Mode | None = None, **options: t.Any) -> Run:
    params = {**{name: spec.get("default") for name, spec in ARGUMENTS.items()}, "cluster": "dev", "service": "backend"}
    params |= {"release_id": "r1", **options}
    lines: list[str] = []
    account.calls.clear()
    clock = Time()
    error = ""
    clients = t.cast("t.Any", account)
    try:
        result = OneOff(
            clients, job_from(params), mode or Mode(), lambda unit, line: lines.append(f"{unit}: {line}"), clock
        ).run()
    except SlipwayError as problem:
        result, error = problem.details, str(problem)
    return Run(result, error, lines, account.names())


# --- how it goes ---


def test_a_task_that_works() -> None:
    account = Account(log=["migrating", "done"])
    done = run(account, command=["migrate"])
    assert (done["outcome"], done["changed"], done["exit_code"], done["reattached"]) == ("succeeded", True, 0, False)
    assert done.error == "" and done["cause"] is None and done["stop_command"] is None
    assert done["task_definition"] == RUNNING and done["container"] == "app"
    assert done["log"]["lines"] == ["migrating", "done"] and done["log"]["group"] == "/ecs/chatbot"
    assert [item["exit_code"] for item in done["containers"]] == [143, 0]
    assert done.writes == ["RunTask"]
    assert done.lines == [
        f"backend: started task {0:032x} (aws ecs stop-task --region {REGION} --cluster dev --task {done['task_arn']}"
        " would stop it)",
        "backend: running",
        "backend: | migrating",
        "backend: | done",
        "backend: stopped",
        f"backend: succeeded after {done['seconds']:.1f} s",
    ]


FAILS: list[tuple[str, list[Answer], str, str]] = [
    ("exit code", [RUNS, ends(3)], "failed", "Container app exited with code 3. ECS says: Essential container"),
    ("exit code None", [RUNS, ends(None)], "failed", "ended without an exit code"),
    (
        "image missing",
        [
            ends(
                None,
                startedAt=None,
                stopCode="TaskFailedToStart",
                stoppedReason="CannotPullContainerError: no such tag",
                containers=[{"name": "app"}],
            )
        ],
        "not_started",
        "Container app never started. ECS says: CannotPullContainerError: no such tag (TaskFailedToStart)",
    ),
    ("stopped by somebody", [RUNS, ends(0, stopCode="UserInitiated")], "failed", "stopped from outside"),
]


@pytest.mark.parametrize(("history", "outcome", "words"), [row[1:] for row in FAILS], ids=[row[0] for row in FAILS])
def test_a_task_that_fails(history: list[Answer], outcome: str, words: str) -> None:
    history = [{key: value for key, value in state.items() if value is not None} for state in history]
    failed = run(Account(history=history, log=["KeyError: 'URL'", " "]))
    assert failed["outcome"] == outcome and failed["changed"] is True
    assert words in failed.error and words in failed["cause"]
    assert failed.error.endswith("Its last words: KeyError: 'URL'")
    assert failed.error.startswith(f"One-off task {0:032x} of backend in cluster dev")


def test_failures_of_run_task_are_a_failure() -> None:
    failed = run(Account(failures=[{"reason": "RESOURCE:MEMORY", "arn": "arn:instance"}]))
    assert (failed["outcome"], failed["changed"], failed["exit_code"]) == ("not_started", False, None)
    assert "did not start: ECS started nothing, because no container instance has enough free memory" in failed.error


def test_neither_tasks_nor_failures_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "_RunTask", lambda *dummy: {"tasks": [], "failures": []})
    assert run(Account())["outcome"] == "not_started"


@pytest.mark.parametrize(
    ("refusal", "outcome", "words"),
    [
        (
            ("ClientException", "quota of tasks in PROVISIONING"),
            "not_started",
            "did not start: Could not run the ECS task",
        ),
        (("AccessDeniedException", "not authorized"), "not_started", "not authorized"),
        (("ServerException", "try later"), "failed", "Whether the task was started is not known"),
    ],
    ids=["client", "denied", "server"],
)
def test_run_task_refused(refusal: Refusal, outcome: str, words: str) -> None:
    failed = run(Account(refusals={"RunTask": refusal}))
    assert (failed["outcome"], failed["changed"], failed["aws_error_code"]) == (outcome, False, refusal[0])
    assert words in failed.error


def test_a_task_that_takes_too_long_is_stopped() -> None:
    failed = run(Account(history=[RUNS]), timeout="90s")
    assert (failed["outcome"], failed["changed"], failed["exit_code"]) == ("timed_out", True, 143)
    assert failed.writes == ["RunTask", "StopTask"]
    assert "timed out: It was not finished within 90 s and was stopped." in failed.error
    assert "backend: not finished after 90 s: stopping it" in failed.lines
    assert 90 <= failed["seconds"] < 110


def test_a_task_that_cannot_be_stopped_is_said_to_run_on() -> None:
    failed = run(Account(history=[RUNS], refusals={"StopTask": ("AccessDeniedException", "no")}), timeout="9")
    assert failed["outcome"] == "timed_out"
    assert "could not be stopped: Could not stop the ECS task: AccessDeniedException: no." in failed.error
    assert f"To stop it: aws ecs stop-task --region {REGION} --cluster dev --task {failed['task_arn']}" in failed.error


def test_a_task_that_does_not_stop_is_said_to_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "_StopTask", lambda *dummy: {"task": {}})
    failed = run(Account(history=[RUNS]), timeout="9s")
    assert failed["outcome"] == "timed_out" and "it has not stopped yet" in failed.error and failed["stop_command"]


def test_a_task_that_is_done_just_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(account: Account, request: Answer) -> Answer:
        account.tasks[request["task"]]["history"] = [ends(0)]
        return {"task": {}}

    monkeypatch.setattr(Account, "_StopTask", too_late)
    assert run(Account(history=[RUNS]), timeout="9s")["outcome"] == "succeeded"


def test_interrupted_it_says_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []

    def interrupt(*dummy: t.Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Time, "sleep", interrupt)
    params = {**{name: spec.get("default") for name, spec in ARGUMENTS.items()}, "cluster": "dev", "service": "backend"}
    account = t.cast("t.Any", Account(history=[RUNS]))
    with pytest.raises(KeyboardInterrupt):
        OneOff(account, job_from(params), Mode(), lambda dummy, line: lines.append(line), Time()).run()
    assert lines[-1].startswith("interrupted: the task goes on without us; to stop it: aws ecs stop-task --region")
    assert "StopTask" not in account.names()


def test_without_waiting_it_is_left_alone() -> None:
    left = run(Account(history=[RUNS]), wait=False)
    assert (left["outcome"], left["changed"], left["exit_code"]) == ("running", True, None)
    assert left["stop_command"].endswith(left["task_arn"]) and "DescribeTasks" not in left.calls


def test_throttles_and_late_answers_do_not_end_a_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(history=[GONE, GONE, RUNS, ends(0)])
    genuine = Account._DescribeTasks
    looks = itertools.count()

    def shaky(self: Account, request: Answer) -> Answer:
        if next(looks) % 2:
            return {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
        return genuine(self, request)

    monkeypatch.setattr(Account, "_DescribeTasks", shaky)
    done = run(account)
    assert done["outcome"] == "succeeded"
    assert "backend: cannot be seen at the moment (ThrottlingException)" in done.lines


def test_a_watch_that_may_not_look_says_that_the_task_may_run() -> None:
    failed = run(Account(refusals={"DescribeTasks": ("AccessDeniedException", "no")}))
    assert "may still run. To stop it: aws ecs stop-task" in failed.error and failed["task_arn"]


def test_a_task_nobody_knows_any_more() -> None:
    failed = run(Account(history=[RUNS, GONE]))
    assert failed["outcome"] == "failed" and "ECS no longer knows the task" in failed.error


# --- once for each release ---


def test_a_finished_task_runs_no_second_time() -> None:
    account = Account(log=["done"])
    first = run(account)
    again = run(account)
    assert again.writes == [] and len(account.tasks) == 1
    assert (again["outcome"], again["changed"], again["reattached"]) == ("succeeded", False, True)
    assert again["task_arn"] == first["task_arn"] and again["log"]["lines"] == ["done"]
    assert "DescribeServices" not in again.calls


def test_a_failed_task_stays_failed_until_another_attempt() -> None:
    account = Account(history=[ends(1)])
    assert run(account)["changed"] is True
    again = run(account)
    assert (again["outcome"], again["changed"], again.writes) == ("failed", False, [])
    assert "set attempt to 2 to run it anew" in again.error
    account.history = [ends(0)]
    anew = run(account, attempt=2)
    assert (anew["outcome"], anew["changed"], len(account.tasks)) == ("succeeded", True, 2)


def test_a_running_task_is_joined() -> None:
    account = Account(history=[RUNS, RUNS, RUNS, ends(0)])
    left = run(account, wait=False)
    joined = run(account)
    assert (joined["outcome"], joined["changed"], joined["reattached"], joined.writes) == ("succeeded", False, True, [])
    assert joined["task_arn"] == left["task_arn"] and "joins task" in joined.lines[0]


def test_a_task_that_is_not_listed_yet_is_not_started_twice() -> None:
    account = Account(blind=True)
    first = run(account)
    again = run(account)
    assert len(account.tasks) == 1 and again["task_arn"] == first["task_arn"]
    assert again["outcome"] == "succeeded"


def test_the_answer_to_a_used_token_is_told_from_a_new_task() -> None:
    account = Account(blind=True)
    run(account, wait=False)
    next(iter(account.tasks.values()))["createdAt"] = NOW - datetime.timedelta(minutes=5)
    again = run(account)
    assert (again["changed"], again["reattached"]) == (False, True)


def test_the_same_task_elsewhere_is_still_the_same() -> None:
    """Between two runs, the service got another network: ECS refuses the token, and names the task."""
    account = Account(blind=True)
    run(account)
    account.service["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}
    again = run(account)
    assert (again["outcome"], again["changed"], again["reattached"]) == ("succeeded", False, True)
    assert len(account.tasks) == 1


def test_a_used_token_whose_task_is_forgotten_is_no_success() -> None:
    account = Account()
    run(account)
    account.forgets = True
    account.service["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}
    again = run(account)
    assert again["outcome"] == "failed" and "ECS has forgotten how that ended" in again.error
    assert len(account.tasks) == 1


def test_other_parameters_are_another_task() -> None:
    account = Account()
    run(account, environment={"TENANT": "a"})
    run(account, environment={"TENANT": "b"})
    run(account, environment={"TENANT": "a"}, release_id="r2")
    assert len(account.tasks) == 3


def test_without_a_release_every_run_starts_one() -> None:
    account = Account()
    runs = [run(account, release_id=None) for dummy in range(2)]
    assert len(account.tasks) == 2 and all("ListTasks" not in each.calls for each in runs)


# --- check mode ---


def test_check_mode_says_what_would_run_and_writes_nothing() -> None:
    account = Account()
    planned = run(account, Mode(check=True, diff=True), image=IMAGE, environment={"PLAIN": SECRET})
    assert (planned["outcome"], planned["changed"], planned.writes) == ("planned", True, [])
    assert planned["request"]["taskDefinition"] == "chatbot (a new revision)" and planned["task_arn"] is None
    assert [item["after_header"] for item in planned["diff"]] == ["task definition chatbot", "one-off task"]
    assert IMAGE in planned["diff"][0]["after"] and SECRET not in json.dumps(planned.result)


def test_check_mode_tells_the_same_change_as_the_run() -> None:
    account = Account(history=[RUNS, RUNS, ends(0)])
    assert run(account, Mode(check=True))["changed"] is run(account, wait=False)["changed"] is True
    waiting = run(account, Mode(check=True))
    assert (waiting["outcome"], waiting["changed"]) == ("running", False)
    assert run(account)["changed"] is False
    finished = run(account, Mode(check=True))
    assert (finished["outcome"], finished["changed"]) == ("succeeded", False)


# --- image and definition ---


def test_an_image_is_laid_over_the_newest_revision_of_the_infrastructure() -> None:
    account = Account()
    done = run(account, image=IMAGE, git_sha="abc", environment={"PLAIN": SECRET})
    assert done.writes == ["RegisterTaskDefinition", "RunTask"]
    registered, tags = account.definitions[done["task_definition"]]
    app = registered["containerDefinitions"][1]
    environment = {item["name"]: item["value"] for item in app["environment"]}
    assert app["image"] == IMAGE
    assert environment == {
        "DB_PASSWORD": "of-the-definition",
        "GIT_SHA": "abc",
        "IMAGE_DIGEST": "sha256:" + "a" * 64,
        "RELEASE_ID": "r1",
    }
    assert tags["team"] == "qa" and tags["slipway:release"] == "r1" and tags["slipway:fingerprint"]


def test_the_same_content_is_registered_once() -> None:
    account = Account()
    first = run(account, image=IMAGE)
    second = run(account, image=IMAGE, release_id="r2")
    assert second.writes == ["RunTask"] and second["task_definition"] == first["task_definition"]


def test_an_image_over_a_given_base() -> None:
    account = Account()
    done = run(account, image=IMAGE, task_definition=RUNNING)
    assert done["outcome"] == "succeeded" and "ListTaskDefinitions" not in done.calls


def test_the_running_revision_is_the_base_when_releases_made_all_that_were_looked_at() -> None:
    account = Account()
    del account.definitions[INFRA]
    account.definitions[RUNNING][0]["containerDefinitions"][0]["image"] = "proxy:of-the-running"
    done = run(account, image=IMAGE)
    containers = account.definitions[done["task_definition"]][0]["containerDefinitions"]
    assert [item["image"] for item in containers] == ["proxy:of-the-running", IMAGE]


def test_without_a_service_the_definition_is_enough() -> None:
    account = Account()
    done = run(account, service=None, task_definition=INFRA, network={"subnets": ["subnet-9"]}, launch_type="FARGATE")
    assert done["outcome"] == "succeeded" and "DescribeServices" not in done.calls
    assert account.of("RunTask")[0]["taskDefinition"] == INFRA


def test_a_service_of_task_sets_lends_what_its_primary_set_has() -> None:
    account = Account()
    primary = {key: account.service.pop(key) for key in ("taskDefinition", "networkConfiguration", "launchType")}
    account.service["taskSets"] = [{"status": "ACTIVE", "taskDefinition": INFRA}, {**primary, "status": "PRIMARY"}]
    assert run(account)["outcome"] == "succeeded"
    asked = account.of("RunTask")[0]
    assert (asked["taskDefinition"], asked["networkConfiguration"]) == (RUNNING, NETWORK)


@pytest.mark.parametrize(
    ("service", "words"),
    [({}, "There is no ECS service backend in cluster dev"), ({"status": "INACTIVE"}, "in status INACTIVE")],
    ids=["missing", "inactive"],
)
def test_a_service_that_is_not_there(service: Answer, words: str) -> None:
    account = Account()
    account.service = {**account.service, **service} if service else {}
    failed = run(account)
    assert words in failed.error and failed.writes == []


# --- logs and secrets ---


def test_what_is_secret_is_shown_nowhere() -> None:
    words = [f"connecting with {SECRET}", "of-the-definition was refused", "DB_PASSWORD=other-secret-value"]
    stopped = ends(
        1, stoppedReason=f"gave up on {SECRET}", containers=[{"name": "app", "exitCode": 1, "reason": SECRET}]
    )
    account = Account(history=[RUNS, stopped], log=words)
    failed = run(
        account,
        Mode(diff=True),
        image=IMAGE,
        environment={"PLAIN": SECRET, "PIN_TOKEN": "12 34"},
        command=["migrate", "--key", SECRET],
    )
    assert failed["outcome"] == "failed"
    shown = json.dumps([failed.result, failed.error, failed.lines])
    for secret in (SECRET, "of-the-definition", "other-secret-value", "12 34"):
        assert secret not in shown
    assert account.of("RunTask")[0]["overrides"]["containerOverrides"][0]["command"] == ["migrate", "--key", SECRET]
    assert "backend: | connecting with ********" in failed.lines
    assert failed["request"]["overrides"]["containerOverrides"][0]["environment"] == [
        {"name": "PIN_TOKEN", "value": "********"},
        {"name": "PLAIN", "value": "********"},
    ]


def test_a_refusal_that_repeats_a_secret_is_masked() -> None:
    failed = run(
        Account(refusals={"RunTask": ("ClientException", f"bad value {SECRET}")}), environment={"PLAIN": SECRET}
    )
    assert SECRET not in failed.error and SECRET not in json.dumps(failed.result)


def test_live_lines_are_bounded_and_say_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_off_logs, "LIVE_LINES", 3)
    done = run(Account(log=[f"line {number}" for number in range(9)]), log_lines=2)
    assert [line for line in done.lines if ": | " in line] == [f"backend: | line {number}" for number in range(3)]
    assert "backend: (more than 3 lines: the rest is in log group /ecs/chatbot, stream app/app/" in str(done.lines)
    assert done["log"]["lines"] == ["line 7", "line 8"]


@pytest.mark.parametrize(
    ("mode", "options"),
    [(Mode(live=False), {}), (Mode(), {"stream_logs": False})],
    ids=["nobody-reads", "not-wanted"],
)
def test_nothing_is_streamed_for_nobody(mode: Mode, options: Answer) -> None:
    done = run(Account(log=["line"]), mode, **options)
    assert not [line for line in done.lines if ": | " in line] and done["log"]["lines"] == ["line"]


def test_a_log_that_may_not_be_read_hides_nothing() -> None:
    account = Account(refusals={"GetLogEvents": ("AccessDeniedException", "no")})
    done = run(account)
    assert done["outcome"] == "succeeded"
    assert len([line for line in done.lines if "its log cannot be shown" in line]) == 1


# --- whatever ECS says ---

STATES = st.fixed_dictionaries(
    {"lastStatus": st.sampled_from(["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"])},
    optional={
        "startedAt": st.just(NOW),
        "stopCode": st.sampled_from(
            ["EssentialContainerExited", "TaskFailedToStart", "UserInitiated", "SpotInterruption"]
        ),
        "stoppedReason": st.sampled_from(["Essential container in task exited", "Slipway: not finished within 9 s"]),
        "containers": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["app", "proxy"])}, optional={"exitCode": st.sampled_from([0, 1, 137, 143])}
            ),
            max_size=3,
            unique_by=lambda item: item["name"],
        ),
    },
)
LOOKS = st.one_of(STATES, st.just("missing"), st.sampled_from(["ThrottlingException", "ServerException"]))


class Told:
    """An ECS client that answers with a told history, whose last state stays."""

    def __init__(self, looks: list[t.Any]) -> None:
        self.looks = list(looks)
        self.shown: list[Answer] = []
        self.stops = 0

    def describe_tasks(self, **dummy: t.Any) -> Answer:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if look == "missing":
            return {"tasks": []}
        if isinstance(look, str):
            raise botocore.exceptions.ClientError({"Error": {"Code": look, "Message": ""}}, "DescribeTasks")
        self.shown.append(look)
        return {"tasks": [look]}

    def stop_task(self, **dummy: t.Any) -> Answer:
        self.stops += 1
        return {}


@settings(max_examples=300, deadline=None)
@given(st.lists(LOOKS, min_size=1, max_size=8))
def test_any_history_ends_in_one_outcome_and_only_zero_is_success(looks: list[t.Any]) -> None:
    told = Told(looks)
    clock = Time()
    verdict = Watcher(told, "dev", "arn", "app", clock=clock, say=lambda dummy: None).follow(120.0, lambda: False)
    assert isinstance(verdict, Verdict)
    assert verdict.outcome in ("succeeded", "failed", "timed_out", "not_started")
    assert verdict.reason.endswith(".") and told.stops <= 1 and clock.passed < 400
    codes = {item["name"]: item.get("exitCode") for item in (verdict.task or {}).get("containers", [])}
    if verdict.outcome == "succeeded":
        assert verdict.exit_code == codes["app"] == 0 and (verdict.task or {})["lastStatus"] == "STOPPED"
        assert (verdict.task or {}).get("stopCode") not in ("UserInitiated", "SpotInterruption")
    if verdict.outcome == "not_started":
        assert verdict.exit_code is None and codes.get("app") is None
    # The first time that it was seen stopped decides; nothing after it was looked at.
    assert not [look for look in told.shown[:-1] if look["lastStatus"] == "STOPPED"]

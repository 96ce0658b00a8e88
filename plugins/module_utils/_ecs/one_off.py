# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Run a one-off task to its end: once for each release, whatever happens to the run that asks for it."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_tasks import (
    Answer,
    describe_definition,
    run_task,
    tasks_started_by,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_definition import Revision, choose
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_failures import in_words
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_identity import Identity, identity
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_logs import Log, masker, stream_of
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import (
    ARGUMENTS,
    Job,
    job_from,
    last_part,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_request import (
    find_service,
    main_container,
    masked_request,
    place,
    request,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_watch import (
    Verdict,
    Watcher,
    judge,
    known,
    lost_sight,
    still_runs,
    way_to_stop,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import Clock, SystemClock

Report = t.Callable[[str, str], None]
"""Told the unit's name and one line whenever something changed."""

# A task that was created this long before the server answered is not one that our request made.
REPLAYED = datetime.timedelta(seconds=30)


@dataclasses.dataclass(frozen=True)
class Mode:
    """How the job is run, apart from what it is."""

    check: bool = False
    diff: bool = False
    live: bool = True
    """Whether somebody reads the lines while they come."""


@dataclasses.dataclass(frozen=True)
class Attached:
    """A task to follow, started by this run or by an earlier one."""

    arn: str
    definition: Answer
    container: str
    reattached: bool
    task: Answer | None = None


def run_one_off(
    params: t.Mapping[str, t.Any], *, mode: Mode, report: Report, clock: Clock | None = None
) -> dict[str, t.Any]:
    """Run the task that the options ask for and return its result; raise with it if it did not succeed."""
    return OneOff(Clients(params), job_from(params), mode, report, clock or SystemClock()).run()


class OneOff:
    """One run of one job."""

    def __init__(self, clients: Clients, job: Job, mode: Mode, report: Report, clock: Clock) -> None:
        self._clients = clients
        self._ecs = clients("ecs")
        self._job = job
        self._mode = mode
        self._report = report
        self._clock = clock
        self._who = identity(job)
        self._began = clock.monotonic()
        self._result: dict[str, t.Any] = _blank(job, self._who)

    def run(self) -> dict[str, t.Any]:
        attached = self._earlier()
        if attached is None:
            service = find_service(self._ecs, self._job)
            revision = choose(self._ecs, self._job, service)
            wanted = self._request(revision, service)
            self._plan(revision, wanted)
            if self._mode.check:
                return self._finished("planned")
            attached = self._start(revision, wanted)
        self._describe(attached)
        verdict = judge(attached.task or {}, attached.container)
        if verdict is not None:
            self._say(f"already ran for release {self._job.release_id}: task {last_part(attached.arn)}")
        elif self._mode.check or not self._job.wait:
            return self._finished("running")
        return self._conclude(attached, verdict or self._watch(attached))

    # --- before it runs ---

    def _earlier(self) -> Attached | None:
        """Return the task that this release started for the same job, whatever became of it."""
        if not self._who.repeatable:
            return None
        arns: dict[str, None] = {}
        for status in ("RUNNING", "STOPPED"):
            arns |= dict.fromkeys(tasks_started_by(self._ecs, self._job.cluster, self._who.started_by, status))
        tasks = known(self._ecs, self._job.cluster, list(arns)[:100])
        return self._attach_to(tasks[0]) if tasks else None

    def _attach_to(self, task: Answer) -> Attached:
        definition, dummy = describe_definition(self._ecs, task["taskDefinitionArn"])
        return Attached(task["taskArn"], definition, main_container(self._job, definition), reattached=True, task=task)

    def _request(self, revision: Revision, service: Answer | None) -> dict[str, t.Any]:
        where = place(self._job, service)
        return request(self._job, self._who, where, revision.definition, revision.shown, revision.container)

    def _plan(self, revision: Revision, wanted: t.Mapping[str, t.Any]) -> None:
        self._result |= {
            "changed": True,
            "task_definition": revision.arn,
            "container": revision.container,
            "request": masked_request(wanted, self._mask(revision.definition)),
        }
        if not self._mode.diff:
            return
        shown = json.dumps(self._result["request"], indent=2, sort_keys=True) + "\n"
        diffs = [{"before_header": "no task", "after_header": "one-off task", "before": "", "after": shown}]
        if revision.diff:
            header = f"task definition {revision.definition.get('family')}"
            diffs.insert(0, {"before_header": header, "after_header": header, **revision.diff})
        self._result["diff"] = diffs

    def _start(self, revision: Revision, wanted: dict[str, t.Any]) -> Attached:
        self._result["changed"] = False
        arn = revision.registered(self._ecs)
        if revision.arn is None:
            self._result |= {"changed": True, "task_definition": arn}
            self._say(f"registered {last_part(arn)}")
        wanted |= {"taskDefinition": arn}
        self._result["request"] |= {"taskDefinition": arn}
        try:
            started = run_task(self._ecs, wanted)
        except AwsError as error:
            raise self._refused(error, self._mask(revision.definition)) from error
        if started.earlier:
            tasks = known(self._ecs, self._job.cluster, started.earlier)
            if not tasks:
                raise self._failure("failed", self._forgotten(started.earlier[0]))
            return self._attach_to(tasks[0])
        if not started.tasks:
            raise self._failure("not_started", in_words(started.failures))
        task = started.tasks[0]
        again = _replayed(task, started.at)
        self._result["changed"] = self._result["changed"] or not again
        return Attached(task["taskArn"], revision.definition, revision.container, reattached=again)

    def _refused(self, error: AwsError, mask: Masker) -> SlipwayError:
        # What ECS answers as an exception, it did not do. Without an answer, nobody knows.
        answered = error.code.endswith("Exception") and error.code != "ServerException"
        if answered:
            return self._failure("not_started", mask.text(error.message), error.details)
        self._result["cause"] = mask.text(error.message)
        again = "run it again for the same release: it joins the task if there is one"
        hint = f"Whether the task was started is not known; {again}." if self._who.repeatable else None
        return SlipwayError(
            mask.text(error.message), hint=hint, details={**self._result, **error.details, "outcome": "failed"}
        )

    def _forgotten(self, arn: str) -> str:
        return f"Release {self._job.release_id} ran it as task {last_part(arn)}, and ECS has forgotten how that ended."

    # --- while it runs ---

    def _describe(self, attached: Attached) -> None:
        self._result |= {
            "task_arn": attached.arn,
            "task_definition": attached.definition.get("taskDefinitionArn") or self._result["task_definition"],
            "container": attached.container,
            "reattached": attached.reattached,
            "stop_command": way_to_stop(self._clients.region, self._job.cluster, attached.arn),
        }

    def _watch(self, attached: Attached) -> Verdict:
        verb = "joins" if attached.reattached else "started"
        self._say(f"{verb} task {last_part(attached.arn)} ({self._result['stop_command']} would stop it)")
        log = self._log(attached)
        live = self._mode.live and self._job.stream_logs
        cluster, arn = self._job.cluster, attached.arn
        watcher = Watcher(self._ecs, cluster, arn, attached.container, clock=self._clock, say=self._say)
        try:
            verdict = watcher.follow(self._job.timeout, lambda: live and log.show_new(self._say))
        except KeyboardInterrupt:
            self._say(f"interrupted: {still_runs(self._clients.region, cluster, arn)}")
            raise
        except AwsError as error:
            raise lost_sight(error, self._clients.region, cluster, arn) from error
        if verdict.outcome == "timed_out":
            self._result["changed"] = True  # we stopped it, or tried to
        return verdict

    def _log(self, attached: Attached) -> Log:
        stream = stream_of(attached.definition, attached.container, attached.arn)
        return Log(self._clients, stream, self._mask(attached.definition))

    def _mask(self, definition: Answer) -> Masker:
        return masker(self._job, definition)

    # --- after it ran ---

    def _conclude(self, attached: Attached, verdict: Verdict) -> dict[str, t.Any]:
        mask = self._mask(attached.definition)
        log = self._log(attached)
        task = verdict.task or {}
        lines = log.last_lines(self._job.log_lines)
        self._result |= {
            "exit_code": verdict.exit_code,
            "containers": [_container(item, mask.text) for item in task.get("containers", [])],
            "stop_code": task.get("stopCode"),
            "stopped_reason": mask.text(str(task["stoppedReason"])) if task.get("stoppedReason") else None,
            "log": {**log.where(), "lines": lines},
        }
        if verdict.stopped:
            self._result["stop_command"] = None
        if verdict.outcome == "succeeded":
            return self._finished("succeeded")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        words = f" Its last words: {last}" if last else ""
        raise self._failure(verdict.outcome, f"{mask.text(verdict.reason)}{words}")

    def _failure(self, outcome: str, cause: str, details: t.Mapping[str, t.Any] | None = None) -> SlipwayError:
        self._result["cause"] = cause
        self._finished(outcome)
        task = self._result["task_arn"]
        named = f"One-off task {last_part(task)}" if task else "The one-off task"
        return SlipwayError(
            f"{named} of {self._job.unit} in cluster {last_part(self._job.cluster)} {_ending(outcome)}: {cause}",
            hint=self._next_step(),
            details={**self._result, **(details or {})},
        )

    def _next_step(self) -> str | None:
        if self._result["stop_command"]:
            return f"To stop it: {self._result['stop_command']}"
        if self._result["reattached"]:
            return (
                f"Release {self._job.release_id} ran it before, and it runs once for each release; once the cause is"
                f" mended, set attempt to {self._job.attempt + 1} to run it anew."
            )
        return None

    def _finished(self, outcome: str) -> dict[str, t.Any]:
        self._result |= {"outcome": outcome, "seconds": round(self._clock.monotonic() - self._began, 1)}
        if outcome != "planned":
            told = outcome.replace("_", " ")
            self._say(f"{told} after {self._result['seconds']:.1f} s")
        return self._result

    def _say(self, line: str) -> None:
        self._report(self._job.unit, line)


def _blank(job: Job, who: Identity) -> dict[str, t.Any]:
    return {
        "changed": False,
        "outcome": None,
        "reattached": False,
        "cluster": job.cluster,
        "task_arn": None,
        "task_definition": None,
        "container": job.container,
        "exit_code": None,
        "containers": [],
        "stop_code": None,
        "stopped_reason": None,
        "started_by": who.started_by,
        "log": {"group": None, "stream": None, "lines": []},
        "cause": None,
        "request": None,
        "stop_command": None,
        "seconds": 0.0,
    }


def _replayed(task: t.Mapping[str, t.Any], answered: str) -> bool:
    """Tell whether RunTask answered with a task that the same token had started before."""
    created = task.get("createdAt")
    try:
        at = email.utils.parsedate_to_datetime(answered)
        return isinstance(created, datetime.datetime) and created < at - REPLAYED
    except (TypeError, ValueError):
        return False


def _container(item: t.Mapping[str, t.Any], mask: t.Callable[[str], str]) -> dict[str, t.Any]:
    return {
        "name": item.get("name"),
        "exit_code": item.get("exitCode"),
        "reason": mask(str(item["reason"])) if item.get("reason") else None,
        "image": item.get("image"),
        "image_digest": item.get("imageDigest"),
    }


def _ending(outcome: str) -> str:
    return {"timed_out": "timed out", "not_started": "did not start"}.get(outcome, outcome)


__all__ = ("ARGUMENTS", "Mode", "run_one_off")

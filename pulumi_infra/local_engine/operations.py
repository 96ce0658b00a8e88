"""The four verbs: C(up), C(preview), C(destroy), C(output)."""

from __future__ import annotations

import time
import traceback
import typing as t
from dataclasses import dataclass
from pathlib import Path

import botocore.exceptions

from local_engine import program
from local_engine.backend import StackFile
from local_engine.cloud import Clouds
from local_engine.deployment import Deployment
from local_engine.display import Display
from local_engine.errors import LocalEngineError
from local_engine.invokes import Invokes
from local_engine.ledger import StateLedger
from local_engine.monitor import EngineLog, Monitor
from local_engine.planning import Step
from local_engine.project import Project
from local_engine.state import Snapshot
from local_engine.wire import Properties, is_secret, unwrap

PROVIDER_REGION = "aws:region"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an operation did."""

    counts: t.Mapping[Step, int]
    writing_calls: t.Mapping[str, int]

    def __getitem__(self, step: Step) -> int:
        return self.counts.get(step, 0)


class Operations:
    """What can be done with one stack of the project in a folder."""

    def __init__(
        self, folder: Path, stack: str, *, backend: str, endpoint: str | None, display: Display | None = None
    ) -> None:
        self._project = Project.load(folder, stack)
        self._file = StackFile(
            backend, self._project.name, stack, salt=self._project.salt, passphrase=self._project.passphrase
        )
        self._endpoint = endpoint
        self._display = display

    def up(self, *, refresh: bool = True) -> Outcome:
        clouds, region = self._clouds()
        with self._file.locked():
            return self._update(clouds, region, preview=False, refresh=refresh)

    def preview(self, *, refresh: bool = True) -> Outcome:
        return self._update(*self._clouds(), preview=True, refresh=refresh)

    def destroy(self) -> Outcome:
        display = self._display or Display()
        started = time.time()
        clouds, _region = self._clouds()
        with self._file.locked():
            old = self._file.load()
            if not old.resources:
                display.line(f"The stack {self._project.stack} has no resources.")
                return _told(display, clouds)
            _refuse_protected(old)
            ledger = self._ledger(old, readonly=False)
            deployment = Deployment(ledger, clouds, display)
            for state in old.resources:
                if state.is_provider:
                    deployment.know_provider(state)
            result = "failed"
            try:
                deployment.remove_leftovers()
                result = "succeeded"
            finally:
                ledger.save()
                self._file.record("destroy", started, result, display.changes(), self._project.history_config())
        return _told(display, clouds)

    def outputs(self, *, show_secrets: bool = False) -> Properties:
        """Return the stack's outputs as the last update left them."""
        snapshot = self._file.load()
        if snapshot.stack is None:
            raise LocalEngineError(f"The stack {self._project.stack} has no outputs: run up first.")
        found = snapshot.stack.outputs
        if show_secrets:
            return t.cast("Properties", unwrap(found))
        return {name: "[secret]" if is_secret(value) else unwrap(value) for name, value in found.items()}

    def _update(self, clouds: Clouds, region: str, *, preview: bool, refresh: bool) -> Outcome:
        display = self._display or Display(preview=preview)
        started = time.time()
        old = self._file.load()
        for kind, state in old.pending:
            display.line(f" !  the last update stopped while {kind} {state.type} {state.name}; it may be half there")
        ledger = self._ledger(old, readonly=preview)
        deployment = Deployment(ledger, clouds, display, preview=preview, refresh=refresh)
        monitor = Monitor(
            deployment,
            ledger,
            Invokes(clouds),
            project=self._project.name,
            stack=self._project.stack,
            region=region,
        )
        result = "failed"
        try:
            self._run_program(monitor, display, preview=preview)
            deployment.remove_leftovers()
            result = "succeeded"
        finally:
            ledger.save()
            if not preview:
                self._file.record("update", started, result, display.changes(), self._project.history_config())
        return _told(display, clouds)

    def _run_program(self, monitor: Monitor, display: Display, *, preview: bool) -> None:
        config, secret_keys = self._project.config()
        engine = EngineLog(display)
        try:
            program.run(
                self._project.main,
                project=self._project.name,
                stack=self._project.stack,
                monitor=monitor,
                engine=engine,
                config=config,
                secret_keys=secret_keys,
                preview=preview,
            )
        except Exception as error:
            # The SDK wraps and repeats; the first failure is the one that says why.
            cause = monitor.failure or error
            if isinstance(cause, LocalEngineError):
                raise cause from error
            raise LocalEngineError(f"The program failed: {_where(cause)}{type(cause).__name__}: {cause}") from error
        if engine.errors:
            raise LocalEngineError(f"The program reported an error: {engine.errors[0].strip()}")

    def _ledger(self, old: Snapshot, *, readonly: bool) -> StateLedger:
        return StateLedger(self._file, old, program.sdk_version(), readonly=readonly)

    def _clouds(self) -> tuple[Clouds, str]:
        if not self._endpoint:
            raise LocalEngineError("No local cloud is known: give --endpoint, such as http://127.0.0.1:4566.")
        region = self._project.config()[0].get(PROVIDER_REGION)
        if not region:
            raise LocalEngineError(f"Pulumi.{self._project.stack}.yaml does not set {PROVIDER_REGION}.")
        clouds = Clouds(self._endpoint, region)
        try:
            clouds.home.client("sts").get_caller_identity()
        except botocore.exceptions.BotoCoreError as error:
            raise LocalEngineError(f"No local cloud answers at {self._endpoint}; start it first. ({error})") from error
        return clouds, region


def _told(display: Display, clouds: Clouds) -> Outcome:
    """Print the last line, and return the same as numbers."""
    writing = clouds.home.calls.writing()
    display.summary(sum(writing.values()))
    return Outcome(counts=dict(display.counts), writing_calls=writing)


def _refuse_protected(snapshot: Snapshot) -> None:
    protected = [f"{state.type} {state.name}" for state in snapshot.resources if state.protect]
    if protected:
        raise LocalEngineError(f"Nothing was deleted, because these are protected: {', '.join(protected)}.")


def _where(error: BaseException) -> str:
    """Name the place in the user's program, where there is one."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename and "local_engine" not in frame.filename and "<" not in frame.filename
    ]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""


__all__ = ("Operations", "Outcome")

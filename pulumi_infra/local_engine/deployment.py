"""Carries out what the program asks for: each resource it registers, and the removal of those it no longer does."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import typing as t
from dataclasses import dataclass, field

import botocore.exceptions

from local_engine.cloud import Cloud, Clouds
from local_engine.display import Display
from local_engine.errors import LocalEngineError
from local_engine.handlers import DEFAULTS, Handler, handler_for, registry
from local_engine.ledger import StateLedger
from local_engine.planning import Plan, Step, ignore_changes, plan
from local_engine.state import ResourceState, now
from local_engine.wire import UNKNOWN, Properties, has_unknown, keep_secrets, unwrap


@dataclass(kw_only=True)
class Goal:
    """A resource as the program describes it."""

    state: ResourceState
    delete_before_replace: bool | None = None
    replace_on_changes: list[str] = field(default_factory=list)
    alias_urns: list[str] = field(default_factory=list)


class Deployment:
    """One run of C(up), C(preview) or C(destroy)."""

    def __init__(
        self, ledger: StateLedger, clouds: Clouds, display: Display, *, preview: bool = False, refresh: bool = True
    ) -> None:
        self._ledger = ledger
        self._clouds = clouds
        self._display = display
        self._preview = preview
        self._refresh = refresh
        self._providers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._claimed: set[str] = set()

    # -- what the program registers --

    def register_component(self, goal: Goal) -> ResourceState:
        """Record a component, which stands for nothing in the cloud but holds others together."""
        state, old = goal.state, self._adopt(goal)
        state.outputs = old.outputs if old else {}
        state.created, state.modified = (old.created, old.modified) if old else (now(), now())
        self._count(Step.SAME if old else Step.CREATE, state)
        self._ledger.finish(state, save=False)
        return state

    def register_provider(self, state: ResourceState) -> ResourceState:
        """Record a provider: for us, a region."""
        old = self._ledger.old(state.urn)
        if old:
            state.id, state.created, state.modified = old.id, old.created, old.modified
        state.outputs = dict(state.inputs)
        self.know_provider(state)
        self._ledger.finish(state, save=False)
        return state

    def know_provider(self, state: ResourceState) -> None:
        """Remember the region that resources with this provider live in."""
        with self._lock:
            self._providers[f"{state.urn}::{state.id}"] = unwrap(state.inputs).get("region", "")

    def register(self, goal: Goal) -> ResourceState:
        """Make the cloud agree with what the program asks for."""
        old = self._adopt(goal)
        handler = self._handler(goal.state)
        state = goal.state
        state.inputs = self._check(handler, state, old)
        if old and self._refresh and not self._still_there(handler, old):
            self._display.line(f" !  {old.type} {old.name} is gone from the cloud; it is made again")
            # Its name stays, its id does not.
            old = None
        decision = plan(handler, old.inputs if old else None, state.inputs, replace_on_changes=goal.replace_on_changes)
        if decision.step is Step.REPLACE:
            decision = self._make_room(handler, goal, old, decision)
        if self._preview:
            return self._pretend(state, old, decision)
        return self._carry_out(handler, state, old, decision)

    def read(self, state: ResourceState) -> ResourceState:
        """Look up a resource that somebody else manages."""
        handler = self._handler(state)
        found = handler.read(state.id, unwrap(state.inputs))
        if found is None:
            raise LocalEngineError(f"There is no {state.type} with the id {state.id}.")
        state.outputs = {**state.inputs, **found}
        self._count(Step.READ, state)
        self._ledger.finish(state)
        return state

    # -- what the program no longer registers --

    def remove_leftovers(self) -> None:
        """Remove what is recorded and was not asked for again, dependants first."""
        for state in self._ledger.leftovers():
            self._remove(state)

    def _remove(self, state: ResourceState) -> None:
        if state.protect:
            raise LocalEngineError(f"{state.type} {state.name} is protected; unprotect it in the program first.")
        if self._preview:
            if not state.is_provider:
                self._count(Step.DELETE, state)
            return
        started = time.monotonic()
        if state.managed and not state.retain_on_delete:
            with _told_as("delete", state):
                self._handler(state).delete(state.id, unwrap(state.inputs))
        self._ledger.removed(state)
        if not state.is_provider:
            note = "kept in the cloud" if state.retain_on_delete else ""
            self._count(Step.DELETE, state, seconds=time.monotonic() - started, note=note)

    # -- steps --

    def _carry_out(
        self, handler: Handler, state: ResourceState, old: ResourceState | None, decision: Plan
    ) -> ResourceState:
        started = time.monotonic()
        plain = unwrap(state.inputs)
        match decision.step:
            case Step.SAME:
                assert old is not None  # noqa: S101 - only something that exists can be unchanged
                state.id, state.outputs = old.id, old.outputs
                state.created, state.modified = old.created, old.modified
                self._count(Step.SAME, state)
                self._ledger.finish(state, save=False)
                return state
            case Step.UPDATE:
                assert old is not None  # noqa: S101 - only something that exists can be changed
                state.id, state.created, state.modified = old.id, old.created, now()
                with self._recorded("updating", state):
                    handler.update(state.id, unwrap(old.inputs), plain)
                    state.outputs = self._outputs(handler, state, plain)
                self._ledger.finish(state)
            case Step.REPLACE if decision.delete_first:
                assert old is not None  # noqa: S101 - only something that exists can be replaced
                self._remove_with_dependants(old)
                self._create(handler, state, plain)
                self._ledger.finish(state)
            case _:
                self._create(handler, state, plain)
                self._ledger.finish(state, replaced=old)
        note = ", ".join(sorted(decision.changes))
        self._count(decision.step, state, seconds=time.monotonic() - started, note=note)
        return state

    def _create(self, handler: Handler, state: ResourceState, plain: Properties) -> None:
        with self._recorded("creating", state):
            state.id = handler.create(plain)
            state.created = state.modified = now()
            try:
                state.outputs = self._outputs(handler, state, plain)
            except BaseException:
                # It exists, and the next update must know it: the record is not lost with the answer.
                state.outputs = dict(state.inputs)
                self._ledger.finish(state)
                raise

    def _outputs(self, handler: Handler, state: ResourceState, plain: Properties) -> Properties:
        found = handler.read(state.id, plain)
        if found is None:
            raise LocalEngineError(f"{state.type} {state.name} was made as {state.id} and cannot be found again.")
        inputs = {key: value for key, value in plain.items() if key != DEFAULTS}
        return keep_secrets(state.inputs, {**inputs, **found}, state.additional_secret_outputs)

    def _remove_with_dependants(self, old: ResourceState) -> None:
        """Remove a resource that must go before its successor comes, and first what cannot outlive it."""
        doomed = [old]
        for other in self._ledger.all_old():
            kind = registry().get(other.type)
            if kind is None or other.delete or other is old:
                continue
            gone = {state.urn for state in doomed}
            if any(gone & set(other.property_dependencies.get(name, [])) for name in kind.replace_on):
                doomed.append(other)
        for state in reversed(doomed):
            self._remove(state)

    def _pretend(self, state: ResourceState, old: ResourceState | None, decision: Plan) -> ResourceState:
        """Answer as a preview does: what is not known before it happens stays unknown."""
        self._count(decision.step, state, note=", ".join(sorted(decision.changes)))
        if old is not None and decision.step in (Step.SAME, Step.UPDATE):
            state.id = old.id
            inputs = {key: value for key, value in state.inputs.items() if key != DEFAULTS}
            state.outputs = {**old.outputs, **inputs} if decision.step is Step.UPDATE else old.outputs
        else:
            # An id that is empty, and outputs that are missing, are unknown to the SDK.
            state.outputs = {key: value for key, value in state.inputs.items() if key != DEFAULTS}
        self._ledger.finish(state)
        return state

    # -- helpers --

    def _adopt(self, goal: Goal) -> ResourceState | None:
        """Return the recorded resource this one continues, under its own URN or one it had before."""
        urn = goal.state.urn
        with self._lock:
            if urn in self._claimed:
                raise LocalEngineError(f"The program makes two resources with the URN {urn}; give one another name.")
            self._claimed.add(urn)
        for known in [urn, *goal.alias_urns]:
            if old := self._ledger.old(known):
                if known != urn:
                    self._ledger.removed(old)
                return old
        return None

    def _check(self, handler: Handler, state: ResourceState, old: ResourceState | None) -> Properties:
        wanted = ignore_changes(state.inputs, old.inputs if old else None, state.ignore_changes)
        # The region is every resource's own property; it says where, not what.
        plain = {key: value for key, value in wanted.items() if key != "region"}
        checked = handler.check(state.name, plain, old.inputs if old else None)
        if not self._preview and has_unknown(checked):
            raise LocalEngineError(f"{state.type} {state.name} depends on a value that nobody knows yet.")
        return {**checked, "region": wanted["region"]} if "region" in wanted else checked

    def _make_room(self, handler: Handler, goal: Goal, old: ResourceState | None, decision: Plan) -> Plan:
        """Let a successor have a new name, where it may have one, so that it can come before the old one goes."""
        if goal.delete_before_replace is not None:
            return dataclasses.replace(decision, delete_first=goal.delete_before_replace)
        state = goal.state
        if old is not None and handler.named_by in state.inputs.get(DEFAULTS, []):
            made_up = (handler.named_by, DEFAULTS)
            state.inputs = {key: value for key, value in state.inputs.items() if key not in made_up}
            state.inputs = self._check(handler, state, None)
            first = handler.must_go_first(unwrap(old.inputs), unwrap(state.inputs))
            return dataclasses.replace(decision, delete_first=first)
        return decision

    def _still_there(self, handler: Handler, old: ResourceState) -> bool:
        with _told_as("read", old):
            found = handler.read(old.id, unwrap(old.inputs))
        if found is None:
            return False
        old.outputs = keep_secrets(old.outputs, {**old.outputs, **found}, old.additional_secret_outputs)
        return True

    def _handler(self, state: ResourceState) -> Handler:
        return handler_for(state.type, self._cloud(state))

    def _cloud(self, state: ResourceState) -> Cloud:
        own = unwrap(state.inputs).get("region")
        if isinstance(own, str) and own != UNKNOWN:
            return self._clouds.region(own)
        with self._lock:
            return self._clouds.region(self._providers.get(state.provider) or None)

    @contextlib.contextmanager
    def _recorded(self, kind: str, state: ResourceState) -> t.Iterator[None]:
        """Mark an operation as pending while it runs."""
        self._ledger.begin(kind, dataclasses.replace(state))
        try:
            with _told_as({"creating": "create", "updating": "update"}[kind], state):
                yield
        except BaseException:
            self._ledger.failed(state)
            raise

    def _count(self, step: Step, state: ResourceState, *, seconds: float = 0, note: str = "") -> None:
        self._display.step(step, state.type, state.name, seconds=seconds, note=note)


@contextlib.contextmanager
def _told_as(verb: str, state: ResourceState) -> t.Iterator[None]:
    """Tell what goes wrong inside as a sentence about the resource."""
    try:
        yield
    except BaseException as error:
        _retell(error, verb, state)
        raise


def _retell(error: BaseException, verb: str, state: ResourceState) -> None:
    """Raise what botocore said again, with the name of the resource it was about."""
    what = f"Could not {verb} {state.type} {state.name}"
    if isinstance(error, botocore.exceptions.ClientError):
        told = error.response.get("Error", {})
        raise LocalEngineError(
            f"{what}: {error.operation_name} answered {told.get('Code')}: {told.get('Message')}"
        ) from error
    if isinstance(error, (botocore.exceptions.BotoCoreError, KeyError, TypeError, ValueError)):
        raise LocalEngineError(f"{what}: {type(error).__name__}: {error}") from error


__all__ = ("Deployment", "Goal")

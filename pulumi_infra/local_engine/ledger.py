"""Keeps the stack's state true while an update runs: after every step, the file says what exists."""

from __future__ import annotations

import threading

from local_engine.backend import StackFile
from local_engine.state import ResourceState, Snapshot


class StateLedger:
    """The old state, and the new one growing over it.

    The new resources come first, in the order in which they were finished, which is an order in which everything
    follows what it depends on. Then come the old ones that nobody asked for yet.
    """

    def __init__(self, file: StackFile, old: Snapshot, sdk_version: str, *, readonly: bool) -> None:
        self._file = file
        self._sdk_version = sdk_version
        self._readonly = readonly
        self._lock = threading.RLock()
        self._old = list(old.resources)
        self._new: list[ResourceState] = []
        self._pending: dict[str, tuple[str, ResourceState]] = {}

    def old(self, urn: str) -> ResourceState | None:
        """Return the resource as the last update left it."""
        with self._lock:
            return next((state for state in self._old if state.urn == urn and not state.delete), None)

    def registered(self, urn: str) -> bool:
        with self._lock:
            return any(state.urn == urn for state in self._new)

    def leftovers(self) -> list[ResourceState]:
        """Return what the program no longer asks for, in the order in which it may be removed."""
        with self._lock:
            return list(reversed(self._old))

    def all_old(self) -> list[ResourceState]:
        with self._lock:
            return list(self._old)

    def begin(self, kind: str, state: ResourceState) -> None:
        """Note that something is about to exist, in case nobody is left to say that it does."""
        with self._lock:
            self._pending[state.urn] = (kind, state)
            self._save()

    def failed(self, state: ResourceState) -> None:
        with self._lock:
            self._pending.pop(state.urn, None)
            self._save()

    def finish(self, state: ResourceState, *, replaced: ResourceState | None = None, save: bool = True) -> None:
        """Record a resource in its new state; one it replaced stays recorded until it is removed."""
        with self._lock:
            self._pending.pop(state.urn, None)
            self._old = [other for other in self._old if other.urn != state.urn or other.delete]
            if replaced is not None:
                replaced.delete = True
                self._old.append(replaced)
            self._new.append(state)
            if save:
                self._save()

    def removed(self, state: ResourceState) -> None:
        with self._lock:
            self._old = [other for other in self._old if other is not state]
            self._save()

    def save(self) -> None:
        """Write the state as it stays."""
        with self._lock:
            self._save(final=True)

    def snapshot(self) -> Snapshot:
        with self._lock:
            return Snapshot(resources=[*self._new, *self._old], pending=list(self._pending.values()))

    def _save(self, *, final: bool = False) -> None:
        if not self._readonly:
            self._file.save(self.snapshot(), self._sdk_version, final=final)


__all__ = ("StateLedger",)

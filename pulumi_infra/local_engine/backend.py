"""Pulumi's DIY backend on the file system, layout version 1: one checkpoint a stack, a history, and locks."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import time
import typing as t
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import yaml

from local_engine.errors import LocalEngineError
from local_engine.passphrase import Passphrase
from local_engine.state import CHECKPOINT_VERSION, Snapshot, from_deployment, now, to_deployment

LAYOUT_VERSION = 1
COMPRESSED = (".gz", ".zst")
ORGANIZATION = "organization"
# With no passphrase given, a stack without secrets is still a stack: it simply names no secrets provider.
SECRETS_PROVIDER = "passphrase"


class StackFile:
    """Where one stack's state lives."""

    def __init__(self, url: str, project: str, stack: str, *, salt: str | None, passphrase: str | None) -> None:
        self._root = _folder(url) / ".pulumi"
        self._project = project
        self._stack = stack
        self._salt = salt
        self._passphrase = passphrase
        self._look()

    def _look(self) -> None:
        """Read what the file says now."""
        self._deployment: dict[str, t.Any] = (self._read().get("checkpoint") or {}).get("latest") or {}
        recorded = _salt(self._deployment, self.path)
        # The stack's settings say how to write. What was written may have another salt: the CLI adds one to the
        # settings of a stack that had none, when it gets its first secret there.
        self.crypter = Passphrase(self._salt or recorded, self._passphrase)
        self._opener = self.crypter if recorded in (None, self._salt) else Passphrase(recorded, self._passphrase)

    @property
    def path(self) -> Path:
        return self._root / "stacks" / self._project / f"{self._stack}.json"

    def load(self) -> Snapshot:
        return from_deployment(self._deployment, self._opener)

    def save(self, snapshot: Snapshot, sdk_version: str, *, final: bool = True) -> None:
        """Write the checkpoint so that a reader sees the old one or the new one, never half of one.

        While an update runs it is written after every step, for the case that there is no next one. Only the last
        one is laid out for people, and waits for the disk.
        """
        encrypted = snapshot.has_secret() or "secrets_providers" in self._deployment
        self._deployment = to_deployment(snapshot, self.crypter, sdk_version, encrypted)
        checkpoint = {"stack": f"{ORGANIZATION}/{self._project}/{self._stack}", "latest": self._deployment}
        self._write_meta()
        document = {"version": CHECKPOINT_VERSION, "checkpoint": checkpoint}
        _write(self.path, json.dumps(document, indent=4 if final else None), durable=final)

    def record(self, kind: str, started: float, result: str, changes: t.Mapping[str, int], config: t.Any) -> None:
        """Add the update to the stack's history, with a copy of the checkpoint it left."""
        folder = self._root / "history" / self._project / self._stack
        stem = f"{self._stack}-{time.time_ns()}"
        entry = {
            "kind": kind,
            "startTime": int(started),
            "message": "",
            "environment": {},
            "config": config,
            "result": result,
            "endTime": int(time.time()),
            "resourceChanges": {name: number for name, number in changes.items() if number},
        }
        _write(folder / f"{stem}.history.json", json.dumps(entry, indent=4))
        if self.path.exists():
            _write(folder / f"{stem}.checkpoint.json", self.path.read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Hold the stack's lock, as the CLI does: one update at a time."""
        folder = self._root / "locks" / ORGANIZATION / self._project / self._stack
        self._refuse_if_locked(folder)
        lock = folder / f"{uuid.uuid4()}.json"
        content = {"pid": os.getpid(), "username": _user(), "hostname": socket.gethostname(), "timestamp": now()}
        _write(lock, json.dumps(content))
        try:
            # Two may have looked at the same moment: whoever sees another steps back, as the CLI does.
            self._refuse_if_locked(folder, but=lock)
            # Whoever had the lock until now may have left another state.
            self._look()
            yield
        finally:
            lock.unlink(missing_ok=True)

    def _refuse_if_locked(self, folder: Path, but: Path | None = None) -> None:
        for lock in sorted(set(folder.glob("*.json")) - {but}):
            try:
                holder = json.loads(lock.read_text(encoding="utf-8"))
                pid, host = int(holder["pid"]), str(holder["hostname"])
            except (OSError, ValueError, KeyError, TypeError):
                raise LocalEngineError(f"The lock {lock} cannot be read; remove it if no update is running.") from None
            if host == socket.gethostname() and not _alive(pid):
                # Its owner was killed and could not clean up.
                lock.unlink(missing_ok=True)
                continue
            raise LocalEngineError(
                f"The stack {self._stack} is being updated by process {pid} on {host}, since {holder.get('timestamp')}."
                f" Wait for it, or remove {lock} if it is gone."
            )

    def _read(self) -> dict[str, t.Any]:
        meta = self._root / "meta.yaml"
        try:
            if meta.exists():
                layout = (yaml.safe_load(meta.read_text(encoding="utf-8")) or {}).get("version", 0)
                if layout != LAYOUT_VERSION:
                    raise LocalEngineError(
                        f"{meta} says layout {layout}; this engine writes layout {LAYOUT_VERSION}. Use another backend."
                    )
            self._refuse_compressed()
            if not self.path.exists():
                return {}
            document: dict[str, t.Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise LocalEngineError(f"Could not read {error.filename}: {error.strerror}.") from error
        except (ValueError, yaml.YAMLError) as error:
            raise LocalEngineError(f"{self.path} is not a checkpoint: {error}.") from error
        if document.get("version") != CHECKPOINT_VERSION:
            raise LocalEngineError(
                f"{self.path} has version {document.get('version')}; this engine knows {CHECKPOINT_VERSION}."
            )
        return document

    def _refuse_compressed(self) -> None:
        """Refuse a state that would stand beside ours, and of which the CLI would take one or the other."""
        for ending in COMPRESSED:
            other = self.path.with_name(f"{self.path.name}{ending}")
            if other.exists():
                raise LocalEngineError(
                    f"{other} is compressed; this engine reads and writes plain JSON. Export the stack with the CLI, "
                    "and import it with PULUMI_DIY_BACKEND_GZIP and PULUMI_DIY_BACKEND_ZSTD unset."
                )

    def _write_meta(self) -> None:
        meta = self._root / "meta.yaml"
        if not meta.exists():
            _write(meta, f"version: {LAYOUT_VERSION}\n")


def _salt(deployment: t.Mapping[str, t.Any], path: Path) -> str | None:
    provider = deployment.get("secrets_providers") or {}
    kind = provider.get("type")
    if kind not in (None, "", SECRETS_PROVIDER):
        raise LocalEngineError(f"{path} uses the secrets provider {kind}; the local engine knows {SECRETS_PROVIDER}.")
    state = provider.get("state") or {}
    return state.get("salt")


def _folder(url: str) -> Path:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        raise LocalEngineError(f"The backend {url} is not a folder of this machine; use file:///<absolute path>.")
    path = urllib.request.url2pathname(parts.path)
    if not path.startswith("/"):
        raise LocalEngineError(f"The backend {url} has no absolute path; use file:///<absolute path>.")
    return Path(path)


def _write(path: Path, text: str, *, durable: bool = True) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Nothing here is for other users of the machine.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise LocalEngineError(f"Could not write {path}: {error.strerror}.") from error


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


__all__ = ("StackFile",)

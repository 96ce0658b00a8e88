# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Files a self-kept backend has beside its states: who holds a lock, and what the last update did."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import ConfigKey, Lock, Update
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.compression import decompress
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import Document, load_json, whole
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError

# One update's record: kind, times, result, and the names it was configured with.
MAXIMUM_RECORD = 16 * 1024 * 1024
MAXIMUM_DEPTH = 100


def parse_lock(content: bytes) -> Lock:
    """Say who holds a lock; a lock nobody can read is a lock all the same."""
    try:
        document = Document(load_json(content, "the lock"), "the lock")
        user, host = document.take("username", str, ""), document.take("hostname", str, "")
        process, since = document.take("pid", int, 0), document.take("timestamp", str, "")
    except CheckpointError:
        return Lock()
    who = "@".join(part for part in (user, host) if part)
    return Lock(f"{who or 'somebody'} (pid {process})" + (f" since {since}" if since else ""))


def parse_update(content: bytes, where: str) -> Update:
    """Read the record of one update."""
    pieces = decompress(iter([content]), where, maximum=MAXIMUM_RECORD)
    return update_of(load_json(b"".join(pieces), where), where)


def update_of(value: t.Any, where: str) -> Update:
    """Read the record of one update, as every backend spells it."""
    document = Document(value, where)
    config = document.child("config")
    return Update(
        kind=document.take("kind", str, ""),
        result=document.take("result", str, ""),
        started=document.take("startTime", int, 0) or None,
        ended=document.take("endTime", int, 0) or None,
        message=document.take("message", str, "") or None,
        version=document.take("version", int, 0) or None,
        config_keys=tuple(_config_key(name, config) for name in sorted(config.keys())) if config else (),
    )


def _config_key(name: str, config: Document) -> ConfigKey:
    value: t.Any = config.take(name, object, None)
    return ConfigKey(whole(name), secret=_is_marked(value) or _holds_ciphertext(value))


def _is_marked(value: t.Any) -> bool:
    """Tell whether Pulumi Cloud, which puts a mark beside each value, calls this one secret."""
    return isinstance(value, dict) and value.get("secret") is True and isinstance(value.get("string"), str)


def _holds_ciphertext(value: t.Any, depth: int = 0) -> bool:
    if depth > MAXIMUM_DEPTH:
        return True
    if isinstance(value, list):
        return any(_holds_ciphertext(item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return False
    sealed = value.keys() == {"secure"} and isinstance(value["secure"], str)
    return sealed or any(_holds_ciphertext(item, depth + 1) for item in value.values())


__all__ = ("parse_lock", "parse_update", "update_of")

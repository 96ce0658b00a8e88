"""Tags, in the two shapes the services take them."""

from __future__ import annotations

import typing as t

from local_engine.wire import Properties


def pairs(inputs: Properties, *, lower: bool = False) -> list[dict[str, str]]:
    """Return the tags as a list of keys and values."""
    key, value = ("key", "value") if lower else ("Key", "Value")
    return [{key: name, value: text} for name, text in sorted((inputs.get("tags") or {}).items())]


def difference(old: Properties, new: Properties) -> tuple[dict[str, str], list[str]]:
    """Return the tags to set and the keys to take away."""
    before: dict[str, str] = old.get("tags") or {}
    after: dict[str, str] = new.get("tags") or {}
    return {key: value for key, value in after.items() if before.get(key) != value}, sorted(set(before) - set(after))


def outputs(inputs: Properties) -> dict[str, t.Any]:
    """Return what the provider says of tags: there are no others than those asked for."""
    return {"tags": inputs.get("tags") or {}, "tagsAll": inputs.get("tags") or {}}


__all__ = ("difference", "outputs", "pairs")

"""What must happen to a resource: nothing, a creation, a change, or a replacement."""

from __future__ import annotations

import copy
import enum
import typing as t
from dataclasses import dataclass

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, changed
from local_engine.wire import Properties, unwrap


class Step(enum.Enum):
    """The engine's words for what happens to a resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"


@dataclass(frozen=True, kw_only=True)
class Plan:
    step: Step
    #: The inputs that differ.
    changes: frozenset[str] = frozenset()
    #: Whether a replacement starts by removing what is there.
    delete_first: bool = False


def plan(
    handler: Handler, old: Properties | None, new: Properties, *, replace_on_changes: t.Collection[str] = ()
) -> Plan:
    """Compare what was asked for last time with what is asked for now."""
    if old is None:
        return Plan(step=Step.CREATE)
    before, after = unwrap(old), unwrap(new)
    differences = frozenset(changed(before, after))
    if not differences:
        return Plan(step=Step.SAME)
    if differences & {*handler.replace_on, *replace_on_changes} or "*" in replace_on_changes:
        return Plan(step=Step.REPLACE, changes=differences, delete_first=handler.must_go_first(before, after))
    return Plan(step=Step.UPDATE, changes=differences)


def ignore_changes(new: Properties, old: Properties | None, paths: t.Collection[str]) -> Properties:
    """Return the new inputs with the old value wherever the program said that it does not care."""
    if old is None or not paths:
        return new
    result = copy.deepcopy(new)
    for path in paths:
        if "*" in path or "[" in path:
            raise LocalEngineError(f"ignore_changes names {path!r}; the local engine knows plain and dotted names.")
        _restore(result, old, path.split("."))
    return result


def _restore(new: Properties, old: Properties, path: list[str]) -> None:
    head, *rest = path
    if not rest:
        if head in old:
            new[head] = copy.deepcopy(old[head])
        else:
            new.pop(head, None)
    elif isinstance(new.get(head), dict) and isinstance(old.get(head), dict):
        _restore(new[head], old[head], rest)


__all__ = ("Plan", "Step", "ignore_changes", "plan")

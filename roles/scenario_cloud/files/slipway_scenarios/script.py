# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script: which service behaves how, and what goes wrong on the way. What it cannot mean, it says in a sentence."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import types
import typing as t

from .behaviours import BEHAVIOURS, Behaviour, Rolling
from .errors import ScenarioError
from .faults import Fault

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Made = t.TypeVar("Made")


@dataclasses.dataclass(frozen=True)
class Existing:
    """A service that is there from the beginning, and runs."""

    desired: int = 2
    container: str = "app"
    image: str = "registry.example/app:1"
    breaker: t.Literal["rollback", "stop", "off"] = "rollback"
    strategy: t.Literal["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"] = "ROLLING"
    log_group: str = "/scenarios"


@dataclasses.dataclass(frozen=True)
class Script:
    """What happens, by the names of the services."""

    services: tuple[tuple[str, tuple[Behaviour, ...]], ...] = ()
    at_creation: Behaviour = dataclasses.field(default_factory=lambda: Rolling(0.0))
    going_back: Behaviour = dataclasses.field(default_factory=Rolling)
    existing: tuple[tuple[str, str, Existing], ...] = ()
    """Cluster, service, and what it is like."""
    faults: tuple[Fault, ...] = ()
    seed: int = 1
    service_deployments: bool = True

    @classmethod
    def parse(cls, document: t.Any) -> Script:
        given = _mapping(document or {}, "The script")
        names = [field.name for field in dataclasses.fields(cls)]
        _known(given, names, "The script")
        changes: dict[str, t.Any] = {}
        if "services" in given:
            services = _mapping(given["services"], "services")
            changes["services"] = tuple((name, _behaviours(value, name)) for name, value in services.items())
        for key in ("at_creation", "going_back"):
            if key in given:
                changes[key] = _behaviour(given[key], key)
        if "existing" in given:
            changes["existing"] = tuple(_existing(given["existing"]))
        if "faults" in given:
            changes["faults"] = tuple(
                _fault(item, f"faults[{number}]") for number, item in enumerate(_list(given["faults"], "faults"))
            )
        if "seed" in given:
            changes["seed"] = _value(given["seed"], int, "seed")
        if "service_deployments" in given:
            changes["service_deployments"] = _value(given["service_deployments"], bool, "service_deployments")
        return cls(**changes)

    def behaviour(self, service: str, number: int) -> Behaviour:
        """Return how the deployment with this number goes; the last one that is named stays."""
        for pattern, behaviours in self.services:
            if fnmatch.fnmatchcase(service, pattern):
                return behaviours[min(number, len(behaviours) - 1)]
        return Rolling()


def _behaviours(value: t.Any, service: str) -> tuple[Behaviour, ...]:
    where = f"services.{service}"
    if not isinstance(value, list):
        return (_behaviour(value, where),)
    if not value:
        raise ScenarioError(f"{where} names no behaviour.", "Leave it out, or name at least one.")
    return tuple(_behaviour(item, f"{where}[{number}]") for number, item in enumerate(value))


def _behaviour(value: t.Any, where: str) -> Behaviour:
    given = {"behaviour": value} if isinstance(value, str) else _mapping(value, where)
    name = given.get("behaviour")
    if not isinstance(name, str):
        raise ScenarioError(f"{where} names no behaviour.", f"There are {', '.join(BEHAVIOURS)}.")
    if name not in BEHAVIOURS:
        raise ScenarioError(f"{where}: there is no behaviour {name}.", _nearest(name, BEHAVIOURS))
    rest = {key: item for key, item in given.items() if key != "behaviour"}
    return _make(BEHAVIOURS[name], rest, f"{where} ({name})")


def _existing(value: t.Any) -> list[tuple[str, str, Existing]]:
    found = []
    for cluster, services in _mapping(value, "existing").items():
        where = f"existing.{cluster}"
        given = dict.fromkeys(services) if isinstance(services, list) else _mapping(services, where)
        found += [
            (cluster, str(name), _make(Existing, _mapping(item or {}, f"{where}.{name}"), f"{where}.{name}"))
            for name, item in given.items()
        ]
    return found


def _fault(value: t.Any, where: str) -> Fault:
    given = _mapping(value, where)
    if "fault" not in given:
        raise ScenarioError(f"{where} does not say which fault.", "For instance {fault: throttled, first: 3}.")
    fault = _make(Fault, given, where)
    if fault.share is not None and fault.share > 1:
        raise ScenarioError(f"{where}.share is {fault.share:g}.", "A share is between 0 and 1.")
    return fault


def _make(kind: type[Made], given: Mapping[str, t.Any], where: str) -> Made:
    """Make a dataclass of a mapping, each value of the type that its field has."""
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    _known(given, fields, where)
    hints = t.get_type_hints(kind)
    return kind(**{key: _value(value, hints[key], f"{where}.{key}") for key, value in given.items()})


def _value(value: t.Any, hint: t.Any, where: str) -> t.Any:
    origin, words = t.get_origin(hint), t.get_args(hint)
    if origin in (t.Union, types.UnionType):
        if value is None:
            return None
        return _value(value, next(item for item in words if item is not types.NoneType), where)
    if origin is t.Literal:
        if value not in words:
            raise ScenarioError(f"{where} is {value!r}.", _nearest(str(value), words))
        return value
    if origin is tuple:
        items = [value] if isinstance(value, str) else _list(value, where)
        return tuple(_value(item, words[0], f"{where}[{number}]") for number, item in enumerate(items))
    return _simple(value, hint, where)


def _simple(value: t.Any, hint: t.Any, where: str) -> t.Any:
    if hint is bool and isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int and isinstance(value, int) and number and value >= 0:
        return value
    if hint is float and number and value >= 0:
        return float(value)
    wanted = {bool: "true or false", str: "a text", int: "a whole number, 0 or more", float: "a number, 0 or more"}[
        hint
    ]
    raise ScenarioError(f"{where} must be {wanted}, not {value!r}.")


def _mapping(value: t.Any, where: str) -> Mapping[str, t.Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ScenarioError(f"{where} must be a mapping with names as keys, not {type(value).__name__}.")
    return value


def _list(value: t.Any, where: str) -> list[t.Any]:
    if not isinstance(value, (list, tuple)):
        raise ScenarioError(f"{where} must be a list, not {type(value).__name__}.")
    return list(value)


def _known(given: Collection[str], names: Collection[str], where: str) -> None:
    for key in given:
        if key not in names:
            raise ScenarioError(f"{where} has no key {key}.", _nearest(key, names))


def _nearest(word: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(word, known, n=1)
    guess = f"Did you mean {found[0]}? " if found else ""
    return f"{guess}There are {', '.join(known)}."

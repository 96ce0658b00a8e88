"""Reads a stack's configuration: each key once, by its kind, and none that nobody asked for."""

from __future__ import annotations

import difflib
import json
import typing as t
from dataclasses import dataclass, field

import pulumi
from pulumi.runtime import config as sdk_config

NAMESPACE = "slipway"
T = t.TypeVar("T")


@dataclass
class Configuration:
    """The keys of one namespace. What was asked for is remembered, so that a misspelt key does not pass in silence."""

    given: t.Mapping[str, str]
    place: str = f"{NAMESPACE}:"
    _known: set[str] = field(default_factory=set)

    @classmethod
    def of_the_stack(cls) -> Configuration:
        prefix = f"{NAMESPACE}:"
        # The real CLI passes the whole in the environment, the local engine and the tests set it.
        everything: dict[str, str] = {**sdk_config.get_config_env(), **sdk_config.CONFIG.get()}
        return cls({key.removeprefix(prefix): text for key, text in everything.items() if key.startswith(prefix)})

    def _text(self, key: str) -> str | None:
        self._known.add(key)
        return self.given.get(key)

    def _value(self, key: str, kind: str, types: tuple[type, ...]) -> t.Any:
        text = self._text(key)
        if text is None:
            return None
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        # To Python, true is a number too.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise self._wrong(key, f"is {text!r}; it must be {kind}")
        return value

    def _wrong(self, key: str, words: str) -> pulumi.RunError:
        return pulumi.RunError(f"{self.place}{key} {words}.")

    def text(self, key: str) -> str | None:
        return self._text(key)

    def whole(self, key: str) -> int | None:
        return t.cast("int | None", self._value(key, "a whole number", (int,)))

    def number(self, key: str) -> float | None:
        return t.cast("float | None", self._value(key, "a number", (int, float)))

    def flag(self, key: str) -> bool | None:
        return t.cast("bool | None", self._value(key, "true or false", (bool,)))

    def one_of(self, key: str, choices: t.Any) -> t.Any:
        """Return one of the words of a C(Literal)."""
        value, allowed = self._text(key), t.get_args(choices)
        if value is not None and value not in allowed:
            raise self._wrong(key, f"is {value!r}; it must be one of {', '.join(allowed)}")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self._value(key, "a list", (list,))
        return None if value is None else tuple(str(item) for item in value)

    def mapping(self, key: str) -> dict[str, str] | None:
        """Return a map of texts. YAML's true is the text C(true): so tags are written."""
        value = self._value(key, "a map", (dict,))
        return None if value is None else {name: _plain(item) for name, item in value.items()}

    def section(self, key: str) -> Configuration | None:
        """Return a map of settings, read as carefully as the whole."""
        value = self._value(key, "a map", (dict,))
        return None if value is None else Configuration(_texts(value), place=f"{self.place}{key}.")

    def sections(self, key: str) -> dict[str, Configuration]:
        """Return a map of names, each with settings of its own."""
        outer = self.section(key)
        if outer is None:
            return {}
        found = {name: outer.section(name) for name in outer.given}
        return {name: section for name, section in found.items() if section is not None}

    def needed(self, key: str, value: T | None) -> T:
        if value is None:
            raise self._wrong(key, "is missing; this system cannot be made without it")
        return value

    def refuse_unknown(self) -> None:
        """Raise an error for keys that nothing reads, with the nearest of those that exist."""
        for key in sorted(set(self.given) - self._known):
            near = difflib.get_close_matches(key, self._known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(self._known))}."
            raise pulumi.RunError(f"{self.place}{key} is not known to this system; {meant}")


def _plain(value: t.Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _texts(values: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {key: _plain(value) for key, value in values.items()}


__all__ = ("Configuration",)

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""Holds a delivery document against its schema, and against itself; every complaint names its place."""

from __future__ import annotations

import difflib
import functools
import json
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.plugin_utils import _order

try:
    import jsonschema
except ImportError:
    HAS_JSONSCHEMA = False
else:
    HAS_JSONSCHEMA = True

SCHEMA_FILE = pathlib.Path(__file__).with_name("schema.json")
MOST_COMPLAINTS = 10
KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a dictionary",
    "string": "a text",
}
# What the patterns of the schema ask for, in words.
FORMS = {
    "account": "a quoted number of 12 digits",
    "arn": "an ARN",
    "domain": "a host name without scheme, port or path",
    "duration": "a duration such as 90s, 15m or 1h30m",
    "endpoints": "a URL that begins with http:// or https://",
    "name": "a name of letters, digits, dots, dashes and underscores",
    "prefix": "empty, or a path that does not begin but ends with a slash",
    "region": "an AWS region",
    "repository": "a repository without tag or digest",
    "text": "a text that is not empty",
}


class DeliveryError(SlipwayError):
    """A stack's delivery document is not one."""


@functools.cache
def load_schema() -> dict[str, t.Any]:
    """Return the JSON Schema of the delivery document."""
    schema: dict[str, t.Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def check_delivery(document: t.Any) -> None:
    """Accept a delivery document, or raise one error that lists what is wrong with it."""
    complaints = find_complaints(document)
    if complaints:
        shown = complaints[:MOST_COMPLAINTS]
        rest = len(complaints) - len(shown)
        raise DeliveryError(
            "; ".join(shown) + (f"; and {rest} more" if rest else "") + ".",
            hint="The stack's output delivery, or what the inventory's compose makes of it, must follow schema 1.",
            details={"complaints": complaints},
        )


def find_complaints(document: t.Any) -> list[str]:
    """Return all that is wrong with a document, each as C(path: sentence)."""
    if not HAS_JSONSCHEMA:
        raise DeliveryError(
            "Checking a delivery document needs the Python library jsonschema, which is not installed.",
            hint="Install it where Ansible itself runs.",
        )
    schema = load_schema()
    errors = jsonschema.Draft202012Validator(schema).iter_errors(document)
    # Each missing key is an error of its own, which knows only that something is missing.
    complaints = {complaint for error in errors for complaint in _told(error)}
    # A document of the wrong shape cannot be held against itself.
    return sorted(complaints) or sorted(_contradictions(document))


def _told(error: t.Any) -> list[str]:
    path = _path(error.absolute_path)
    if error.validator == "required":
        return [f"{path}.{key}: is missing" for key in error.validator_value if key not in error.instance]
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        return [f"{path}.{key}: is not known{_meant(key, known)}" for key in error.instance if key not in known]
    if error.validator == "type":
        return [f"{path}: must be {KINDS[error.validator_value]}, not {_kind(error.instance)}"]
    if error.validator == "const":
        return [f"{path}: must be {error.validator_value!r}, not {error.instance!r}"]
    if error.validator == "pattern":
        subject = f"{path}.{error.instance}" if "propertyNames" in error.absolute_schema_path else path
        return [f"{subject}: must be {_form(error)}, not {error.instance!r}"]
    return [f"{path}: {error.message}"]


def _path(parts: t.Iterable[str | int]) -> str:
    return "".join(["delivery", *(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)])


def _form(error: t.Any) -> str:
    places = [*error.absolute_schema_path][:-1]
    named = [place for place in places if isinstance(place, str)]
    definition = next((name for name, value in load_schema()["$defs"].items() if value is error.schema), None)
    names = [definition, *reversed(named)]
    return next((FORMS[name] for name in names if name in FORMS), f"of the form {error.validator_value}")


def _kind(value: t.Any) -> str:
    if value is None:
        return "nothing"
    for kinds, name in (((bool,), "boolean"), ((int, float), "number"), ((str,), "string"), ((list,), "array")):
        if isinstance(value, kinds):
            return KINDS[name]
    return KINDS["object"] if isinstance(value, dict) else type(value).__name__


def _meant(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(str(key), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _contradictions(document: dict[str, t.Any]) -> t.Iterator[str]:
    repositories = list(document.get("repositories", {}))
    services = document.get("services", {})
    for kind in ("services", "functions"):
        for name, unit in document.get(kind, {}).items():
            if unit["image"] not in repositories:
                yield (
                    f"delivery.{kind}.{name}.image: {unit['image']!r} is no key of delivery.repositories"
                    f"{_meant(unit['image'], repositories)}"
                )
    for name, migration in document.get("migrations", {}).items():
        if migration["service"] not in services:
            yield (
                f"delivery.migrations.{name}.service: {migration['service']!r} is no key of delivery.services"
                f"{_meant(migration['service'], list(services))}"
            )
    for place, sentence in _order.mistakes(document):
        yield f"delivery.{place}: {sentence}"


__all__ = ("DeliveryError", "check_delivery", "find_complaints", "load_schema")

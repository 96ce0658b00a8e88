# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Delete old versions of functions: never one that callers get, or that a release may go back to."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import (
    delete_version,
    get_function,
    list_aliases,
    list_event_source_qualifiers,
    list_provisioned_qualifiers,
    list_versions,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.definition import marked_fingerprint

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Snapshot

ARGUMENTS: dict[str, t.Any] = {
    "functions": {"type": "dict", "required": True},
    "keep": {"type": "int", "default": 10},
    "keep_versions": {"type": "dict", "default": {}},
    "receipts": {"type": "list", "elements": "dict", "default": []},
    "only_ours": {"type": "bool", "default": True},
}

Receipt = t.Mapping[str, t.Any]


@dataclasses.dataclass
class Versions:
    """The versions of one function, the newest first, and why each that stays does."""

    name: str
    function: str
    found: t.Sequence[Snapshot]
    reasons: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    deleted: list[str] = dataclasses.field(default_factory=list)

    def keep(self, version: str, reason: str) -> None:
        known = self.reasons.setdefault(version, [])
        if reason not in known:
            known.append(reason)

    @property
    def going(self) -> list[str]:
        """Return what nothing needs, the oldest first."""
        return [item.version for item in reversed(self.found) if item.version not in self.reasons]

    def as_result(self) -> dict[str, t.Any]:
        numbers = [item.version for item in reversed(self.found)]
        kept = [
            {"version": number, "reasons": self.reasons.get(number, [])}
            for number in numbers
            if number not in self.deleted
        ]
        return {"function": self.function, "published": len(self.found), "kept": kept, "deleted": self.deleted}


def prune(params: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool) -> dict[str, t.Any]:
    """Delete what may go and return the task's result, or raise with it when Lambda refused some of it."""
    client = Clients(params)("lambda")
    functions = [_looked_at(client, name, given, params) for name, given in params["functions"].items()]
    refused = [] if check_mode else [line for versions in functions for line in _delete(client, versions)]
    if check_mode:
        for versions in functions:
            versions.deleted = versions.going
    result = {
        "changed": any(versions.deleted for versions in functions),
        "functions": {versions.name: versions.as_result() for versions in functions},
    }
    if diff:
        result["diff"] = [_difference(versions) for versions in functions]
    if refused:
        raise SlipwayError(" ".join(refused), details=result)
    return result


def _looked_at(client: t.Any, name: str, given: t.Any, params: t.Mapping[str, t.Any]) -> Versions:
    if not isinstance(given, dict) or not given.get("name"):
        raise SlipwayError(f"functions.{name} must be a dictionary with the function's name.")
    if params["keep"] < 1:
        raise SlipwayError(f"keep is {params['keep']}.", hint="The newest version of a function always stays.")
    function = str(given["name"])
    if get_function(client, function) is None:
        raise SlipwayError(f"There is no Lambda function {function}.", hint="Are region and account the right ones?")
    versions = Versions(name, function, list_versions(client, function))
    for item in versions.found[: params["keep"]]:
        versions.keep(item.version, f"it is one of the newest {params['keep']}")
    _note_what_was_said(versions, params)
    # The other questions are asked only where something could go at all.
    if versions.going:
        _note_what_is_used(client, versions)
    return versions


def _note_what_was_said(versions: Versions, params: t.Mapping[str, t.Any]) -> None:
    for version in params["keep_versions"].get(versions.name) or []:
        versions.keep(str(version), "keep_versions names it")
    for receipt in params["receipts"]:
        for version in mentioned(receipt, versions.name):
            versions.keep(version, f"the receipt of release {receipt.get('release_id') or 'without a name'} has it")
    if params["only_ours"]:
        for item in versions.found:
            if marked_fingerprint(item) is None:
                versions.keep(item.version, "no release of this collection made it")


def mentioned(receipt: Receipt, name: str) -> list[str]:
    """Return the versions of a function that a receipt has: what callers got before, and since."""
    units = receipt.get("units")
    functions = units.get("functions") if isinstance(units, dict) else None
    unit = functions.get(name) if isinstance(functions, dict) else None
    if not isinstance(unit, dict):
        return []
    return [str(unit[key]) for key in ("before", "after") if unit.get(key)]


def _note_what_is_used(client: t.Any, versions: Versions) -> None:
    function = versions.function
    for alias in list_aliases(client, function):
        for version in (alias.version, *alias.weights):
            versions.keep(version, f"alias {alias.name} sends callers to it")
    for qualifier in list_provisioned_qualifiers(client, function):
        versions.keep(qualifier, "instances of it are kept warm")
    for qualifier in list_event_source_qualifiers(client, function):
        versions.keep(qualifier, "an event source calls it")


def _delete(client: t.Any, versions: Versions) -> list[str]:
    """Delete what may go, and return what Lambda refused."""
    refused: list[str] = []
    for version in versions.going:
        try:
            delete_version(client, versions.function, version)
        except AwsError as error:
            refused.append(f"Version {version} of function {versions.function} stays. {error.message}")
        else:
            versions.deleted.append(version)
    return refused


def _difference(versions: Versions) -> dict[str, str]:
    before = [item.version for item in reversed(versions.found)]
    after = [version for version in before if version not in versions.deleted]
    lines = {"before": before, "after": after}
    return {
        "before_header": versions.name,
        "after_header": versions.name,
        **{side: "".join(f"{versions.function}:{version}\n" for version in lines[side]) for side in lines},
    }


__all__ = ("ARGUMENTS", "mentioned", "prune")

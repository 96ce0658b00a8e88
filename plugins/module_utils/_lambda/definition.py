# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Configurations as values: lay a release over what there is, tell whether it changes anything, show how."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import merge
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import IDENTITY, Release, Snapshot, Target
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

Configuration = dict[str, t.Any]
"""A configuration in the spelling of UpdateFunctionConfiguration. Fields we do not know pass through untouched."""

# GetFunction answers these, and they are not what a version consists of. Everything else passes through: a list of
# what we know would silently drop what AWS adds next. The runtime's own patches come by themselves.
DESCRIBED_ONLY = frozenset({
    "FunctionName", "FunctionArn", "CodeSize", "CodeSha256", "LastModified", "Version", "MasterArn", "RevisionId",
    "State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode", "SigningProfileVersionArn", "SigningJobArn", "RuntimeVersionConfig", "ConfigSha256",
    "ResponseMetadata",
})  # fmt: skip
# Part of what runs, and not UpdateFunctionConfiguration's to change.
NOT_SENT = frozenset({"PackageType", "Architectures", "TenancyConfig"})
# What AWS says for what nobody set, per field.
DEFAULTS: dict[str, t.Any] = {
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None"},
    "Architectures": ["x86_64"],
}
# What has to be sent to take a field away.
NOTHING: dict[str, t.Any] = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "FileSystemConfigs": [],
    "ImageConfig": {},
    "KMSKeyArn": "",
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    **DEFAULTS,
}
UNORDERED = frozenset({"SubnetIds", "SecurityGroupIds"})
MASK = "********"
MARK = re.compile(r"Release (?P<release>.+) \[slipway (?P<fingerprint>[0-9a-f]{32})\]")
LONGEST_RELEASE = 180


def as_request(snapshot: Snapshot) -> Configuration:
    """Return what a function is set to, as one would have to ask for it."""
    answer = copy.deepcopy({key: value for key, value in snapshot.configuration.items() if key not in DESCRIBED_ONLY})
    if "ImageConfigResponse" in answer:
        answer["ImageConfig"] = (answer.pop("ImageConfigResponse") or {}).get("ImageConfig")
    if answer.get("Layers"):
        answer["Layers"] = [layer["Arn"] if isinstance(layer, dict) else layer for layer in answer["Layers"]]
    for field, told in (("VpcConfig", "VpcId"), ("SnapStart", "OptimizationStatus")):
        if isinstance(answer.get(field), dict):
            answer[field].pop(told, None)
    if "Environment" in answer:
        answer["Environment"] = {"Variables": snapshot.environment}
    return {key: value for key, value in answer.items() if value not in (None, [], {}, "")}


def overlay(base: Configuration, target: Target, release: Release) -> Configuration:
    """Return the configuration to publish: what there is, with what the target wishes."""
    wishes = target.wishes
    plain = {
        "MemorySize": wishes.memory,
        "Timeout": wishes.timeout,
        "Handler": wishes.handler,
        "Runtime": wishes.runtime,
        "Layers": None if wishes.layers is None else list(wishes.layers),
    }
    wanted = copy.deepcopy(base) | {key: value for key, value in plain.items() if value is not None}
    if wishes.command is not None:
        wanted["ImageConfig"] = {**(wanted.get("ImageConfig") or {}), "Command": list(wishes.command)}
    variables = variables_of(wanted)
    named = release.environment(target.code.image if target.code else None) if target.identify else {}
    changes = {**wishes.environment, **named}
    variables = {name: value for name, value in variables.items() if changes.get(name, value) is not None}
    variables |= {name: value for name, value in changes.items() if value is not None}
    wanted["Environment"] = {"Variables": variables}
    if target.code and target.code.architecture:
        wanted["Architectures"] = [target.code.architecture]
    return t.cast("Configuration", merge(wanted, wishes.override))


def changes(base: Configuration, wanted: Configuration, function: str) -> Configuration:
    """Return the fields that UpdateFunctionConfiguration has to be sent, and nothing else."""
    before, after = _plain(base), _plain(wanted)
    differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    request: Configuration = {}
    for key in differing:
        if key in NOT_SENT:
            continue
        if key not in after and key not in NOTHING:
            raise SlipwayError(
                f"Function {function}: {key} cannot be taken away.", hint="Give it another value, or leave it as it is."
            )
        request[key] = wanted[key] if key in after else NOTHING[key]
    return request


def holds(sent: t.Any, seen: t.Any) -> bool:
    """Tell whether what was sent is what is there now; the API may answer more than it was sent, or nothing for it."""
    if isinstance(sent, dict):
        there = seen if isinstance(seen, dict) else {}
        # Of variables, more is not the same: one may have been taken away.
        extra = set(there.get("Variables") or {}) - set(sent["Variables"] or {}) if "Variables" in sent else set()
        return not extra and all(
            holds(_settle(value, key), _settle(there.get(key), key)) for key, value in sent.items()
        )
    if sent in (None, "", [], False):
        return seen in (None, "", [], {}, False)
    return bool(sent == seen)


def has(there: Configuration, sent: Configuration) -> bool:
    """Tell whether all that was sent is in effect."""
    return all(
        holds(value, there.get(key)) or (value == DEFAULTS.get(key) and key not in there) for key, value in sent.items()
    )


def canonical(configuration: Configuration) -> Configuration:
    """Return a configuration in one spelling, so that equal contents compare equal.

    The release's identity and the description, which say what it is called, are left out.
    """
    plain = {key: value for key, value in _plain(configuration).items() if key != "Description"}
    kept = {name: value for name, value in variables_of(plain).items() if name not in IDENTITY}
    if kept:
        plain["Environment"] = {"Variables": kept}
    else:
        plain.pop("Environment", None)
    return plain


def variables_of(configuration: Configuration) -> dict[str, t.Any]:
    environment = configuration.get("Environment")
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    return dict(variables) if isinstance(variables, dict) else {}


def _plain(configuration: Configuration) -> Configuration:
    settled = {key: _settle(value, key) for key, value in sorted(configuration.items())}
    return {
        key: value for key, value in settled.items() if value not in (None, [], {}, "") and value != DEFAULTS.get(key)
    }


def _settle(value: t.Any, parent: str) -> t.Any:
    if isinstance(value, dict):
        settled = {key: _settle(item, key) for key, item in sorted(value.items())}
        if parent == "Variables":
            return settled  # an empty text is a value there
        return {key: item for key, item in settled.items() if item not in (None, [], {}, "", False)}
    if isinstance(value, list) and parent in UNORDERED:
        return sorted(value, key=str)
    return value


def fingerprint(configuration: Configuration, code: str) -> str:
    """Return a digest of what would run, whatever the release is called."""
    text = json.dumps([canonical(configuration), code], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint_of(snapshot: Snapshot) -> str:
    return fingerprint(as_request(snapshot), snapshot.identity)


def description(release: Release, digest: str) -> str:
    """Return how a version is described: the release it was made for, and what tells its content from any other."""
    return f"Release {release.id[:LONGEST_RELEASE]} [slipway {digest}]"


def marked_fingerprint(snapshot: Snapshot) -> str | None:
    found = MARK.fullmatch(snapshot.description)
    return found["fingerprint"] if found else None


def release_of(snapshot: Snapshot | None) -> str | None:
    """Return the release a version says it was made for."""
    found = MARK.fullmatch(snapshot.description) if snapshot else None
    return found["release"] if found else None


def readable(
    alias: t.Mapping[str, t.Any], code: str, configuration: Configuration, *, known: Configuration, show: bool
) -> str:
    """Return a side of ``--diff``: what callers get.

    Environment values are masked, because some are secrets that people should not have put there. C(show) tells them
    anyway, but for those whose names say that they are secret.
    """
    shown = canonical(configuration)
    before, variables = variables_of(canonical(known)), variables_of(shown)
    for name, value in variables.items():
        if not show or looks_secret(name):
            variables[name] = MASK if before.get(name) == value else f"{MASK} (changed)"
    if variables:
        shown["Environment"] = {"Variables": variables}
    document = {"alias": dict(alias), "code": code, "configuration": shown}
    return json.dumps(document, indent=2, sort_keys=True, default=str) + "\n"


__all__ = (
    "Configuration", "as_request", "canonical", "changes", "description", "fingerprint", "fingerprint_of", "has",
    "holds", "marked_fingerprint", "overlay", "readable", "release_of", "variables_of",
)  # fmt: skip

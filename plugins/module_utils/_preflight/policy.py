# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which checks are made, and what each of them may stop."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Severity
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

Level = t.Literal["error", "warn", "off"]
LEVELS: tuple[Level, ...] = ("error", "warn", "off")

DEFAULTS: dict[str, Level] = {
    "capacity_provider_exists": "error",
    "cpu_memory_valid": "error",
    "efs_reachable": "warn",
    "image_exists": "error",
    "image_platform": "error",
    "log_group": "error",
    "percents_cannot_stall": "error",
    "revision_active": "error",
    "role_may_be_passed": "error",
    "roles_exist": "error",
    "roles_trust_ecs_tasks": "error",
    "secret_json_keys": "error",
    "secrets_exist": "error",
    "secrets_readable_by_execution_role": "error",
    "subnets_have_addresses": "warn",
    "target_group_port": "error",
    "timeout_long_enough": "warn",
    "way_back": "warn",
}
# Keys of the option that are no check.
FOR_ALL, UNCHECKED, READ_SECRETS = "all", "unchecked", "read_secrets"


@dataclasses.dataclass(frozen=True)
class Policy:
    """How serious each check is. ``unchecked`` is how serious it is at most that a check could not be made."""

    levels: t.Mapping[str, Level] = dataclasses.field(default_factory=dict)
    for_all: Level | None = None
    unchecked: Level = "warn"
    read_secrets: bool = False

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any] | None) -> Policy:
        given = dict(options or {})
        unknown = sorted(set(given) - set(DEFAULTS) - {FOR_ALL, UNCHECKED, READ_SECRETS})
        if unknown:
            raise SlipwayError(
                f"The option preflight names checks that do not exist: {', '.join(unknown)}.",
                hint=f"There are {', '.join(sorted(DEFAULTS))}; and {FOR_ALL}, {UNCHECKED} and {READ_SECRETS}.",
            )
        read_secrets = given.pop(READ_SECRETS, False)
        if not isinstance(read_secrets, bool):
            raise SlipwayError(f"preflight.{READ_SECRETS} is neither true nor false.")
        levels = {name: _level(name, value) for name, value in given.items()}
        return cls(
            for_all=levels.pop(FOR_ALL, None),
            unchecked=levels.pop(UNCHECKED, "warn"),
            read_secrets=read_secrets,
            levels=levels,
        )

    def level(self, check: str, subject: Subject) -> Level:
        """Return how serious it is when this check finds something."""
        if check == "secret_json_keys" and not self.read_secrets:
            return "off"
        chosen = self.levels.get(check) or self.for_all
        if chosen:
            return chosen
        # Who asks for a rollback relies on the way back; for anybody else it is good to know.
        return "error" if check == "way_back" and subject.rollback else DEFAULTS[check]

    def severity(self, check: str, subject: Subject, at_most: Level | None = None) -> Severity | None:
        """Return the milder of the check's own level and another; nothing where either is off."""
        level = milder(self.level(check, subject), at_most or "error")
        return None if level == "off" else level


def milder(one: Level, other: Level) -> Level:
    return max(one, other, key=LEVELS.index)


def _level(name: str, value: t.Any) -> Level:
    # YAML reads a bare off as false.
    found = "off" if value is False else value
    for level in LEVELS:
        if found == level:
            return level
    raise SlipwayError(f"preflight.{name} is {value!r}.", hint="Choose error, warn or off.")


__all__ = ("DEFAULTS", "LEVELS", "Level", "Policy", "milder")

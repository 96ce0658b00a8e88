# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Look at everything a release is about to rely on, before its first write, and find all problems at once."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import (
    DENIED,
    Asker,
    Question,
    Questions,
    Talk,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.capacity import capacity_provider_exists
from ansible_collections.slipway.aws.plugins.module_utils._preflight.duration import timeout_long_enough
from ansible_collections.slipway.aws.plugins.module_utils._preflight.file_systems import efs_reachable
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Finding, Findings, Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.images import (
    image_exists,
    image_platform,
    revision_active,
    way_back,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.logs import log_group
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.ports import target_group_port
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import is_emulated
from ansible_collections.slipway.aws.plugins.module_utils._preflight.roles import (
    role_may_be_passed,
    roles_exist,
    roles_trust_ecs_tasks,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.secrets import (
    secret_json_keys,
    secrets_exist,
    secrets_readable_by_execution_role,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting
from ansible_collections.slipway.aws.plugins.module_utils._preflight.sizes import cpu_memory_valid
from ansible_collections.slipway.aws.plugins.module_utils._preflight.stalling import percents_cannot_stall
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subnets import subnets_have_addresses

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Check

CHECKS: dict[str, Check] = {
    "capacity_provider_exists": capacity_provider_exists,
    "cpu_memory_valid": cpu_memory_valid,
    "efs_reachable": efs_reachable,
    "image_exists": image_exists,
    "image_platform": image_platform,
    "log_group": log_group,
    "percents_cannot_stall": percents_cannot_stall,
    "revision_active": revision_active,
    "role_may_be_passed": role_may_be_passed,
    "roles_exist": roles_exist,
    "roles_trust_ecs_tasks": roles_trust_ecs_tasks,
    "secret_json_keys": secret_json_keys,
    "secrets_exist": secrets_exist,
    "secrets_readable_by_execution_role": secrets_readable_by_execution_role,
    "subnets_have_addresses": subnets_have_addresses,
    "target_group_port": target_group_port,
    "timeout_long_enough": timeout_long_enough,
    "way_back": way_back,
}
LONGEST_REASON = 400
# A proxy or an emulator answers with a page that is of no use in a sentence.
PAGE = re.compile(r"[\s:]*<(?:!doctype|html)\b.*", re.IGNORECASE | re.DOTALL)


def inspect(clients: Clients, subjects: Sequence[Subject], policy: Policy) -> Findings:
    """Make every check that is on for every subject, and return what they found. Only reads."""
    wanted = [
        (name, check, subject)
        for subject in subjects
        for name, check in CHECKS.items()
        if policy.level(name, subject) != "off"
    ]
    if not wanted:
        return Findings()
    setting = Setting(clients.region, is_emulated(clients("ecs")), tuple(subjects))
    look = _Look(Asker(clients), policy)
    for name, check, subject in wanted:
        look.begin(name, check, subject, setting)
    look.finish()
    return Findings.of(look.found)


class _Open:
    """A talk under way, and the questions it waits for."""

    def __init__(self, check: str, subject: Subject, talk: Talk) -> None:
        self.check = check
        self.subject = subject
        self.talk = talk
        self.questions: Questions = ()
        self.begun = False


class _Look:
    """All talks at once, in rounds: what they all want to know next is asked together."""

    def __init__(self, asker: Asker, policy: Policy) -> None:
        self.found: list[Finding] = []
        self._asker = asker
        self._policy = policy
        self._open: list[_Open] = []

    def begin(self, name: str, check: Check, subject: Subject, setting: Setting) -> None:
        try:
            for told in check(subject, setting):
                if isinstance(told, Problem):
                    self._add(name, subject, [told])
                else:
                    self._go_on(_Open(name, subject, told))
        except Exception as error:  # one check that stumbles must not hide what the others find
            self._could_not(name, subject, error, None)

    def finish(self) -> None:
        while self._open:
            waiting, self._open = self._open, []
            self._asker.ask(question for item in waiting for question in item.questions)
            for item in waiting:
                self._go_on(item)

    def _go_on(self, item: _Open) -> None:
        try:
            item.questions = self._next(item)
        except StopIteration as end:
            self._add(item.check, item.subject, end.value)
        except Exception as error:  # as above
            refused = next((question for question in item.questions if self._asker.answer(question) is error), None)
            self._could_not(item.check, item.subject, error, refused)
        else:
            self._open.append(item)

    def _next(self, item: _Open) -> Questions:
        if not item.begun:
            item.begun = True
            return next(item.talk)
        answers = [self._asker.answer(question) for question in item.questions]
        error = next((answer for answer in answers if isinstance(answer, Exception)), None)
        return item.talk.throw(error) if error else item.talk.send(answers)

    def _add(self, check: str, subject: Subject, problems: Iterable[Problem]) -> None:
        for problem in problems:
            severity = self._policy.severity(check, subject, problem.severity)
            if severity:
                self.found.append(Finding(check, severity, subject.name, problem.message, problem.hint))

    def _could_not(self, check: str, subject: Subject, error: Exception, question: Question[t.Any] | None) -> None:
        severity = self._policy.severity(check, subject, self._policy.unchecked)
        if not severity:
            return
        # Of an error that is not ours only the kind is told: nobody knows what its text holds.
        reason = error.message if isinstance(error, SlipwayError) else f"An unexpected {type(error).__name__}."
        reason = " ".join(PAGE.sub(".", reason).split())
        if len(reason) > LONGEST_REASON:
            reason = reason[:LONGEST_REASON] + "..."
        denied = isinstance(error, AwsError) and error.code in DENIED
        lacks = question.action if denied and question else ""
        advice = f"Allow {lacks} to whoever releases, or" if lacks else "If you know better,"
        message, hint = f"This could not be checked. {reason}", f"{advice} set preflight.{check} to off."
        self.found.append(Finding(check, severity, subject.name, message, hint, unchecked=True, lacks=lacks))


__all__ = ("CHECKS", "inspect")

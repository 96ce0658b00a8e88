# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide a question the way IAM does, from one identity's policies alone: no bucket policy, no boundary, no session.

It knows exactly what our policies use. What it does not know stops it, because a guess would prove nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import typing as t

Context = t.Mapping[str, str]
Decision = t.Literal["allow", "deny", "implicit deny"]
Document = t.Mapping[str, t.Any]

KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class UnknownPolicyElement(ValueError):
    """A policy has something this evaluator has not learnt."""


@dataclasses.dataclass(frozen=True)
class Question:
    """May an action be done to a resource? ``context`` are the condition keys the request carries."""

    action: str
    resource: str
    context: Context = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{key}={value}" for key, value in sorted(self.context.items()))
        return f"{self.action} on {self.resource}{f' ({said})' if said else ''}"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One statement of a policy, checked."""

    sid: str
    effect: t.Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    all_actions_but: bool = False
    all_resources_but: bool = False

    @classmethod
    def of(cls, statement: Document) -> Rule:
        strange = set(statement) - KNOWN
        if strange:
            raise UnknownPolicyElement(f"The statement {statement.get('Sid')} has {', '.join(sorted(strange))}.")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise UnknownPolicyElement(f"{statement['Effect']!r} is no effect.")
        if ("Action" in statement) == ("NotAction" in statement):
            raise UnknownPolicyElement(f"The statement {statement.get('Sid')} needs Action or NotAction, and not both.")
        if ("Resource" in statement) == ("NotResource" in statement):
            raise UnknownPolicyElement(
                f"The statement {statement.get('Sid')} needs Resource or NotResource, and not both."
            )
        return cls(
            sid=str(statement.get("Sid", "")),
            effect=statement["Effect"],
            actions=as_tuple(statement.get("Action", statement.get("NotAction"))),
            resources=as_tuple(statement.get("Resource", statement.get("NotResource"))),
            conditions=tuple(_conditions(statement.get("Condition", {}))),
            all_actions_but="NotAction" in statement,
            all_resources_but="NotResource" in statement,
        )

    def applies_to(self, question: Question) -> bool:
        # Actions have no case in IAM; resources do.
        action = any(is_like(question.action.lower(), pattern.lower()) for pattern in self.actions)
        resource = any(is_like(question.resource, pattern) for pattern in self.resources)
        return (
            action != self.all_actions_but
            and resource != self.all_resources_but
            and all(_holds(question.context, *condition) for condition in self.conditions)
        )


def read_policy(document: str | Document) -> list[Rule]:
    """Return the rules of a policy document."""
    content = json.loads(document) if isinstance(document, str) else document
    if content.get("Version") != "2012-10-17":
        raise UnknownPolicyElement(f"The version of the policy is {content.get('Version')!r}.")
    statements = content["Statement"]
    return [Rule.of(statement) for statement in ([statements] if isinstance(statements, dict) else statements)]


def decide(rules: t.Iterable[Rule], question: Question) -> Decision:
    """An explicit deny wins, then any allow; nothing said is a denial too."""
    effects = {rule.effect for rule in rules if rule.applies_to(question)}
    if "Deny" in effects:
        return "deny"
    return "allow" if "Allow" in effects else "implicit deny"


def allows(rules: t.Iterable[Rule], question: Question) -> bool:
    return decide(rules, question) == "allow"


def without(rules: t.Iterable[Rule], sid: str, action: str | None = None) -> list[Rule]:
    """Return rules without one statement, or without one action of it."""
    kept = []
    for rule in rules:
        if rule.sid != sid:
            kept.append(rule)
        elif action is not None and rule.actions != (action,):
            kept.append(dataclasses.replace(rule, actions=tuple(each for each in rule.actions if each != action)))
    return kept


def as_tuple(value: t.Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def is_like(value: str, pattern: str) -> bool:
    """Match ``*`` (anything, also nothing) and ``?`` (one character); everything else is itself."""
    return _compiled(pattern).fullmatch(value) is not None


def is_arn_like(value: str, pattern: str) -> bool:
    """Match part by part: a ``*`` in one of an ARN's first five parts does not reach into the next."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    if len(parts) != 6 or len(patterns) != 6:
        return False
    return all(is_like(part, wanted) for part, wanted in zip(parts, patterns, strict=True))


# An operator compares one value of the request with one of the policy.
OPERATORS: dict[str, t.Callable[[str, str], bool]] = {
    "StringEquals": lambda asked, written: asked == written,
    "StringNotEquals": lambda asked, written: asked == written,
    "StringLike": is_like,
    "StringNotLike": is_like,
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
    "ArnNotEquals": is_arn_like,
    "ArnNotLike": is_arn_like,
    "Bool": lambda asked, written: asked.lower() == written.lower(),
}


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)


def _conditions(block: Document) -> t.Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in block.items():
        if operator not in OPERATORS:
            raise UnknownPolicyElement(f"The condition operator {operator} is not known here.")
        for key, written in keys.items():
            values = as_tuple(written)
            if any("${" in value for value in values):
                raise UnknownPolicyElement(f"The condition on {key} has a variable, which is not known here.")
            yield operator, key.lower(), values


def _holds(context: Context, operator: str, key: str, written: tuple[str, ...]) -> bool:
    asked = next((value for name, value in context.items() if name.lower() == key), None)
    negated = "Not" in operator
    if asked is None:
        return negated
    return any(OPERATORS[operator](asked, value) for value in written) != negated


__all__ = (
    "Decision", "Question", "Rule", "UnknownPolicyElement",
    "allows", "decide", "is_arn_like", "is_like", "read_policy", "without",
)  # fmt: skip

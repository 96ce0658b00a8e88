# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM's simulation of policies is asked."""

from __future__ import annotations

import dataclasses
import typing as t
from xml.sax.saxutils import escape

from .seams import module, original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place

DECISIONS = {"Allow": "allowed", "Deny": "explicitDeny"}
NOT_DECIDED = "implicitDeny"
# Of several resources, the worst decision is the one told for all.
WORST_FIRST = ("explicitDeny", NOT_DECIDED, "allowed")


@dataclasses.dataclass(frozen=True)
class Asked:
    """Resources, and the context of the simulated call."""

    resources: tuple[str, ...]
    context: dict[str, str]


def simulations_read_their_request(_place: Place) -> None:
    """A simulation judges every resource it is asked about, in the context it is given.

    AWS: conditions are held against ContextEntries, and each resource has a decision of its own.
    MiniStack: the first resource alone is judged, and a policy with a condition never allows it.
    """
    iam, evaluator = service("iam"), module("ministack.core.iam_evaluator")
    evaluate, context_of = original(evaluator, "evaluate"), original(evaluator, "EvalContext")
    read, value = original(iam, "_extract_simulate_params"), original(iam, "_p")

    def extract(parameters: t.Any) -> tuple[list[str], Asked]:
        actions, first = read(parameters)
        named = _members(lambda place: value(parameters, f"ResourceArns.{place}"))
        keys = _members(lambda place: value(parameters, f"ContextEntries.{place}.ContextKeyName"))
        context = {
            key.lower(): str(value(parameters, f"ContextEntries.member.{number}.ContextKeyValues.member.1"))
            for number, key in enumerate(keys, start=1)
        }
        return actions, Asked(tuple(named) or (first,), context)

    def decide(action: str, resource: str, asked: Asked, principal: str, account: str, policies: list[t.Any]) -> str:
        if not policies:
            return NOT_DECIDED
        call = context_of(
            principal_arn=principal,
            principal_type="User",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=original(iam, "get_region")(),
            service_context=asked.context,
        )
        return DECISIONS.get(str(evaluate(call, policies).decision), NOT_DECIDED)

    def results(actions: list[str], asked: Asked, principal: str, account: str, policies: list[t.Any]) -> str:
        members = ""
        for action in actions:
            decisions = {each: decide(action, each, asked, principal, account, policies) for each in asked.resources}
            members += _result(action, decisions)
        return members

    replace(iam, "_extract_simulate_params", extract)
    replace(iam, "_build_simulate_results_real", results)


def _members(read: t.Callable[[str], t.Any]) -> list[str]:
    found: list[str] = []
    while told := read(f"member.{len(found) + 1}"):
        found.append(str(told))
    return found


def _result(action: str, decisions: dict[str, str]) -> str:
    worst = min(decisions.values(), key=WORST_FIRST.index)
    each = "".join(
        f"<member><EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalResourceDecision>{decision}</EvalResourceDecision><MatchedStatements/><MissingContextValues/></member>"
        for resource, decision in decisions.items()
    )
    return (
        f"<member><EvalActionName>{escape(action)}</EvalActionName>"
        f"<EvalResourceName>{escape(next(iter(decisions)))}</EvalResourceName><EvalDecision>{worst}</EvalDecision>"
        f"<MatchedStatements/><MissingContextValues/><ResourceSpecificResults>{each}</ResourceSpecificResults></member>"
    )

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge itself: what it says by the book, what always holds, and that another judge agrees."""

from __future__ import annotations

import importlib
import re
import typing as t

import pytest
from evaluator import Question, Rule, UnknownPolicyElement, decide, is_arn_like, is_like, read_policy, without
from hypothesis import given, settings
from hypothesis import strategies as st

ACTIONS = ("s3:GetObject", "s3:PutObject", "ecs:UpdateService", "iam:PassRole")
RESOURCES = ("arn:aws:s3:::site/a", "arn:aws:s3:::site/a/b", "arn:aws:ecs:r:1:service/c/s", "arn:aws:iam::1:role/task")
SERVICES = ("ecs-tasks.amazonaws.com", "lambda.amazonaws.com")


def statement(**changes: t.Any) -> dict[str, t.Any]:
    given = {"Sid": "One", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::site/*"]}
    given.update(changes)
    return {key: value for key, value in given.items() if value is not None}


def policy(*statements: dict[str, t.Any]) -> list[Rule]:
    return read_policy({"Version": "2012-10-17", "Statement": list(statements)})


# -- by the book --

PASSED = {"iam:PassedToService": SERVICES[0]}


@pytest.mark.parametrize(
    ("statements", "question", "decision"),
    [
        pytest.param([], Question("s3:GetObject", "x"), "implicit deny", id="nothing-said"),
        pytest.param([statement()], Question("s3:GetObject", RESOURCES[0]), "allow", id="named"),
        pytest.param([statement()], Question("S3:getobject", RESOURCES[0]), "allow", id="actions-have-no-case"),
        pytest.param(
            [statement()], Question("s3:GetObject", "arn:aws:s3:::SITE/a"), "implicit deny", id="resources-have-case"
        ),
        pytest.param([statement()], Question("s3:GetObject", "arn:aws:s3:::site"), "implicit deny", id="bucket-itself"),
        pytest.param(
            [statement(), statement(Effect="Deny", Resource="arn:aws:s3:::site/a/*")],
            Question("s3:GetObject", RESOURCES[1]),
            "deny",
            id="deny-wins",
        ),
        pytest.param(
            [statement(Action=None, NotAction="s3:Put*")], Question("s3:GetObject", RESOURCES[0]), "allow", id="but"
        ),
        pytest.param(
            [statement(Action=None, NotAction="s3:Get*")],
            Question("s3:GetObject", RESOURCES[0]),
            "implicit deny",
            id="but-not-this",
        ),
        pytest.param(
            [statement(Resource=None, NotResource="arn:aws:s3:::site/a")],
            Question("s3:GetObject", RESOURCES[0]),
            "implicit deny",
            id="everywhere-else",
        ),
        pytest.param(
            [statement(Condition={"StringEquals": PASSED})],
            Question("s3:GetObject", RESOURCES[0]),
            "implicit deny",
            id="key-absent",
        ),
        pytest.param(
            [statement(Condition={"StringEquals": {"IAM:passedtoservice": list(SERVICES)}})],
            Question("s3:GetObject", RESOURCES[0], PASSED),
            "allow",
            id="one-of-several-and-keys-have-no-case",
        ),
        pytest.param(
            [statement(Condition={"StringNotEquals": {"a:b": ["1", "2"]}})],
            Question("s3:GetObject", RESOURCES[0], {"a:b": "2"}),
            "implicit deny",
            id="none-of-several",
        ),
        pytest.param(
            [statement(Condition={"StringNotEquals": {"a:b": "1"}})],
            Question("s3:GetObject", RESOURCES[0]),
            "allow",
            id="negated-and-absent",
        ),
        pytest.param(
            [statement(Condition={"StringEquals": PASSED, "Bool": {"aws:SecureTransport": "true"}})],
            Question("s3:GetObject", RESOURCES[0], {**PASSED, "aws:SecureTransport": "false"}),
            "implicit deny",
            id="all-conditions",
        ),
    ],
)
def test_it_decides_by_the_book(statements: list[dict[str, t.Any]], question: Question, decision: str) -> None:
    assert decide(policy(*statements), question) == decision


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("a*c", "abc", True),
        ("a*c", "ac", True),
        ("a*c", "a/b:c", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("a[b]c", "abc", False),
        ("a*", "ba", False),
    ],
)
def test_patterns(pattern: str, value: str, matches: bool) -> None:
    assert is_like(value, pattern) is matches


def test_a_star_stays_within_its_part_of_an_arn() -> None:
    assert is_arn_like("arn:aws:ecs:r:1:cluster/c", "arn:aws:ecs:*:1:cluster/*")
    assert not is_arn_like("arn:aws:ecs:r:1:cluster/c", "arn:aws:ecs:*:cluster/c")
    assert is_like("arn:aws:ecs:r:1:cluster/c", "arn:aws:ecs:*:cluster/c")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"Principal": "*"}, "has Principal", id="element"),
        pytest.param({"Effect": "Maybe"}, "is no effect", id="effect"),
        pytest.param({"NotAction": "*"}, "not both", id="both-actions"),
        pytest.param({"Resource": None}, "needs Resource or NotResource", id="no-resource"),
        pytest.param({"Condition": {"IpAddress": {"aws:SourceIp": "1.2.3.4"}}}, "IpAddress is not known", id="ip"),
        pytest.param({"Condition": {"StringEquals": {"a:b": "${aws:username}"}}}, "has a variable", id="variable"),
    ],
)
def test_what_it_does_not_know_stops_it(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(UnknownPolicyElement, match=words):
        policy(statement(**changes))


def test_an_old_version_stops_it() -> None:
    with pytest.raises(UnknownPolicyElement, match="version"):
        read_policy('{"Version": "2008-10-17", "Statement": []}')


def test_taking_an_action_away() -> None:
    rules = policy(statement(Action=["s3:GetObject", "s3:PutObject"]), statement(Sid="Two"))
    less = without(rules, "One", "s3:GetObject")
    assert [rule.actions for rule in less] == [("s3:PutObject",), ("s3:GetObject",)]
    assert [rule.sid for rule in without(policy(statement()), "One", "s3:GetObject")] == []
    assert [rule.sid for rule in without(rules, "One")] == ["Two"]


# -- what always holds --

# How long an example takes says how busy the machine is.
UNHURRIED = settings(deadline=None)
patterns = st.sampled_from(("*", "s3:*", "s3:Get?bject", "arn:aws:s3:::site/*", "arn:aws:*", *ACTIONS, *RESOURCES))
contexts = st.dictionaries(st.just("iam:PassedToService"), st.sampled_from(SERVICES))
asked = st.builds(Question, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES), contexts)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, t.Any]:
    operator = draw(st.sampled_from(("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")))
    values = draw(st.lists(st.sampled_from((*SERVICES, "*.amazonaws.com", "lambda*")), min_size=1, max_size=3))
    some = st.lists(patterns, min_size=1, max_size=3)
    written: dict[str, t.Any] = {
        "Sid": draw(st.sampled_from(("One", "Two"))),
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        draw(st.sampled_from(("Action", "NotAction"))): draw(some),
        draw(st.sampled_from(("Resource", "NotResource"))): draw(some),
    }
    if draw(st.booleans()):
        written["Condition"] = {operator: {"iam:PassedToService": values}}
    return written


documents = st.lists(statements(), max_size=5)


@UNHURRIED
@given(documents, asked)
def test_another_judge_agrees(document: list[dict[str, t.Any]], question: Question) -> None:
    """MiniStack's evaluator, which enforces the policies in the other tests, was written by other people."""
    other = importlib.import_module("ministack.core.iam_evaluator")
    context = other.EvalContext(
        principal_arn="arn:aws:iam::000000000000:role/x",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=question.action,
        resource_arn=question.resource,
        region="r",
        service_context={key.lower(): value for key, value in question.context.items()},
    )
    parsed = other.parse_policy_document({"Version": "2012-10-17", "Statement": document})
    words = {"Allow": "allow", "Deny": "deny", "ImplicitDeny": "implicit deny"}
    assert decide(policy(*document), question) == words[other.evaluate(context, [parsed]).decision]


@UNHURRIED
@given(documents, statements(), asked)
def test_a_denial_more_never_allows_more(
    document: list[dict[str, t.Any]], more: dict[str, t.Any], question: Question
) -> None:
    before = decide(policy(*document), question)
    after = decide(policy(*document, {**more, "Effect": "Deny"}), question)
    assert after in (before, "deny")


@UNHURRIED
@given(documents, statements(), asked)
def test_a_grant_more_never_lifts_a_denial(
    document: list[dict[str, t.Any]], more: dict[str, t.Any], question: Question
) -> None:
    before = decide(policy(*document), question)
    after = decide(policy(*document, {**more, "Effect": "Allow"}), question)
    assert after in (before, "allow") and (before != "deny" or after == "deny")


@UNHURRIED
@given(documents, asked)
def test_the_order_of_statements_says_nothing(document: list[dict[str, t.Any]], question: Question) -> None:
    assert decide(policy(*document), question) == decide(policy(*reversed(document)), question)


@UNHURRIED
@given(documents, asked)
def test_a_statement_that_does_not_apply_can_go(document: list[dict[str, t.Any]], question: Question) -> None:
    rules = policy(*document)
    assert decide(rules, question) == decide([rule for rule in rules if rule.applies_to(question)], question)


@UNHURRIED
@given(st.text(alphabet="ab*?:/.", max_size=8), st.text(alphabet="ab:/.", max_size=8))
def test_patterns_match_as_a_slow_reading_says(pattern: str, value: str) -> None:
    assert is_like(value, pattern) is _slowly(value, pattern)


@UNHURRIED
@given(st.text(max_size=12).filter(lambda text: not re.search(r"[*?]", text)))
def test_plain_text_matches_itself_alone(text: str) -> None:
    assert is_like(text, text)
    assert not is_like(f"{text}x", text)


def _slowly(value: str, pattern: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return _slowly(value, pattern[1:]) or (bool(value) and _slowly(value[1:], pattern))
    return bool(value) and pattern[0] in ("?", value[0]) and _slowly(value[1:], pattern[1:])

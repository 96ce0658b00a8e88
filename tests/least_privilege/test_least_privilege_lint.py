# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the linter's findings are judged; the linter itself runs in a virtualenv of its own."""

from __future__ import annotations

import pytest
from lint_policies import EXCEPTIONS, problems, read_exemptions

FINDING = {
    "issue": "RESOURCE_STAR",
    "kind": "RolePolicy.policy",
    "policy": "deploy",
    "sid": "One",
    "written": "ecs:ListTasks",
    "detail": "",
}


def exemption(**more: str) -> str:
    entry = {"issue": "RESOURCE_STAR", "reason": "because", **more}
    return "\n".join(["[[exception]]", *(f'{key} = "{value}"' for key, value in entry.items())])


def test_a_finding_with_a_reason_is_no_problem() -> None:
    assert problems([FINDING], read_exemptions(exemption(sid="One", written="ecs:List*"))) == []


@pytest.mark.parametrize("key", ["issue", "kind", "policy", "sid", "written"])
def test_a_finding_without_one_is(key: str) -> None:
    told = problems([FINDING, {**FINDING, key: "OTHER"}], read_exemptions(exemption(**FINDING)))
    assert len(told) == 1
    assert f"{key} OTHER" in told[0]


def test_a_reason_for_nothing_is_a_problem() -> None:
    told = problems([FINDING], read_exemptions(exemption() + "\n" + exemption(sid="Two")))
    assert told == ["matches nothing any more: issue RESOURCE_STAR, sid Two"]


def test_a_second_reason_for_the_same_is_one_for_nothing() -> None:
    told = problems([FINDING], read_exemptions(exemption() + "\n" + exemption(sid="One")))
    assert told == ["matches nothing any more: issue RESOURCE_STAR, sid One"]


def test_a_whole_service_is_told_from_its_actions() -> None:
    whole = read_exemptions(exemption(written="*:[*]"))
    assert problems([{**FINDING, "written": "ecs:*"}], whole) == []
    assert len(problems([FINDING], whole)) == 2


@pytest.mark.parametrize("text", [exemption(reason=""), exemption(issue=""), exemption(action="x")])
def test_an_exception_says_what_and_why(text: str) -> None:
    with pytest.raises(ValueError, match="needs issue and reason"):
        read_exemptions(text)


def test_the_exceptions_can_be_read() -> None:
    assert len(read_exemptions(EXCEPTIONS.read_text(encoding="utf-8"))) > 10

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deploy role on a cloud that enforces policies: it is enough for the whole road, and nothing of it is too much."""

from __future__ import annotations

import contextlib
from pathlib import Path

import botocore.exceptions
import pytest
import stations
from authorisation import questions
from recorded_call import ENGINE, Call
from rehearsal import Rehearsal
from stations import LOOKS, NEEDS, PROVEN_OTHERWISE, SERVICES, STATIONS, Need, Station
from world import AUDIENCE, Credentials, Stack, readable

REFUSED = (400, 401, 403)
# What is answered 400 for another reason than a policy: MiniStack has no such service, and says so once it has asked
# whether one may call it; and a task that has only begun has no log yet.
ANSWERED_400 = {("application-autoscaling", "DescribeScalableTargets"), ("logs", "GetLogEvents")}


@pytest.mark.parametrize(
    ("subject", "audience"),
    [
        pytest.param("repo:example-org/qa-chatbot:environment:prod", AUDIENCE, id="other-environment"),
        pytest.param("repo:example-org/other:environment:local", AUDIENCE, id="other-repository"),
        pytest.param("repo:example-org/qa-chatbot:ref:refs/heads/main", AUDIENCE, id="branch"),
        pytest.param(None, "https://github.com/example-org", id="other-audience"),
    ],
)
def test_the_role_is_given_to_its_exact_subject_only(stack: Stack, subject: str | None, audience: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        stack.from_github(subject, audience)


def test_the_whole_road_runs_with_the_role_alone(rehearsal: Rehearsal) -> None:
    done = rehearsal.runs["release"]
    assert done.code == 0, done.output[-4000:]
    receipts = {receipt["release_id"]: receipt for receipt in rehearsal.stack.receipts()}
    assert receipts["first"]["outcome"] == "succeeded"
    # The gate asked the application, whose tasks act as their own role, for an answer of the model.
    assert receipts["first"]["gate"]["checks"]["chat-ai"]["outcome"] == "passed"


def test_the_look_before_the_first_write_finds_nothing_wrong(rehearsal: Rehearsal) -> None:
    """Not even that something could not be checked: the role may ask all that the checks want to know."""
    for run in ("release", "again", "broken", SERVICES.name):
        assert looks(rehearsal.runs[run].output) == []


@pytest.mark.usefixtures("rehearsal")
def test_without_any_right_to_look_a_release_still_ships(stack: Stack, who: Credentials, folder: Path) -> None:
    with contextlib.ExitStack() as taken:
        for sid, action in LOOKS:
            taken.enter_context(stack.without(stack.deploy_role, sid, action))
        done = stations.run(stack, SERVICES, who, folder)
    assert done.code == 0, done.output[-4000:]
    (line,) = looks(done.output)
    assert "This could not be checked for want of" in line
    # Without the roles nobody can tell whose policies to simulate with which path, so that is asked, and denied, too.
    assert [action for _sid, action in LOOKS if action not in line] == []


def looks(output: str) -> list[str]:
    """Return the lines in which a look before the first write warned."""
    return [line for line in output.splitlines() if "| ecs_deploy | preflight: " in line]


def test_the_same_release_again_changes_nothing(rehearsal: Rehearsal) -> None:
    done = rehearsal.runs["again"]
    assert done.code == 0, done.output[-4000:]
    assert "Nothing changed, so nothing was written." in done.output


def test_the_role_is_enough_for_the_way_back(rehearsal: Rehearsal) -> None:
    done = rehearsal.runs["broken"]
    assert done.code != 0
    receipts = {receipt["release_id"]: receipt for receipt in rehearsal.stack.receipts()}
    assert receipts["broken"]["outcome"] == "rolled_back"
    assert "SESSION_TABLE names a table that does not exist" in readable(done.output)
    denied = refused(rehearsal.calls)
    assert [call for call in denied if call.status != 400 or (call.service, call.operation) not in ANSWERED_400] == []


def test_nobody_else_helped(rehearsal: Rehearsal) -> None:
    """Everything was signed by the pipeline, or by a task as itself; the account's own key was not used."""
    keys = {request.key for request in rehearsal.everybody} - {"", ENGINE, rehearsal.who.key}
    assert rehearsal.stack.world.root.key not in keys
    assert all(key.startswith("ASIA") for key in keys), keys
    others = {request.service for request in rehearsal.everybody if request.key in keys}
    assert others <= {"bedrock-runtime", "dynamodb"}


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.name)
def test_a_station_ends_well_with_the_whole_policy(rehearsal: Rehearsal, station: Station) -> None:
    done = rehearsal.runs[station.name]
    assert (done.code != 0) == bool(station.ends), done.output[-4000:]
    assert station.ends in readable(done.output)


def test_every_action_of_the_policy_has_its_proof(rehearsal: Rehearsal) -> None:
    written = {(rule.sid, action) for rule in rehearsal.rules for action in rule.actions}
    proven = {(need.sid, need.action) for need in NEEDS} | set(PROVEN_OTHERWISE)
    assert sorted(written - proven) == [], "nothing shows that the pipeline needs these"
    assert sorted(proven - written) == [], "these are proven, and the policy does not have them"


@pytest.mark.usefixtures("rehearsal")
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.id)
def test_without_the_action_the_station_fails(stack: Stack, who: Credentials, folder: Path, need: Need) -> None:
    before = stack.world.now()
    with stack.without(stack.deploy_role, need.sid, need.action):
        done = stations.run(stack, need.station, who, folder)
    well = need.looked and not need.station.broken
    assert (done.code == 0) is well, f"{need.station.name} without {need.action}:\n{done.output[-3000:]}"
    denied = refused(stack.world.calls(who, before))
    assert need.action in {question.action for call in denied for question in questions(call, stack.world.place)}
    said = readable(done.output)
    assert (need.shows or need.action) in said, done.output[-3000:]
    if need.station.ends:
        assert (need.station.ends in said) is need.looked, "what is only looked at changes no end, and all else does"


def refused(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.status in REFUSED]

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.alarm_check) against servers that keep alarms. They evaluate nothing: each test sets the states."""

from __future__ import annotations

import itertools
import json
import socket
import time
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._gate import api
from ansible_collections.slipway.aws.plugins.modules import alarm_check

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]


class Cloud:
    """Alarms on one server, and the module under test connected to it."""

    def __init__(self, cloudwatch: t.Any, run: Callable[..., Result]) -> None:
        self.cloudwatch = cloudwatch
        self.run = run

    def put(self, name: str, state: str = "OK", reason: str = "because", *, actions: bool = True) -> None:
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            ActionsEnabled=actions,
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_ELB_5XX_Count",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
        self.set(name, state, reason)

    def set(self, name: str, state: str, reason: str = "because") -> None:
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)

    def check(self, *names: str, check_mode: bool = False, **options: t.Any) -> Result:
        return self.run({"required": list(names), **options}, check=check_mode)


def cloud_at(
    endpoint: str, run_module: Callable[..., Result], connection: Callable[..., Result], client: Callable[..., t.Any]
) -> Cloud:
    def run(params: Result, *, check: bool) -> Result:
        return run_module(alarm_check, {**connection(endpoint), **params}, check=check)

    return Cloud(client("cloudwatch", endpoint), run)


@pytest.fixture
def cloud(moto_endpoint: str, run_module: t.Any, connection: t.Any, client: t.Any) -> Cloud:
    return cloud_at(moto_endpoint, run_module, connection, client)


@pytest.mark.parametrize("check_mode", [False, True])
def test_quiet_alarms_pass(cloud: Cloud, check_mode: bool) -> None:
    cloud.put("a")
    cloud.put("b")
    result = cloud.check("a", "b", "a", check_mode=check_mode)
    assert (result["outcome"], result["passed"], result["changed"]) == ("passed", True, False)
    assert list(result["alarms"]) == ["a", "b"]
    alarm = result["alarms"]["a"]
    assert (alarm["state"], alarm["type"], alarm["actions_enabled"], alarm["stale"]) == ("OK", "metric", True, False)
    assert len(alarm["attempts"]) == 1
    assert "warnings" not in result


def test_an_alarm_that_is_on_fails_with_its_reason(cloud: Cloud) -> None:
    cloud.put("quiet")
    cloud.put("loud", "ALARM", "Threshold Crossed: 12.0 > 5.0")
    result = cloud.check("quiet", "loud")
    assert (result["failed"], result["outcome"], result["passed"]) == (True, "failed", False)
    assert "loud: expected state OK, got ALARM: Threshold Crossed: 12.0 > 5.0" in result["msg"]
    assert "quiet" not in result["msg"]
    assert result["alarms"]["loud"]["reason"] == "Threshold Crossed: 12.0 > 5.0"


def test_a_missing_alarm_fails_and_names_the_nearest(cloud: Cloud) -> None:
    cloud.put("chatbot-dev-elb-5xx")
    cloud.put("chatbot-dev-cpu")
    result = cloud.check("chatbot-dev-elb-5XX", "chatbot-dev-cpu")
    assert result["outcome"] == "failed"
    assert "did you mean 'chatbot-dev-elb-5xx'?" in result["msg"]
    assert result["alarms"]["chatbot-dev-elb-5XX"]["state"] is None
    assert result["alarms"]["chatbot-dev-cpu"]["outcome"] == "passed"


def test_a_missing_alarm_with_nothing_near_fails_too(cloud: Cloud) -> None:
    result = cloud.check("zebra")
    assert result["outcome"] == "failed"
    assert "no such alarm in this account and region, nor one with a similar name" in result["msg"]


def test_all_alarms_that_are_not_good_are_named(cloud: Cloud) -> None:
    cloud.put("loud", "ALARM")
    cloud.put("empty", "INSUFFICIENT_DATA")
    result = cloud.check("loud", "gone", "empty")
    assert all(name in result["msg"] for name in ("loud:", "gone:", "empty:"))


@pytest.mark.parametrize(
    ("policy", "outcome"), [("fail", "failed"), ("inconclusive", "inconclusive"), ("ok", "passed")]
)
def test_insufficient_data_counts_as_the_policy_says(cloud: Cloud, policy: str, outcome: str) -> None:
    cloud.put("new", "INSUFFICIENT_DATA")
    result = cloud.check("new", insufficient_data=policy)
    assert (result["outcome"], result["passed"]) == (outcome, outcome == "passed")
    assert result.get("failed", False) is (outcome != "passed")


def test_insufficient_data_fails_by_default(cloud: Cloud) -> None:
    cloud.put("new", "INSUFFICIENT_DATA")
    assert cloud.check("new")["outcome"] == "failed"


def test_one_alarm_can_have_a_policy_of_its_own(cloud: Cloud) -> None:
    cloud.put("errors", "INSUFFICIENT_DATA")
    cloud.put("cpu", "INSUFFICIENT_DATA")
    result = cloud.check("errors", "cpu", overrides={"errors": {"insufficient_data": "ok"}})
    assert result["alarms"]["errors"]["outcome"] == "passed"
    assert result["alarms"]["cpu"]["outcome"] == "failed"


def test_disabled_actions_are_a_warning(cloud: Cloud) -> None:
    cloud.put("mute", actions=False)
    result = cloud.check("mute")
    assert result["outcome"] == "passed"
    assert "The actions of alarm 'mute' are disabled" in json.dumps(result["warnings"])


def test_no_alarm_at_all_never_passes_unasked(cloud: Cloud) -> None:
    result = cloud.check()
    assert (result["failed"], result["outcome"], result["passed"]) == (True, "inconclusive", False)
    assert "no alarm is required" in result["msg"]


def test_no_alarm_at_all_passes_when_asked(cloud: Cloud) -> None:
    result = cloud.check(allow_empty=True)
    assert (result["outcome"], result["alarms"]) == ("passed", {})


def test_a_state_older_than_the_release_is_stale(cloud: Cloud) -> None:
    cloud.put("old")
    assert cloud.check("old", not_before="2100-01-01T00:00:00Z")["alarms"]["old"]["stale"] is True
    assert cloud.check("old", not_before="2020-01-01")["alarms"]["old"]["stale"] is False


def test_many_alarms_are_read_a_hundred_at_a_time(cloud: Cloud, api_calls: list[str]) -> None:
    names = [f"alarm-{number:03}" for number in range(101)]
    for name in names:
        cloud.put(name)
    api_calls.clear()
    result = cloud.check(*names)
    assert (result["outcome"], len(result["alarms"])) == ("passed", 101)
    assert api_calls == ["cloudwatch:DescribeAlarms"] * 2


def test_an_alarm_that_goes_off_during_the_bake_is_caught_early(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put("a")
    cloud.put("b")
    looks = []
    genuine = api.describe_alarms

    def turn_bad_before_the_third_look(*arguments: t.Any) -> t.Any:
        looks.append(time.monotonic())
        if len(looks) == 3:
            cloud.set("b", "ALARM")
        return genuine(*arguments)

    monkeypatch.setattr(api, "describe_alarms", turn_bad_before_the_third_look)
    result = cloud.check("a", "b", bake=600, interval=1)
    assert result["outcome"] == "failed"
    assert "b: expected state OK, got ALARM" in result["msg"]
    assert [look["state"] for look in result["alarms"]["b"]["attempts"]] == ["OK", "OK", "ALARM"]
    assert len(looks) == 3
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(looks))


def test_a_quiet_bake_lasts_to_its_end(cloud: Cloud) -> None:
    cloud.put("a")
    started = time.monotonic()
    result = cloud.check("a", bake=1.5, interval=1)
    assert time.monotonic() - started >= 1.5
    assert (result["outcome"], len(result["alarms"]["a"]["attempts"])) == ("passed", 3)


def test_alarms_that_cannot_be_read_are_an_error_of_one_call(cloud: Cloud, api_calls: list[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = cloud.check(
            "a",
            "b",
            endpoint_url=f"http://127.0.0.1:{unused.getsockname()[1]}",
            aws_config={"retries": {"total_max_attempts": 1}},
        )
    assert (result["failed"], result["outcome"], result["passed"]) == (True, "error", False)
    assert "Could not describe alarms" in result["msg"]
    assert api_calls == ["cloudwatch:DescribeAlarms"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"required": ["a", " "]}, "holds an empty alarm name"),
        ({"overrides": {"aa": {"insufficient_data": "ok"}}}, "unknown option 'aa'. Did you mean 'a'?"),
        ({"overrides": {"a": {"insuficient_data": "ok"}}}, "Did you mean 'insufficient_data'?"),
        ({"overrides": {"a": {"insufficient_data": "maybe"}}}, "must be one of fail, inconclusive, ok"),
        ({"bake": -1}, "'bake' must be a number of seconds"),
        ({"interval": 0}, "'interval' must be a number of seconds"),
        ({"bake": "nan"}, "'bake' must be a number of seconds"),
        ({"not_before": "yesterday"}, "not a date and time"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(cloud: Cloud, options: Result, message: str) -> None:
    result = cloud.check(**{"required": ["a"], **options})
    assert result["failed"]
    assert message in result["msg"]
    assert (result["outcome"], result["passed"]) == ("error", False)


def test_composite_alarms_are_looked_at_too(
    ministack_endpoint: str, run_module: t.Any, connection: t.Any, client: t.Any
) -> None:
    """On a server that keeps the two types apart: without asking for both, composite alarms are left out."""
    cloud = cloud_at(ministack_endpoint, run_module, connection, client)
    cloud.put("leaf")
    cloud.cloudwatch.put_composite_alarm(AlarmName="whole", AlarmRule='ALARM("leaf")', ActionsEnabled=True)
    cloud.set("whole", "OK")
    result = cloud.check("leaf", "whole")
    assert result["outcome"] == "passed"
    assert {name: alarm["type"] for name, alarm in result["alarms"].items()} == {"leaf": "metric", "whole": "composite"}
    cloud.set("whole", "ALARM", "leaf went off")
    assert "whole: expected state OK, got ALARM: leaf went off" in cloud.check("leaf", "whole")["msg"]

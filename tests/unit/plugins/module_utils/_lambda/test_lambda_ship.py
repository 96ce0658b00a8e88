# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What callers of a function get, whatever goes wrong on the way; and how each way is told."""

from __future__ import annotations

import threading
import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.journey import Voyage
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import GOOD, FunctionResult, Release
from ansible_collections.slipway.aws.plugins.module_utils._lambda.options import target_from_options
from ansible_collections.slipway.aws.plugins.module_utils._lambda.ship import ship
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_lambda import NEW, REPOSITORY, Account, Killed, SlowLambda, Time, Trouble

IMAGE = f"{REPOSITORY}@{NEW}"
TIMEOUT = 60.0
WATCHED = {"steps": [10, 50], "bake": 30, "bake_after": 30, "alarms": ["5xx"], "errors": {"rate": 0.05}}
SMOKE = [{"payload": {"ping": True}, "json": {"statusCode": 200}}]


class Harbour:
    """One shipment to a slow Lambda."""

    def __init__(self, **troubles: t.Collection[Trouble]) -> None:
        self.time = Time()
        self.lambda_ = SlowLambda(self.time, troubles)
        self.account = Account(self.lambda_)
        self.lines: list[str] = []

    def ship(self, after: t.Mapping[str, t.Sequence[str]] | None = None, **options: t.Any) -> dict[str, FunctionResult]:
        changes = options.pop("changes", {"image": IMAGE})
        release = options.pop("release", "r-1")
        voyage = Voyage(release=Release(release, "abc"), timeout=TIMEOUT, clock=self.time.clock(), **options)
        targets = [
            target_from_options(name, {"name": name, "after": list((after or {}).get(name, ())), **changes})
            for name in self.lambda_.functions
        ]
        clients = t.cast("t.Any", self.account)
        return ship(clients, clients, targets, voyage, lambda name, line: self.lines.append(f"{name}: {line}"))

    def one(self, **options: t.Any) -> FunctionResult:
        (result,) = self.ship(**options).values()
        return result

    @property
    def writes(self) -> list[str]:
        return [call.partition(" ")[0] for call in self.lambda_.writes]


def changes(**more: t.Any) -> dict[str, t.Any]:
    return {"image": IMAGE, **more}


def test_settings_come_before_code_and_both_before_the_version() -> None:
    harbour = Harbour(chat=())
    result = harbour.one(changes=changes(memory_size=1024, smoke=SMOKE))
    assert (result.outcome, result.before, result.after, result.changed) == ("succeeded", "1", "2", True)
    assert harbour.writes == ["settings", "code", "publish", "move"]
    calls = harbour.lambda_.calls
    assert calls.index("publish chat") < calls.index("invoke 2 of chat") < calls.index("move chat")
    assert harbour.lambda_.functions["chat"].versions["2"][0]["MemorySize"] == 1024
    assert harbour.lambda_.image_of("chat", "2") == IMAGE
    assert result.smoke == [{"name": "smoke 1", "version": "2", "seconds": 0.0, "passed": True}]


def test_the_same_again_is_three_looks_and_no_write() -> None:
    harbour = Harbour(chat=())
    harbour.one(changes=changes(memory_size=1024, environment={"LANGUAGE": "ja"}))
    harbour.lambda_.calls.clear()
    harbour.lambda_.writes.clear()
    result = harbour.one(changes=changes(memory_size=1024, environment={"LANGUAGE": "ja"}), release="r-2")
    assert (result.outcome, result.changed, result.release_id, result.after) == ("no_op", False, "r-1", "2")
    assert harbour.lambda_.calls == ["look chat", "alias of chat", "look chat"]


def test_what_the_infrastructure_changed_goes_out_with_the_next_release() -> None:
    harbour = Harbour(chat=())
    harbour.one()
    harbour.lambda_.functions["chat"].latest["MemorySize"] = 2048
    result = harbour.one(release="r-2")
    assert (result.outcome, result.after, result.release_id) == ("succeeded", "3", "r-2")
    assert harbour.writes[-2:] == ["publish", "move"]


def test_the_release_names_itself_only_where_it_is_told_to() -> None:
    harbour = Harbour(chat=())
    harbour.one(changes=changes(release_environment=True))
    variables = harbour.lambda_.functions["chat"].versions["2"][0]["Environment"]["Variables"]
    assert variables == {"LANGUAGE": "en", "RELEASE_ID": "r-1", "GIT_SHA": "abc", "IMAGE_DIGEST": NEW}
    again = harbour.one(changes=changes(release_environment=True), release="r-2")
    assert (again.outcome, again.release_id) == ("no_op", "r-1")


def test_a_version_there_is_is_used_again() -> None:
    """The content of an earlier release: nothing is published a second time."""
    harbour = Harbour(chat=())
    harbour.one()
    harbour.one(changes=changes(memory_size=1024), release="r-2")
    harbour.lambda_.writes.clear()
    result = harbour.one(changes=changes(memory_size=512), release="r-3")
    assert (result.outcome, result.after, result.release_id) == ("succeeded", "2", "r-1")
    assert harbour.writes == ["move"]


def test_a_rollback_is_one_move_and_clears_the_weights() -> None:
    harbour = Harbour(chat=())
    harbour.one()
    harbour.lambda_.functions["chat"].aliases["live"]["RoutingConfig"] = {"AdditionalVersionWeights": {"1": 0.5}}
    harbour.lambda_.writes.clear()
    result = harbour.one(changes={"version": 1})
    assert (result.outcome, result.after, result.before) == ("succeeded", "1", "2")
    assert harbour.writes == ["move"] and harbour.lambda_.alias("chat") == ("1", {})
    assert harbour.one(changes={"version": 1}).outcome == "no_op"


def test_a_canary_grows_in_steps_and_each_is_looked_at() -> None:
    harbour = Harbour(chat=())
    result = harbour.one(changes=changes(canary=WATCHED))
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("succeeded", ("2", {}))
    assert [(step["percent"], step["passed"]) for step in result.canary] == [(10, True), (50, True), (100, True)]
    assert all(step["seconds"] >= 30 for step in result.canary)
    asked = harbour.account("cloudwatch").asked
    assert asked[0] == {"FunctionName": "chat", "Resource": "chat:live", "ExecutedVersion": "2"}
    assert asked[-1] == {"FunctionName": "chat", "Resource": "chat:live"}


@pytest.mark.parametrize(
    ("trouble", "code", "reason"),
    [
        ("errors", "canary_failed", "With 10 % of the traffic: 40 of 100 invocations failed, which is more than 5 %."),
        ("alarm", "canary_failed", "With 10 % of the traffic: In alarm: 5xx: 5xx."),
        (
            "no data",
            "canary_no_data",
            "With 10 % of the traffic: Only 0 of the 10 invocations it takes to tell were seen.",
        ),
    ],
    ids=["errors", "alarm", "no-data"],
)
def test_a_canary_that_goes_bad_comes_back_by_itself(trouble: Trouble, code: str, reason: str) -> None:
    harbour = Harbour(chat={trouble})
    result = harbour.one(changes=changes(canary=WATCHED))
    assert (result.outcome, result.after, result.weights) == ("rolled_back", "1", {})
    assert harbour.lambda_.alias("chat") == ("1", {})
    assert (result.reason, result.diagnoses[0]["code"]) == (reason, code)
    # What is bad is not waited for; what is not known is, to the end of the step.
    assert (result.canary[0]["seconds"] >= 30) == (trouble == "no data")


def test_no_data_passes_only_where_that_is_said() -> None:
    harbour = Harbour(chat={"no data"})
    errors = {"rate": 0.05, "no_data": "pass"}
    assert harbour.one(changes=changes(canary={**WATCHED, "errors": errors})).outcome == "succeeded"


def test_a_bad_canary_stays_only_where_nobody_wants_it_back() -> None:
    harbour = Harbour(chat={"errors"})
    result = harbour.one(changes=changes(canary=WATCHED), rollback="none")
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("failed", ("1", {"2": 0.1}))
    assert (result.weights, result.release_id) == ({"2": 0.1}, "r-1")


def test_what_goes_bad_with_all_of_the_traffic_goes_back_too() -> None:
    harbour = Harbour(chat={"errors"})
    result = harbour.one(changes=changes(canary={**WATCHED, "steps": []}))
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("rolled_back", ("1", {}))
    assert [step["percent"] for step in result.canary] == [100.0]


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        ("code fails", "image_pull_denied", "Lambda may not pull the image. Lambda says ImageAccessDenied"),
        ("settings fail", "image_pull_denied", "ecr:BatchGetImage"),
        ("version fails", "invalid_image", "Lambda says InvalidImage: bad manifest"),
        ("smoke fails", "application_error", "The function failed with KeyError: 'TABLE'"),
        ("smoke is refused", "kms_denied", "The function may not use its KMS key."),
    ],
    ids=["code", "settings", "version", "smoke", "refused"],
)
def test_what_lambda_refuses_never_reaches_a_caller(trouble: Trouble, code: str, words: str) -> None:
    harbour = Harbour(chat={trouble})
    result = harbour.one(changes=changes(memory_size=1024, smoke=SMOKE))
    assert (result.outcome, result.after, result.diagnoses[0]["code"]) == ("failed", "1", code)
    assert words in str(result.cause) and str(result.cause).endswith("Callers still get version 1.")
    assert "move" not in harbour.writes
    assert result.seconds < TIMEOUT / 2


def test_an_update_that_never_ends_is_timed_out() -> None:
    harbour = Harbour(chat={"hangs"})
    result = harbour.one()
    assert (result.outcome, result.after) == ("timed_out", "1")
    assert result.reason == "$LATEST: active, update inprogress, after 60 s."


def test_a_refused_call_is_told_in_its_own_words() -> None:
    result = Harbour(chat={"publish is refused"}).one()
    assert result.outcome == "failed"
    assert "Could not publish a version of the Lambda function: AccessDeniedException" in str(result.reason)


@pytest.mark.parametrize("trouble", ["latest is changed", "alias is moved"])
def test_what_somebody_else_changed_is_left_alone(trouble: Trouble) -> None:
    harbour = Harbour(chat={trouble})
    result = harbour.one(changes=changes(canary=WATCHED))
    assert result.outcome == "superseded"
    version, weights = harbour.lambda_.alias("chat")
    assert (version, weights) == (("99" if trouble == "alias is moved" else "1"), {})


def test_who_moves_the_alias_during_a_canary_keeps_it() -> None:
    harbour = Harbour(chat=())
    alias = harbour.lambda_.functions["chat"].aliases["live"]
    harbour.lambda_.functions["chat"].versions["7"] = harbour.lambda_.functions["chat"].versions["1"]

    def move(line: str) -> None:
        if "10 %" in line:
            alias.update(FunctionVersion="7", RoutingConfig=None, revision=70)

    harbour.lines = t.cast("list[str]", Listener(move))
    assert harbour.one(changes=changes(canary=WATCHED)).outcome == "superseded"
    assert harbour.lambda_.alias("chat") == ("7", {})


class Listener:
    """Does something when a line is told."""

    def __init__(self, heard: t.Callable[[str], None]) -> None:
        self._heard = heard

    def append(self, line: str) -> None:
        self._heard(line)


def test_an_answer_that_was_lost_is_not_somebody_else() -> None:
    harbour = Harbour(chat=())
    harbour.lambda_.lose_answers = True
    result = harbour.one(changes=changes(memory_size=1024, canary=WATCHED))
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("succeeded", ("2", {}))
    assert sorted(harbour.lambda_.functions["chat"].versions) == ["1", "2"]


def test_instances_are_warm_before_it_is_called_a_success() -> None:
    harbour = Harbour(chat=())
    harbour.lambda_.functions["chat"].warm = "READY"
    result = harbour.one()
    assert result.outcome == "succeeded"
    assert "chat: 1 of 2 instances are warm" in harbour.lines
    assert harbour.lambda_.functions["chat"].warm == "READY"


def test_instances_that_cannot_be_kept_warm_bring_it_back() -> None:
    harbour = Harbour(chat={"warming fails"})
    harbour.lambda_.functions["chat"].warm = "READY"
    result = harbour.one()
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("rolled_back", ("1", {}))
    assert result.reason == "Instances could not be kept warm: FUNCTION_ERROR_INIT_FAILURE."


def test_instances_that_never_get_warm_bring_it_back() -> None:
    """Although the alias has weights meanwhile that nobody set, and another revision."""
    harbour = Harbour(chat={"warming hangs"})
    harbour.lambda_.functions["chat"].warm = "READY"
    result = harbour.one()
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("rolled_back", ("1", {}))
    assert result.reason == "Only 1 of 2 instances are warm, after 60 s."


def test_a_switch_of_warm_instances_under_way_is_joined() -> None:
    harbour = Harbour(chat=())
    harbour.one()
    function = harbour.lambda_.functions["chat"]
    function.warm, function.settles = "IN_PROGRESS", harbour.time.passed + 9
    harbour.lambda_.writes.clear()
    result = harbour.one()
    assert (result.outcome, result.changed, harbour.writes) == ("succeeded", False, [])


def test_no_canary_where_instances_are_kept_warm() -> None:
    harbour = Harbour(chat=())
    harbour.lambda_.functions["chat"].warm = "READY"
    with pytest.raises(SlipwayError, match="keeps instances warm"):
        harbour.one(changes=changes(canary=WATCHED))
    assert harbour.writes == []


# --- several functions -----------------------------------------------------------------------------------------------


def test_what_does_not_wait_for_another_goes_on_when_that_one_fails() -> None:
    harbour = Harbour(store={"code fails"}, reader=(), chat=())
    results = harbour.ship({"reader": ["store"]})
    assert {name: result.outcome for name, result in results.items()} == {
        "store": "failed",
        "reader": "stopped",
        "chat": "succeeded",
    }
    assert results["reader"].cause == "Not started, because store did not get there."
    assert harbour.lambda_.alias("reader") == ("1", {})


def test_a_whole_release_goes_back_the_last_first() -> None:
    harbour = Harbour(store=(), reader=(), chat={"smoke fails"})
    results = harbour.ship({"reader": ["store"], "chat": ["reader"]}, rollback="release", changes=changes(smoke=SMOKE))
    assert {name: result.outcome for name, result in results.items()} == {
        "store": "rolled_back",
        "reader": "rolled_back",
        "chat": "failed",
    }
    assert [call for call in harbour.lambda_.writes if "move" in call][-2:] == ["move reader", "move store"]
    assert all(harbour.lambda_.alias(name) == ("1", {}) for name in results)


def test_functions_that_wait_for_nobody_are_shipped_side_by_side() -> None:
    """Each is called only when all the others are: one after another, they would wait for ever."""
    harbour = Harbour(**{f"f{number}": () for number in range(4)})
    meeting = threading.Barrier(4, timeout=30)
    genuine = harbour.lambda_.invoke

    def invoke(**request: t.Any) -> t.Any:
        meeting.wait()
        return genuine(**request)

    harbour.lambda_.invoke = invoke  # type: ignore[method-assign]
    results = harbour.ship(changes=changes(smoke=SMOKE))
    assert {result.outcome for result in results.values()} == {"succeeded"}


def test_who_interrupts_is_told_where_it_stands() -> None:
    harbour = Harbour(slow=(), quick=())
    shared, told = threading.Event(), []
    genuine = harbour.lambda_.invoke

    def invoke(*, FunctionName: str, **request: t.Any) -> t.Any:
        if FunctionName == "quick":
            assert shared.wait(timeout=30)
        return genuine(FunctionName=FunctionName, **request)

    def hear(line: str) -> None:
        told.append(line)
        if line.startswith("slow: alias live: version 2 gets 10 %"):
            shared.set()
        if line.startswith("quick: failed"):
            raise KeyboardInterrupt

    harbour.lambda_.invoke = invoke  # type: ignore[method-assign]
    harbour.lambda_.troubles["quick"].add("smoke fails")
    harbour.lines = t.cast("list[str]", Listener(hear))
    with pytest.raises(KeyboardInterrupt):
        harbour.ship(changes=changes(smoke=SMOKE, canary={"steps": [10], "bake": 10**9}))
    assert told[-1] == "slow: interrupted with 10 % on version 2; it stays so until this is run again"
    assert harbour.lambda_.alias("slow") == ("1", {"2": 0.1})


# --- before anything is written --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"image": IMAGE, "alias": "prod"}, "has no alias prod"),
        ({"zip_file": "/dev/null"}, "is made from an image, and a package is to be shipped"),
        ({"version": "9"}, "has no version 9 any more"),
        ({"image": IMAGE, "canary": {**WATCHED, "alarms": ["misspelt"]}}, "do not exist: misspelt"),
        ({"image": IMAGE, "after": ["nobody"]}, "which is not among the functions"),
        ({"image": IMAGE, "after": ["chat"]}, "wait for each other in a circle"),
        ({"image": IMAGE, "canary": {"steps": [10]}, "override": {"Role": "other"}}, "changes its Role"),
        ({"name": "gone", "image": IMAGE}, "There is no Lambda function gone"),
    ],
    ids=["alias", "package", "version", "alarm", "after", "circle", "role", "function"],
)
def test_what_cannot_be_is_refused_before_anything_is_written(wanted: dict[str, t.Any], words: str) -> None:
    harbour = Harbour(chat=())
    with pytest.raises(SlipwayError, match=words):
        harbour.one(changes=wanted)
    assert harbour.writes == []


def test_an_alias_on_latest_is_refused() -> None:
    harbour = Harbour(chat=())
    harbour.lambda_.functions["chat"].aliases["live"]["FunctionVersion"] = "$LATEST"
    with pytest.raises(SlipwayError, match=r"points at \$LATEST"):
        harbour.one()


def test_an_alias_is_made_only_where_that_is_wanted_and_after_the_smoke_check() -> None:
    harbour = Harbour(chat=())
    del harbour.lambda_.functions["chat"].aliases["live"]
    result = harbour.one(changes=changes(create_alias=True, smoke=SMOKE, canary=WATCHED))
    assert (result.outcome, result.ran_before, result.before, result.after) == ("succeeded", False, None, "2")
    assert harbour.writes == ["code", "publish", "make"]


def test_settings_alone_never_ship_what_a_failed_release_left() -> None:
    harbour = Harbour(chat={"smoke fails"})
    harbour.one(changes=changes(smoke=SMOKE))
    with pytest.raises(SlipwayError, match="other code in"):
        harbour.one(changes={"memory_size": 1024})


def test_after_an_update_that_failed_the_code_is_sent_again() -> None:
    harbour = Harbour(chat={"code fails"})
    harbour.one()
    harbour.lambda_.troubles["chat"].clear()
    harbour.lambda_.writes.clear()
    assert harbour.one().outcome == "succeeded"
    assert harbour.writes == ["code", "publish", "move"]


def test_the_diff_shows_what_callers_get_and_no_value() -> None:
    harbour = Harbour(chat=())
    wanted = changes(environment={"LANGUAGE": "ja", "DB_PASSWORD": "hunter22-is-no-word", "MODE": "fast"})
    planned = harbour.one(changes=wanted, check_mode=True)
    assert planned.diff is not None and harbour.writes == []
    assert f'"code": "{NEW}"' in planned.diff["after"] and '"live": "(new)"' in planned.diff["after"]
    assert '"LANGUAGE": "******** (changed)"' in planned.diff["after"]
    assert "ja" not in planned.diff["after"] and "hunter22" not in str(planned)
    assert ["DB_PASSWORD" in warning for warning in planned.warnings] == [True]
    shown = harbour.one(changes=wanted, show_environment=True)
    assert shown.diff is not None and '"LANGUAGE": "ja"' in shown.diff["after"]
    assert "hunter22" not in str(shown) + str(harbour.lines)


# --- whatever happens ------------------------------------------------------------------------------------------------

troubles = st.sets(
    st.sampled_from([trouble for trouble in t.get_args(Trouble) if trouble != "hangs"]), max_size=2
)  # fmt: skip


@given(troubles, st.booleans(), st.booleans(), st.sampled_from(["function", "release", "none"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_outcome_says_what_callers_get(
    trouble: set[Trouble], canary: bool, smoke: bool, rollback: str, warm: bool
) -> None:
    harbour = Harbour(chat=trouble)
    if warm:
        harbour.lambda_.functions["chat"].warm = "READY"
    watched = {**WATCHED, "steps": []} if warm else WATCHED
    wanted = changes(memory_size=1024, **({"canary": watched} if canary else {}), **({"smoke": SMOKE} if smoke else {}))
    planned = harbour.one(changes=wanted, check_mode=True)
    assert (planned.outcome, planned.changed, harbour.writes) == ("succeeded", True, [])
    result = harbour.one(changes=wanted, rollback=rollback)
    version, weights = harbour.lambda_.alias("chat")
    assert (result.after, result.weights) == (version, weights) or result.outcome == "superseded"
    assert result.diff == planned.diff
    if result.outcome == "succeeded":
        assert (harbour.lambda_.image_of("chat", version), weights, result.release_id) == (IMAGE, {}, "r-1")
    elif result.outcome == "superseded":
        assert (version, weights) in [("1", {}), ("99", {})]
    elif result.outcome == "rolled_back":
        assert (version, weights, result.release_id) == ("1", {}, None)
    else:
        assert result.outcome in ("failed", "timed_out") and result.cause
        assert (version, weights) == ("1", {}) or rollback == "none"
    harbour.lambda_.troubles["chat"].clear()
    harbour.lambda_.functions["chat"].settles = harbour.time.passed
    harbour.lambda_.writes.clear()
    again = harbour.one(changes=wanted, release="r-2")
    assert again.outcome in GOOD
    assert (again.outcome == "no_op") == (harbour.writes == [])
    assert harbour.lambda_.image_of("chat", harbour.lambda_.alias("chat")[0]) == IMAGE


def test_a_share_that_a_killed_run_left_is_taken_back_when_the_next_one_fails() -> None:
    harbour = Harbour(chat=())
    wanted = changes(smoke=SMOKE, canary=WATCHED)

    def die(line: str) -> None:
        if "10 %" in line:
            raise Killed

    harbour.lines = t.cast("list[str]", Listener(die))
    with pytest.raises(Killed):
        harbour.one(changes=wanted)
    assert harbour.lambda_.alias("chat") == ("1", {"2": 0.1})
    harbour.lines = []
    harbour.lambda_.troubles["chat"].add("smoke fails")
    result = harbour.one(changes=wanted)
    assert (result.outcome, harbour.lambda_.alias("chat")) == ("rolled_back", ("1", {}))


@given(st.integers(min_value=0, max_value=60), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_run_that_was_killed_is_taken_up_where_it_stood(calls: int, canary: bool, warm: bool) -> None:
    """Whichever call was its last: the next run gets there, and makes no second version."""
    harbour = Harbour(chat=())
    if warm:
        harbour.lambda_.functions["chat"].warm = "READY"
    watched = {**WATCHED, "steps": []} if warm else WATCHED
    wanted = changes(memory_size=1024, smoke=SMOKE, **({"canary": watched} if canary else {}))
    harbour.lambda_.kill_after = calls
    try:
        harbour.one(changes=wanted)
    except Killed:
        reached = max(harbour.lambda_.alias("chat")[1].values(), default=0.0)
    else:
        reached = 0.0
    harbour.lambda_.kill_after = None
    result = harbour.one(changes=wanted)
    assert result.outcome in GOOD
    assert harbour.lambda_.alias("chat") == ("2", {})
    assert sorted(harbour.lambda_.functions["chat"].versions) == ["1", "2"]
    if reached:
        assert result.canary[0]["percent"] == 100 * reached
    assert result.release_id == "r-1"

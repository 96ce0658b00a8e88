# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run over an ECS that knows every kind of reference: what is referred to stays, the rest goes, the oldest first."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune import Pruning, Wanted
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from kept_ecs import KeptEcs, KeptService, revision

Result = dict[str, t.Any]
READS_ONLY = "deregister_task_definition"


def family(last: int, *, ours: bool = True, name: str = "app") -> dict[str, bool]:
    return {f"{name}:{number}": ours for number in range(1, last + 1)}


def run(ecs: KeptEcs, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
    defaults: Result = {
        "services": {},
        "families": [],
        "clusters": None,
        "keep": 2,
        "keep_revisions": [],
        "receipts": [],
        "keep_receipts": None,
        "only_ours": True,
    }
    return Pruning(ecs, Wanted.from_options({**defaults, **options}), check_mode=check, diff=diff).run()


def gone(result: Result) -> list[int]:
    return [int(arn.rpartition(":")[2]) for arn in result["deregistered"]]


def why(result: Result, name: str, of: str = "app") -> list[str]:
    (kept,) = [item for item in result["families"][of]["kept"] if item["revision"] == revision(name)]
    return list(kept["reasons"])


def test_every_reference_keeps_its_revision() -> None:
    api = KeptService(
        *("dev", "api", "app:20"),
        deployments=["app:20", "app:2"],
        task_sets=["app:3"],
        current=["app:4"],
        went=[("app:5", "app:6")],
    )
    ecs = KeptEcs(family(20), [api, KeptService("prod", "other", "app:7")], tasks=[("dev", "app:8"), ("prod", "app:9")])
    ecs.clusters = ("dev", "prod")
    ecs.revisions["app:10"] = False
    result = run(
        ecs,
        services={"api": {"cluster": "dev", "service": "api", "task_definition": revision("app:11"), "port": 80}},
        keep_revisions=["app:12", revision("app:13")],
        receipts=[{"release_id": "r1", "units": {"before": revision("app:14")}}],
    )
    assert gone(result) == [1, 15, 16, 17, 18] and result["changed"] is True
    assert sorted(ecs.revisions) == sorted(f"app:{number}" for number in (*range(2, 15), 19, 20))
    where = "service api in cluster dev"
    assert {name: why(result, name) for name in ecs.revisions} == {
        "app:2": [f"a deployment of {where} has it"],
        "app:3": [f"a task set of {where} has it"],
        "app:4": [f"{where} runs it"],
        "app:5": [f"a successful deployment of {where} came from it"],
        "app:6": [f"a successful deployment of {where} went to it"],
        "app:7": ["service other in cluster prod is set to it"],
        "app:8": ["task 0 in cluster dev runs it"],
        "app:9": ["task 1 in cluster prod runs it"],
        "app:10": ["no release of this collection made it"],
        "app:11": ["it is the base of service api"],
        "app:12": ["keep_revisions names it"],
        "app:13": ["keep_revisions names it"],
        "app:14": ["the receipt of release r1 has it"],
        "app:19": ["it is among the newest 2"],
        "app:20": ["it is among the newest 2", f"{where} is set to it", f"a deployment of {where} has it"],
    }
    assert run(ecs, families=["app"], keep=20)["changed"] is False


@pytest.mark.parametrize("clusters", [None, [], ["dev"]], ids=["all", "own", "named"])
def test_who_is_asked(clusters: list[str] | None) -> None:
    ecs = KeptEcs(family(9), [KeptService("dev", "api", "app:9"), KeptService("prod", "api", "app:1")])
    ecs.clusters = ("dev", "prod")
    result = run(ecs, services={"api": {"cluster": "dev", "service": "api"}}, clusters=clusters)
    asked = {request["cluster"].rsplit("/", 1)[-1] for request in ecs.named("list_tasks")}
    assert asked == ({"dev", "prod"} if clusters is None else {"dev"})
    assert gone(result) == list(range(1 if clusters is not None else 2, 8))
    # However a cluster is spelled, it is asked once.
    assert len(ecs.named("list_tasks")) == len(asked)


def test_where_nothing_can_go_nobody_is_asked() -> None:
    ecs = KeptEcs(family(2), [KeptService("dev", "api", "app:1")])
    result = run(ecs, services={"api": {"cluster": "dev", "service": "api"}})
    assert (result["changed"], result["deregistered"], result["families"]["app"]["active"]) == (False, [], 2)
    assert [name for name, dummy in ecs.calls] == ["describe_services", "list_task_definitions"]


def test_tags_are_read_only_of_what_could_go() -> None:
    ecs = KeptEcs(family(9), [KeptService("dev", "api", "app:3")])
    assert gone(run(ecs, families=["app"], keep_revisions=["app:1"], check=True)) == [2, 4, 5, 6, 7]
    assert len(ecs.named("describe_task_definition")) == 5
    ecs.calls.clear()
    assert gone(run(ecs, families=["app"], only_ours=False, check=True)) == [1, 2, 4, 5, 6, 7]
    assert not ecs.named("describe_task_definition")


def test_check_mode_tells_the_same_and_writes_nothing() -> None:
    ecs = KeptEcs({**family(5), **family(4, name="app-worker")}, [KeptService("dev", "api", "app:5")])
    planned = run(ecs, families=["app", "app-worker"], check=True, diff=True)
    assert len(ecs.revisions) == 9 and not ecs.named(READS_ONLY)
    done = run(ecs, families=["app", "app-worker"], diff=True)
    assert planned == done
    assert done["diff"][0]["before"] == "app:1\napp:2\napp:3\napp:4\napp:5\n"
    assert done["diff"][0]["after"] == "app:4\napp:5\n"
    assert sorted(ecs.revisions) == ["app-worker:3", "app-worker:4", "app:4", "app:5"]
    again = run(ecs, families=["app", "app-worker"], diff=True)
    assert again["changed"] is False and all(entry["before"] == entry["after"] for entry in again["diff"])


def test_a_refusal_in_the_middle_says_what_was_done() -> None:
    ecs = KeptEcs(family(12), refuses=["app:6"])
    with pytest.raises(SlipwayError) as caught:
        run(ecs, families=["app"])
    details = caught.value.details
    assert caught.value.message.startswith("Could not deregister the ECS task definition: ThrottlingException")
    assert "Deregistered before that: app:1, app:2, app:3, app:4, app:5, app:7, app:8; 3 of 10 stay" in str(
        caught.value
    )
    assert details["changed"] is True and gone(t.cast("Result", details)) == [1, 2, 3, 4, 5, 7, 8]
    kept = [item["revision"] for item in details["families"]["app"]["kept"]]
    assert kept == [revision(f"app:{number}") for number in (6, 9, 10, 11, 12)]
    assert sorted(ecs.revisions) == sorted(f"app:{number}" for number in (6, 9, 10, 11, 12))


def test_an_endpoint_without_service_deployments_is_asked_once_and_told() -> None:
    ecs = KeptEcs(family(5), [KeptService("dev", f"api{number}", "app:5") for number in range(3)])
    ecs.has_deployments = False
    result = run(ecs, families=["app"])
    assert gone(result) == [1, 2, 3] and len(ecs.named("list_service_deployments")) == 1
    (told,) = result["not_asked"]
    assert told.startswith("This endpoint has no service deployments: ")


def test_what_cannot_be_asked_stops_it_before_anything_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    from kept_ecs import error

    ecs = KeptEcs(family(5), [KeptService("dev", "api", "app:5")])

    def refuse(**dummy: t.Any) -> t.NoReturn:
        raise error("x", "AccessDeniedException", "not yours")

    for operation in ("list_clusters", "list_services", "list_tasks", "list_service_deployments", "describe_services"):
        with monkeypatch.context() as patch:
            patch.setattr(ecs, operation, refuse)
            with pytest.raises(AwsError, match="AccessDeniedException: not yours"):
                run(ecs, families=["app"])
    with monkeypatch.context() as patch:
        patch.setattr(
            ecs, "describe_services", lambda **dummy: {"failures": [{"arn": "api", "reason": "ACCESS_DENIED"}]}
        )
        with pytest.raises(AwsError, match="api: ACCESS_DENIED"):
            run(ecs, families=["app"])
    assert len(ecs.revisions) == 5


def test_only_the_last_five_deployments_count() -> None:
    went = [(f"app:{number - 1}", f"app:{number}") for number in range(9, 1, -1)]
    ecs = KeptEcs(family(20), [KeptService("dev", "api", "app:20", went=went)])
    assert gone(run(ecs, families=["app"], check=True)) == [1, 2, 3, *range(10, 19)]


def test_a_deleted_service_still_says_its_family_and_is_not_asked_for_deployments() -> None:
    ecs = KeptEcs(family(4), [KeptService("dev", "api", "app:1", status="INACTIVE")])
    assert gone(run(ecs, services={"api": {"cluster": "dev", "service": "api"}})) == [2]
    assert not ecs.named("list_service_deployments")


def test_task_sets_say_the_family_of_a_service_without_a_task_definition() -> None:
    ecs = KeptEcs(family(4), [KeptService("dev", "api", None, task_sets=["app:1"])])
    assert gone(run(ecs, services={"api": {"cluster": "dev", "service": "api"}})) == [2]


def test_a_service_that_is_not_there_is_named() -> None:
    ecs = KeptEcs(family(4), [KeptService("dev", "api", "app:1")])
    with pytest.raises(SlipwayError, match="no ECS service web in cluster dev, so nothing says which family"):
        run(ecs, services={"a": {"cluster": "dev", "service": "api"}, "w": {"cluster": "dev", "service": "web"}})


def test_without_a_cluster_nobody_can_be_asked() -> None:
    with pytest.raises(SlipwayError, match="No cluster was named or found"):
        run(KeptEcs(family(4)), families=["app"], clusters=[])

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each service needs, by what it runs and what is asked for: every step there is, and what is refused."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import (
    ASKED_TAG,
    FINGERPRINT_TAG,
    asked,
    fingerprint,
    overlay,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Release, Target
from ansible_collections.slipway.aws.plugins.module_utils._ecs.plan import Plan, Planner
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

Answer = dict[str, t.Any]
ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:"
IMAGE = "registry.test/web@sha256:" + "a" * 64
RELEASE = Release("r-2", git_sha="0123abcd")


def registered(number: int, image: str, release: str | None = None, **more: t.Any) -> Answer:
    """Return a revision as DescribeTaskDefinition answers it."""
    environment = [{"name": "RELEASE_ID", "value": release}] if release else []
    container = {"name": "app", "image": image, "environment": environment, **more}
    return {
        "taskDefinitionArn": f"{ARN}{number}",
        "family": "web",
        "revision": number,
        "status": "ACTIVE",
        "containerDefinitions": [container],
    }


def target(**options: t.Any) -> Target:
    return Target.from_options("web", {"cluster": "c", "service": "web", "container": "app", **options})


def deployment(number: int, status: str = "PRIMARY", rollout: str = "COMPLETED", running: int = 2) -> Answer:
    return {
        "id": f"ecs-svc/{number}", "status": status, "taskDefinition": f"{ARN}{number}", "desiredCount": 2,
        "runningCount": running, "rolloutState": rollout,
    }  # fmt: skip


class Ecs:
    """One service and the revisions of its family."""

    def __init__(self, *revisions: Answer, runs: int = 1, **service: t.Any) -> None:
        self.revisions = {revision["taskDefinitionArn"]: revision for revision in revisions}
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        self.service: Answer = {
            "serviceName": "web", "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/c/web", "status": "ACTIVE",
            "taskDefinition": f"{ARN}{runs}", "desiredCount": 2, "runningCount": 2,
            "deployments": [deployment(runs)], **service,
        }  # fmt: skip

    def describe_services(self, *, services: list[str], **dummy: t.Any) -> Answer:
        self.calls.append("service")
        return {"services": [self.service] if "web" in services else []}

    def describe_task_definition(self, *, taskDefinition: str, **dummy: t.Any) -> Answer:
        self.calls.append(taskDefinition.rpartition(":")[2])
        tags = self.tags.get(taskDefinition, {})
        return {
            "taskDefinition": copy.deepcopy(self.revisions[taskDefinition]),
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }

    def plan(self, wanted: Target) -> Plan:
        return Planner(self, RELEASE).plan_all([wanted])["web"]


def running_release(base: Answer, wanted: Target, release: Release, **tags: str) -> Ecs:
    """Return a service that runs what was asked for once, as revision 2 over the base."""
    made = {**overlay(base, wanted, release), "taskDefinitionArn": f"{ARN}2", "revision": 2}
    ecs = Ecs(base, made, runs=2)
    ecs.tags[f"{ARN}2"] = {FINGERPRINT_TAG: fingerprint(made), ASKED_TAG: asked(wanted), **tags}
    return ecs


BASE = registered(1, "placeholder")


def test_a_new_image_is_a_new_revision_over_the_base() -> None:
    plan = Ecs(BASE).plan(target(image=IMAGE, task_definition=f"{ARN}1"))
    assert (plan.action, plan.running, plan.revision) == ("register", f"{ARN}1", None)
    assert plan.definition is not None and plan.definition["containerDefinitions"][0]["image"] == IMAGE
    assert plan.fingerprint == fingerprint(plan.definition)
    assert plan.release_after(RELEASE) == "r-2"
    assert plan.diff is not None and IMAGE in plan.diff["after"] and IMAGE not in plan.diff["before"]


def test_the_same_request_under_another_name_changes_nothing() -> None:
    wanted = target(image=IMAGE, task_definition=f"{ARN}1")
    ecs = running_release(BASE, wanted, Release("r-1"))
    plan = ecs.plan(wanted)
    assert (plan.action, plan.diff, plan.release_after(RELEASE)) == ("nothing", None, "r-1")
    assert ecs.calls == ["service", "2"], "the base is not looked at again"


def test_the_same_content_asked_for_in_other_words_changes_nothing() -> None:
    """The request is new, and its result is what runs: by the tag alone, though AWS answers it with defaults."""
    ecs = running_release(BASE, target(image=IMAGE, task_definition=f"{ARN}1"), Release("r-1"))
    ecs.revisions[f"{ARN}2"]["containerDefinitions"][0] |= {"cpu": 0, "essential": True, "mountPoints": []}
    plan = ecs.plan(target(images={"app": IMAGE}, task_definition=f"{ARN}1", environment={}, override={"cpu": None}))
    assert (plan.action, ecs.calls) == ("nothing", ["service", "2", "1"])


def test_the_same_content_that_somebody_else_registered_changes_nothing() -> None:
    """Without any tag of ours: by content alone, and what is in another order or empty is no other content."""
    theirs = registered(1, IMAGE, IMAGE_DIGEST="", environment=[])
    del theirs["containerDefinitions"][0]["IMAGE_DIGEST"]
    theirs["containerDefinitions"][0]["environment"] = [
        {"name": "IMAGE_DIGEST", "value": IMAGE.partition("@")[2]},
        {"name": "A", "value": "1"},
    ]
    assert Ecs(theirs).plan(target(image=IMAGE, environment={"A": "1"})).action == "nothing"


def test_a_request_once_made_is_not_what_runs_after_somebody_changed_the_base() -> None:
    ecs = running_release(BASE, target(image=IMAGE, task_definition=f"{ARN}1"), Release("r-1"))
    ecs.revisions[f"{ARN}3"] = registered(3, "placeholder", cpu=512)
    plan = ecs.plan(target(image=IMAGE, task_definition=f"{ARN}3"))
    assert plan.action == "register"
    assert plan.definition is not None and plan.definition["containerDefinitions"][0]["cpu"] == 512


def test_another_request_is_not_taken_for_the_one_before() -> None:
    ecs = running_release(BASE, target(image=IMAGE, task_definition=f"{ARN}1"), Release("r-1"))
    wanted = target(image=IMAGE, task_definition=f"{ARN}1", environment={"A": "1"})
    assert ecs.plan(wanted).action == "register"


def test_another_template_is_another_request() -> None:
    template = {"family": "web", "containerDefinitions": [{"name": "app", "image": IMAGE, "cpu": 256}]}
    wanted = target(template=template)
    ecs = running_release({**template, "taskDefinitionArn": f"{ARN}1"}, wanted, Release("r-1"))
    assert ecs.plan(wanted).action == "nothing"
    larger = {**template, "containerDefinitions": [{**template["containerDefinitions"][0], "cpu": 512}]}
    assert ecs.plan(target(template=larger)).action == "register"


def test_laid_over_what_runs_a_request_is_always_looked_at() -> None:
    """The same words over another revision mean something else: the tag of the one before says nothing."""
    wanted = target(image=IMAGE)
    ecs = Ecs(registered(1, "somebody else's"))
    ecs.tags[f"{ARN}1"] = {ASKED_TAG: asked(wanted)}
    assert ecs.plan(wanted).action == "register"


def test_tags_of_the_base_are_kept_but_ours_and_those_of_aws() -> None:
    ecs = Ecs(BASE)
    ecs.tags[f"{ARN}1"] = {"team": "shop", "aws:cloudformation:stack-name": "s", FINGERPRINT_TAG: "old"}
    assert ecs.plan(target(image=IMAGE, task_definition=f"{ARN}1")).base_tags == {"team": "shop"}


def test_what_is_under_way_is_joined_and_not_started_again() -> None:
    """After a run that was killed; also when the tasks were to start anew, for that is what they do."""
    wanted = target(image=IMAGE, task_definition=f"{ARN}1")
    for force in (False, True):
        ecs = running_release(BASE, wanted, RELEASE)
        ecs.service["deployments"] = [deployment(2, rollout="IN_PROGRESS", running=1), deployment(1, "ACTIVE")]
        plan = ecs.plan(target(image=IMAGE, task_definition=f"{ARN}1", force_new_deployment=force))
        assert plan.action == "join"


def test_what_runs_is_started_anew_when_that_is_asked_for() -> None:
    plan = Ecs(registered(1, IMAGE, "r-1")).plan(target(force_new_deployment=True))
    assert (plan.action, plan.revision, plan.release_after(RELEASE)) == ("anew", None, "r-1")


def test_a_revision_is_shipped_as_it_is_registered() -> None:
    ecs = Ecs(registered(1, "old", "r-0"), registered(2, IMAGE, "r-1"), runs=2)
    plan = ecs.plan(target(revision=f"{ARN}1"))
    assert (plan.action, plan.revision, plan.definition) == ("revision", f"{ARN}1", ecs.revisions[f"{ARN}1"])
    assert plan.release_after(RELEASE) == "r-0", "the release that runs then is the revision's own"
    assert plan.diff is not None and "old" in plan.diff["after"]


def test_a_revision_that_runs_already_is_left() -> None:
    ecs = Ecs(registered(1, "old"), registered(2, IMAGE, "r-1"), runs=2)
    plan = ecs.plan(target(revision=f"{ARN}2"))
    assert (plan.action, plan.release_after(RELEASE)) == ("nothing", "r-1")


@pytest.mark.parametrize("status", ["DRAINING", "INACTIVE"], ids=["draining", "inactive"])
def test_a_service_on_its_way_out_takes_no_deployment(status: str) -> None:
    with pytest.raises(SlipwayError, match=f"web is {status}"):
        Ecs(BASE, status=status).plan(target(image=IMAGE))


def test_a_service_of_an_external_controller_is_refused() -> None:
    with pytest.raises(SlipwayError, match="EXTERNAL"):
        Ecs(BASE, deploymentController={"type": "EXTERNAL"}).plan(target(image=IMAGE))


def test_a_service_that_is_not_there_is_named_with_its_cluster() -> None:
    missing = Target.from_options("api", {"cluster": "c", "service": "gone", "container": "app", "image": IMAGE})
    with pytest.raises(SlipwayError, match="no ECS service gone in cluster c"):
        Planner(Ecs(BASE), RELEASE).plan_all([missing])

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded calls with their real resources and passed roles, judged as AWS would judge them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest
from authorisation import ECS_TASKS, Place, UnmappedCall, questions
from evaluator import Question, Rule, allows, without
from recorded_call import Call, Request
from rehearsal import Rehearsal
from stations import PROVEN_OTHERWISE

OTHER_ACCOUNT = "111122223333"
# Actions that AWS knows no resource for: nothing to be foreign. What limits ListTasks is its condition.
ON_EVERYTHING = {
    "application-autoscaling:DescribeScalableTargets",
    "cloudwatch:DescribeAlarms",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "logs:DescribeLogGroups",
}


Asked = list[tuple[Question, Call]]


@pytest.fixture(scope="session")
def asked(rehearsal: Rehearsal) -> Asked:
    """Every different question AWS would have asked, with a call that made it."""
    found: dict[str, tuple[Question, Call]] = {}
    for call in rehearsal.calls:
        for question in questions(call, rehearsal.stack.world.place):
            found.setdefault(str(question), (question, call))
    return list(found.values())


def test_every_call_is_allowed_as_it_would_be_sent_to_aws(rehearsal: Rehearsal, asked: Asked) -> None:
    assert len(rehearsal.calls) > 100
    denied = [f"{call.name}: {question}" for question, call in asked if not allows(rehearsal.rules, question)]
    assert denied == []


def test_passed_roles_are_among_what_was_asked(rehearsal: Rehearsal, asked: Asked) -> None:
    passed = {question.resource for question, _call in asked if question.action == "iam:PassRole"}
    roles = rehearsal.stack.delivery["roles"]
    assert passed == {*roles["task"].values(), *roles["execution"].values()}
    to = {question.context["iam:PassedToService"] for question, _call in asked if question.action == "iam:PassRole"}
    assert to == {ECS_TASKS}


def test_every_action_of_every_statement_is_needed(rehearsal: Rehearsal, asked: Asked) -> None:
    """Without it, a call that was recorded would be denied."""
    rules = rehearsal.rules
    idle = [
        (rule.sid, action)
        for rule in rules
        for action in rule.actions
        if (rule.sid, action) not in PROVEN_OTHERWISE
        and all(allows(without(rules, rule.sid, action), question) for question, _call in asked)
    ]
    assert idle == []


def test_every_resource_of_every_statement_is_needed(rehearsal: Rehearsal, asked: Asked) -> None:
    idle = [
        (rule.sid, resource)
        for rule in rehearsal.rules
        for resource in rule.resources
        if (rule.sid, _kind(resource)) not in SPARE_RESOURCES
        and not any(dataclasses.replace(rule, resources=(resource,)).applies_to(question) for question, _call in asked)
    ]
    assert idle == []


def _kind(resource: str) -> str:
    return re.sub(r"^(arn:aws:logs:[^:]*:\d*:log-group:[^:]*)$", "log-group without streams", resource)


# Resources no recorded call was about, and why the policy names them.
SPARE_RESOURCES = {
    ("ReadTheTasksLogs", "log-group without streams"): "AWS judges some readers of a log on the group itself",
}


def test_the_same_on_something_foreign_is_denied(rehearsal: Rehearsal, asked: Asked) -> None:
    place = rehearsal.stack.world.place
    foreign = [another for question, _call in asked for another in foreign_to(question, place)]
    assert [str(question) for question in foreign if allows(rehearsal.rules, question)] == []
    actions = {action for rule in rehearsal.rules for action in rule.actions}
    assert {question.action for question in foreign} == actions - ON_EVERYTHING


def foreign_to(question: Question, place: Place) -> t.Iterator[Question]:
    """Yield the question about the same kind of thing, of somebody else."""
    if question.action in ON_EVERYTHING:
        return
    if question.action == "ecs:ListTasks":
        # Its resource is what Fargate has none of, so the policy has the cluster as a condition.
        yield dataclasses.replace(question, context={"ecs:cluster": place.cluster("neighbour-local")})
        yield dataclasses.replace(question, context={})
        return
    if f":{place.account}:" in question.resource:
        yield dataclasses.replace(question, resource=question.resource.replace(place.account, OTHER_ACCOUNT))
    if f":{place.region}:" in question.resource:
        yield dataclasses.replace(question, resource=question.resource.replace(place.region, "eu-west-1"))
    head, name = named(question.resource)
    yield dataclasses.replace(question, resource=f"{head}neighbour-{name}")
    # A name that only begins alike is somebody else's, too.
    first = re.split("[/:]", name)[0]
    yield dataclasses.replace(question, resource=f"{head}{first}-2{name.removeprefix(first)}")
    if question.action == "ecs:RunTask":
        yield dataclasses.replace(question, context={"ecs:cluster": place.cluster("neighbour-local")})
    if question.action == "iam:PassRole":
        for service in ("lambda.amazonaws.com", "ec2.amazonaws.com", "ecs.amazonaws.com"):
            yield dataclasses.replace(question, context={"iam:PassedToService": service})
        yield dataclasses.replace(question, context={})
    if question.action == "ecs:TagResource":
        for action in ("CreateService", "RunTask"):
            yield dataclasses.replace(question, context={"ecs:CreateAction": action})
        yield dataclasses.replace(question, context={})


def named(resource: str) -> tuple[str, str]:
    """Split an ARN before the name of what it is about."""
    head = re.match(r"arn:aws:(s3:::|logs:[^:]*:\d*:log-group:(/ecs/)?|[^:]*:[^:]*:\d*:[a-z-]+/)", resource)
    if head is None:
        raise ValueError(f"{resource} has no name.")
    return head[0], resource.removeprefix(head[0])


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("arn:aws:ecs:r:1:service/cluster/one", "cluster/one"),
        ("arn:aws:ecs:r:1:task-definition/family:*", "family:*"),
        ("arn:aws:s3:::bucket/key", "bucket/key"),
        ("arn:aws:logs:r:1:log-group:/ecs/stack/backend:log-stream:a/b/c", "stack/backend:log-stream:a/b/c"),
        ("arn:aws:iam::1:role/stack-task", "stack-task"),
        ("arn:aws:cloudfront::1:distribution/E1", "E1"),
    ],
)
def test_foreign_names_are_made_where_the_name_is(resource: str, name: str) -> None:
    assert named(resource)[1] == name


def test_a_call_nobody_has_looked_up_is_an_error() -> None:
    request = Request("key", "ecs", "r", "POST", "/", {}, {"x-amz-target": "AmazonEC2ContainerServiceV20141113.New"})
    with pytest.raises(UnmappedCall, match="ecs:New was called, and .* does not say what AWS asks about it"):
        questions(Call(request, "New", {}), Place("000000000000", "ap-northeast-1"))


def test_a_policy_without_a_statement_allows_less(rehearsal: Rehearsal, asked: Asked) -> None:
    """The judge can say no: each statement carries calls that nothing else allows."""
    rules: list[Rule] = rehearsal.rules
    for rule in rules:
        assert any(not allows(without(rules, rule.sid), question) for question, _call in asked), rule.sid

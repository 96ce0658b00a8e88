# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the application may do while it runs: one model through one profile, one table, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import botocore.exceptions
import pytest
from authorisation import questions
from evaluator import allows, decide
from forbidden import NEIGHBOUR, Targets
from recorded_call import ENGINE, Call, understand
from rehearsal import Rehearsal
from world import Credentials, Stack

MESSAGES = [{"role": "user", "content": [{"text": "Why is the sky blue?"}]}]
BODY = json.dumps({"messages": MESSAGES})


@dataclasses.dataclass(frozen=True)
class Deed:
    """Something a program could try to do."""

    id: str
    service: str
    method: str
    arguments: t.Callable[[Targets], dict[str, t.Any]]


def _item(on: Targets) -> dict[str, t.Any]:
    keys = on.root("dynamodb").describe_table(TableName=on.table)["Table"]["KeySchema"]
    return {key["AttributeName"]: {"S": "somebody"} for key in keys}


def _model(method: str, model: t.Callable[[Targets], str]) -> tuple[str, t.Callable[[Targets], dict[str, t.Any]]]:
    if method.startswith("converse"):
        return method, lambda on: {"modelId": model(on), "messages": MESSAGES}
    return method, lambda on: {"modelId": model(on), "body": BODY}


ALLOWED = (
    *(
        Deed(method.replace("_", "-"), "bedrock-runtime", *_model(method, lambda on: on.stack.system.profile))
        for method in ("converse", "converse_stream", "invoke_model", "invoke_model_with_response_stream")
    ),
    Deed("write-session", "dynamodb", "put_item", lambda on: {"TableName": on.table, "Item": _item(on)}),
    Deed("read-session", "dynamodb", "get_item", lambda on: {"TableName": on.table, "Key": _item(on)}),
)
# Statement, action, and the deed that needs it.
NEEDS = (
    ("InvokeTheProfile", "bedrock:InvokeModel", "converse"),
    ("InvokeTheProfile", "bedrock:InvokeModelWithResponseStream", "converse-stream"),
    ("InvokeItsModelsThroughTheProfile", "bedrock:InvokeModel", "converse"),
    ("InvokeItsModelsThroughTheProfile", "bedrock:InvokeModelWithResponseStream", "converse-stream"),
    ("Sessions", "dynamodb:GetItem", "read-session"),
    ("Sessions", "dynamodb:PutItem", "write-session"),
)
DENIED = (
    *(
        Deed(f"{method}-{name}".replace("_", "-"), "bedrock-runtime", *_model(method, model))
        for method in ("converse", "converse_stream", "invoke_model")
        for name, model in (
            ("another-profile", lambda on: on.stack.system.other_profile),
            ("the-model-without-the-profile", lambda on: on.stack.system.profile.partition(".")[2]),
            ("another-model", lambda on: on.stack.system.other_profile.partition(".")[2]),
        )
    ),
    Deed("whole-table", "dynamodb", "scan", lambda on: {"TableName": on.table}),
    Deed("delete-session", "dynamodb", "delete_item", lambda on: {"TableName": on.table, "Key": _item(on)}),
    Deed("other-table", "dynamodb", "get_item", lambda on: {"TableName": NEIGHBOUR, "Key": _item(on)}),
    Deed("tables", "dynamodb", "list_tables", lambda _on: {}),
    Deed("site", "s3", "list_objects_v2", lambda on: {"Bucket": on.site["bucket"]}),
    Deed("receipts", "s3", "get_object", lambda on: {"Bucket": on.ledger["bucket"], "Key": on.receipt}),
    Deed("buckets", "s3", "list_buckets", lambda _on: {}),
    Deed("secret", "secretsmanager", "get_secret_value", lambda on: {"SecretId": on.secret}),
    Deed("parameter", "ssm", "get_parameter", lambda _on: {"Name": f"/{NEIGHBOUR}/key"}),
    Deed("services", "ecs", "list_services", lambda on: {"cluster": on.cluster}),
    Deed("release", "ecs", "update_service", lambda on: {"cluster": on.cluster, "service": on.service["service"]}),
    Deed("images", "ecr", "get_authorization_token", lambda _on: {}),
    Deed("log", "logs", "describe_log_groups", lambda _on: {}),
    Deed("queues", "sqs", "list_queues", lambda _on: {}),
    Deed("functions", "lambda", "list_functions", lambda _on: {}),
    Deed("users", "iam", "list_users", lambda _on: {}),
    Deed(
        "another-role",
        "sts",
        "assume_role",
        lambda on: {"RoleArn": on.delivery["roles"]["observer"], "RoleSessionName": "me"},
    ),
)


@pytest.fixture(scope="session")
def task(stack: Stack, rehearsal: Rehearsal) -> Credentials:
    del rehearsal  # which made what there is to read
    return stack.as_task(stack.system.runtime[0])


def code(stack: Stack, who: Credentials, deed: Deed, targets: Targets) -> str:
    """Return the error's code, or nothing where it was done."""
    arguments = deed.arguments(targets)
    try:
        getattr(stack.world.client(deed.service, who), deed.method)(**arguments)
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("deed", ALLOWED, ids=lambda deed: deed.id)
def test_the_application_may(stack: Stack, task: Credentials, targets: Targets, deed: Deed) -> None:
    assert code(stack, task, deed, targets) == ""


@pytest.mark.parametrize(("sid", "action", "name"), NEEDS, ids=[f"{need[0]}-{need[1]}" for need in NEEDS])
def test_without_the_action_it_may_not(
    stack: Stack, task: Credentials, targets: Targets, sid: str, action: str, name: str
) -> None:
    (deed,) = [each for each in ALLOWED if each.id == name]
    with stack.without(stack.copy_of_task_role(stack.system.runtime[0]), sid, action):
        assert code(stack, task, deed, targets) in ("AccessDenied", "AccessDeniedException")
    assert code(stack, task, deed, targets) == ""


def test_every_action_of_its_policy_has_its_proof(stack: Stack) -> None:
    rules = stack.rules(stack.delivery["roles"]["task"][stack.system.runtime[0]])
    assert {(rule.sid, action) for rule in rules for action in rule.actions} == {need[:2] for need in NEEDS}


@pytest.mark.parametrize("deed", DENIED, ids=lambda deed: deed.id)
def test_the_application_may_not(stack: Stack, task: Credentials, targets: Targets, deed: Deed) -> None:
    assert code(stack, task, deed, targets) in ("AccessDenied", "AccessDeniedException")
    # The account is answered, if not always with what it asked for: it was the policy that said no.
    assert code(stack, stack.world.root, deed, targets) not in ("AccessDenied", "AccessDeniedException")


def test_what_the_tasks_did_is_allowed_and_nobody_else_may(rehearsal: Rehearsal) -> None:
    """The calls of the true containers, by their own role, judged as AWS would."""
    stack = rehearsal.stack
    keys = {"", ENGINE, rehearsal.who.key}
    calls = [understand(request) for request in rehearsal.everybody if request.key not in keys]
    assert {"bedrock-runtime:Converse", "dynamodb:GetItem", "dynamodb:PutItem"} <= {call.name for call in calls}
    rules = stack.rules(stack.delivery["roles"]["task"][stack.system.runtime[0]])
    for question in asked(stack, calls):
        assert allows(rules, question), str(question)
        assert decide(rehearsal.rules, question) == "implicit deny", str(question)


def asked(stack: Stack, calls: t.Iterable[Call]) -> list[t.Any]:
    return [question for call in calls for question in questions(call, stack.world.place)]

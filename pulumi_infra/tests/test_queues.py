"""Queues: how each is made, where its failures go, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.names import Names
from components.queues import DAY, Queue, Queues, QueuesArgs

from tests.invented import KEY
from tests.parts import NAMES, record
from tests.recorded_program import Program
from tests.tags import untagged

QUEUE = "aws:sqs/queue:Queue"
POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ALLOWED = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"


def queues(**changes: t.Any) -> Program:
    def build() -> dict[str, t.Any]:
        two = {"agent_builds": Queue(visibility_timeout=900, max_receives=3), "status_updates": Queue()}
        made = Queues("queues", QueuesArgs(**{"names": NAMES, "queues": two, **changes}))
        return {
            "urls": made.urls,
            "arns": made.arns,
            "names": made.queue_names,
            "failed": made.dead_letter_arns,
            "failed_names": made.dead_letter_names,
        }

    return record(build)


def test_what_cannot_be_done_goes_to_a_queue_of_its_own() -> None:
    program = queues()
    assert {queue.name for queue in program.of(QUEUE)} == {
        "shop-test-agent_builds",
        "shop-test-agent_builds-failed",
        "shop-test-status_updates",
        "shop-test-status_updates-failed",
    }
    builds = program.one(QUEUE, "agent_builds").inputs
    failed = program.outputs["failed"]["agent_builds"]
    assert json.loads(builds["redrivePolicy"]) == {"deadLetterTargetArn": failed, "maxReceiveCount": 3}
    assert (builds["visibilityTimeoutSeconds"], builds["receiveWaitTimeSeconds"]) == (900, 20)
    dead = program.one(QUEUE, "agent_builds-failed").inputs
    assert dead["messageRetentionSeconds"] == 14 * DAY > builds["messageRetentionSeconds"]
    assert "redrivePolicy" not in dead


def test_a_dead_letter_queue_takes_from_its_own_queue_only() -> None:
    program = queues()
    for purpose in ("agent_builds", "status_updates"):
        allowed = program.one(ALLOWED, f"{purpose}-failed").inputs
        assert allowed["queueUrl"].endswith(f"{purpose}-failed")
        assert json.loads(allowed["redriveAllowPolicy"]) == {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [program.outputs["arns"][purpose]],
        }


def test_every_queue_is_encrypted_and_refuses_plain_http() -> None:
    program = queues()
    policies = {policy.inputs["queueUrl"]: json.loads(policy.inputs["policy"]) for policy in program.of(POLICY)}
    assert len(policies) == len(program.of(QUEUE)) == 4
    arns = {*program.outputs["arns"].values(), *program.outputs["failed"].values()}
    assert {statement["Resource"][0] for policy in policies.values() for statement in policy["Statement"]} == arns
    for policy in policies.values():
        (statement,) = policy["Statement"]
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", ["sqs:*"])
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for queue in program.of(QUEUE):
        assert queue.inputs["sqsManagedSseEnabled"] is True
        assert "kmsMasterKeyId" not in queue.inputs
    assert untagged(program) == []


def test_a_key_of_ones_own_takes_the_place_of_the_managed_one() -> None:
    for queue in queues(kms_key_arn=KEY).of(QUEUE):
        assert queue.inputs["kmsMasterKeyId"] == KEY
        assert "sqsManagedSseEnabled" not in queue.inputs


def test_long_names_leave_room_for_the_random_part() -> None:
    program = queues(names=Names("a-very-long-name-of-a-stack-that-somebody-thought-would-be-good-for-production"))
    assert max(len(queue.name) for queue in program.of(QUEUE)) <= 80 - 8
    assert len({queue.name for queue in program.of(QUEUE)}) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"visibility_timeout": 43201}, "visibility_timeout is 43201; it must be from 0 to 43200"),
        ({"max_receives": 0}, "max_receives is 0; it must be from 1 to 1000"),
        ({"retention_days": 14}, "retention_days is 14; it must be from 1 to 13"),
        ({"wait_seconds": 21}, "wait_seconds is 21; it must be from 0 to 20"),
    ],
)
def test_a_queue_refuses_what_sqs_would(arguments: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Queue(**arguments)


def test_no_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="no queue to make"):
        QueuesArgs(names=NAMES, queues={})

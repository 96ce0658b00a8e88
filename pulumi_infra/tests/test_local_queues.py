"""Queues on the local cloud: made, left alone, changed, made anew, gone."""

from __future__ import annotations

import json
import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

BODY = """
from components.queues import Queue, Queues, QueuesArgs

made = Queues("queues", QueuesArgs(names=names, queues={{"agent_builds": Queue({queue})}}, {args}))
pulumi.export("url", made.urls["agent_builds"])
pulumi.export("failed", made.dead_letter_arns["agent_builds"])
"""


def program(queue: str = "visibility_timeout=900, max_receives=1", args: str = "", **more: t.Any) -> str:
    return source(BODY.format(queue=queue, args=args), **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def attributes(workshop: Workshop, output: str = "url") -> dict[str, str]:
    sqs = workshop.cloud.client("sqs")
    found = workshop.operations().outputs()[output]
    url = sqs.get_queue_url(QueueName=found.rpartition(":")[2])["QueueUrl"] if output == "failed" else found
    return t.cast("dict[str, str]", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def test_queues_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 7}
    main, failed = attributes(workshop), attributes(workshop, "failed")
    assert (main["VisibilityTimeout"], main["ReceiveMessageWaitTimeSeconds"]) == ("900", "20")
    assert (main["SqsManagedSseEnabled"], failed["SqsManagedSseEnabled"]) == ("true", "true")
    assert json.loads(main["RedrivePolicy"])["deadLetterTargetArn"] == failed["QueueArn"]
    assert json.loads(failed["RedriveAllowPolicy"])["sourceQueueArns"] == [main["QueueArn"]]
    for queue in (main, failed):
        (statement,) = json.loads(queue["Policy"])["Statement"]
        assert (statement["Effect"], statement["Resource"]) == ("Deny", [queue["QueueArn"]])
    assert failed["MessageRetentionPeriod"] == "1209600"
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_what_fails_arrives_where_failures_go(workshop: Workshop) -> None:
    up(workshop, program())
    sqs, url = workshop.cloud.client("sqs"), workshop.operations().outputs()["url"]
    sqs.send_message(QueueUrl=url, MessageBody="build")
    # Received once and given back unfinished; the second time it is not there any more.
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)["Messages"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", []) == []
    assert attributes(workshop, "failed")["ApproximateNumberOfMessages"] == "1"


def test_settings_change_in_place_and_fall_back(workshop: Workshop) -> None:
    up(workshop, program())
    url = workshop.operations().outputs()["url"]
    changed = program("visibility_timeout=60, max_receives=5", 'kms_key_arn="alias/own"', tags={"heir": "me"})
    assert steps(up(workshop, changed)) == {"update": 2}
    main = attributes(workshop)
    assert main["VisibilityTimeout"] == "60"
    assert main["KmsMasterKeyId"] == "alias/own"
    assert json.loads(main["RedrivePolicy"])["maxReceiveCount"] == 5
    sqs = workshop.cloud.client("sqs")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"heir": "me"}
    assert steps(up(workshop, program())) == {"update": 2}
    assert attributes(workshop).get("KmsMasterKeyId", "") == ""
    assert attributes(workshop)["SqsManagedSseEnabled"] == "true"
    assert workshop.operations().outputs()["url"] == url


def test_a_queues_own_default_is_what_aws_takes(workshop: Workshop) -> None:
    up(
        workshop,
        source('q = aws.sqs.Queue("q", delay_seconds=9, max_message_size=2048)\npulumi.export("url", q.url)\n'),
    )
    assert attributes(workshop)["DelaySeconds"] == "9"
    up(workshop, source('q = aws.sqs.Queue("q")\npulumi.export("url", q.url)\n'))
    found = attributes(workshop)
    assert (found["DelaySeconds"], found["MaximumMessageSize"]) == ("0", "1048576")


def test_another_name_is_another_queue(workshop: Workshop) -> None:
    text = 'q = aws.sqs.Queue("q", name="{name}")\nq2 = aws.sqs.QueuePolicy("q", queue_url=q.url, policy="{{}}")\n'
    up(workshop, source(text.format(name="one")))
    assert steps(up(workshop, source(text.format(name="two"))))["replace"] == 2
    (url,) = contents(workshop.cloud)["queues"]
    assert url.endswith("/two")


def test_a_lost_policy_is_written_again(workshop: Workshop) -> None:
    up(workshop, program())
    url = workshop.operations().outputs()["url"]
    workshop.cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert up(workshop, program()).writing_calls == {"SetQueueAttributes": 1}
    assert "OnlyOverTls" in attributes(workshop)["Policy"]


def test_a_lost_queue_is_made_again(workshop: Workshop) -> None:
    up(workshop, program())
    url = workshop.operations().outputs()["url"]
    workshop.cloud.client("sqs").delete_queue(QueueUrl=url)
    up(workshop, program())
    assert "is gone from the cloud" in workshop.text
    assert attributes(workshop)["VisibilityTimeout"] == "900"


def test_a_protected_queue_survives_a_destroy(workshop: Workshop) -> None:
    up(workshop, program(args="deletion_protection=True"))
    with pytest.raises(LocalEngineError, match="protected: .*aws:sqs/queue:Queue try-agent_builds"):
        workshop.operations().destroy()
    assert len(contents(workshop.cloud)["queues"]) == 2

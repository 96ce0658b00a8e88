"""SQS queues: encrypted, reached over TLS only, each with a queue for what could not be done."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import RANDOM_SUFFIX, Names
from components.policies import document
from components.transport_policies import only_over_tls

DAY = 24 * 60 * 60
NAME_LIMIT = 80
# The longest SQS keeps a message.
MOST_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One queue. What was received ``max_receives`` times and never deleted goes to its dead-letter queue."""

    # Longer than the slowest task, or a second worker begins what a first one is still doing.
    visibility_timeout: int = 60
    max_receives: int = 5
    retention_days: int = 4
    # Long polling: fewer empty answers, each of which costs.
    wait_seconds: int = 20

    def __post_init__(self) -> None:
        for words, value, least, most in (
            ("visibility_timeout", self.visibility_timeout, 0, 12 * 60 * 60),
            ("max_receives", self.max_receives, 1, 1000),
            # A message takes its age along: as old a one would be gone from the dead-letter queue at once.
            ("retention_days", self.retention_days, 1, MOST_DAYS - 1),
            ("wait_seconds", self.wait_seconds, 0, 20),
        ):
            if not least <= value <= most:
                raise ValueError(f"{words} is {value}; it must be from {least} to {most}.")


@dataclass(frozen=True, kw_only=True)
class QueuesArgs:
    names: Names
    queues: t.Mapping[str, Queue]
    # Without one, the key that SQS manages itself.
    kms_key_arn: pulumi.Input[str] | None = None
    # A queue has no protection of its own: with this, Pulumi refuses to delete it.
    deletion_protection: bool = False

    def __post_init__(self) -> None:
        if not self.queues:
            raise ValueError("There is no queue to make; leave the component out.")


class Queues(pulumi.ComponentResource):
    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:sqs:Queues", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.urls: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        self.queue_names: dict[str, pulumi.Output[str]] = {}
        self.dead_letter_arns: dict[str, pulumi.Output[str]] = {}
        self.dead_letter_names: dict[str, pulumi.Output[str]] = {}
        for purpose, queue in args.queues.items():
            failed = self._queue(f"{purpose}-failed", message_retention_seconds=MOST_DAYS * DAY)
            made = self._queue(
                purpose,
                visibility_timeout_seconds=queue.visibility_timeout,
                message_retention_seconds=queue.retention_days * DAY,
                receive_wait_time_seconds=queue.wait_seconds,
                redrive_policy=pulumi.Output.json_dumps(
                    {"deadLetterTargetArn": failed.arn, "maxReceiveCount": queue.max_receives}
                ),
            )
            aws.sqs.RedriveAllowPolicy(
                args.names(f"{purpose}-failed"),
                queue_url=failed.url,
                redrive_allow_policy=pulumi.Output.json_dumps(
                    {"redrivePermission": "byQueue", "sourceQueueArns": [made.arn]}
                ),
                opts=self._child,
            )
            self.urls[purpose] = made.url
            self.arns[purpose] = made.arn
            self.queue_names[purpose] = made.name
            self.dead_letter_arns[purpose] = failed.arn
            self.dead_letter_names[purpose] = failed.name
        self.register_outputs({"urls": self.urls, "arns": self.arns})

    def _queue(self, purpose: str, **settings: t.Any) -> aws.sqs.Queue:
        args = self._args
        name = args.names.short(purpose, limit=NAME_LIMIT - RANDOM_SUFFIX)
        queue = aws.sqs.Queue(
            name,
            # The two kinds of encryption exclude each other.
            kms_master_key_id=args.kms_key_arn,
            sqs_managed_sse_enabled=True if args.kms_key_arn is None else None,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection or None),
            **settings,
        )
        aws.sqs.QueuePolicy(
            name, queue_url=queue.url, policy=document([only_over_tls("sqs", [queue.arn])]), opts=self._child
        )
        return queue


__all__ = ("Queue", "Queues", "QueuesArgs")

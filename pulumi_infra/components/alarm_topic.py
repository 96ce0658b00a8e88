"""Where alarms go: a topic that only this account's alarms may speak to."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.names import Names
from components.policies import Statement, document

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MANAGED_KEY = "alias/aws/sns"


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Who subscribes by mail has to confirm; until then nothing reaches them."""

    names: Names
    arns: Arns
    emails: t.Sequence[str] = ()
    # A key of one's own, whose policy lets CloudWatch use it.
    key_id: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if self.key_id == MANAGED_KEY:
            raise ValueError(f"CloudWatch cannot use {MANAGED_KEY}; its alarms would be lost. Give a key of your own.")
        for address in self.emails:
            if not MAIL.fullmatch(address):
                raise ValueError(f"{address!r} is not a mail address.")


class AlarmTopic(pulumi.ComponentResource):
    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:sns:AlarmTopic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        full = args.names("alarms")
        topic = aws.sns.Topic(full, name=full, kms_master_key_id=args.key_id, opts=child)
        policy = aws.sns.TopicPolicy(full, arn=topic.arn, policy=document(_policy(args, topic.arn)), opts=child)
        for address in args.emails:
            aws.sns.TopicSubscription(
                args.names(f"alarms-{re.sub(r'[^a-z0-9]+', '-', address.lower())}"),
                topic=topic.arn,
                protocol="email",
                endpoint=address,
                opts=child,
            )
        # Whoever uses the ARN gets a topic that already takes messages.
        self.arn: pulumi.Output[str] = policy.arn
        self.register_outputs({"arn": self.arn})


def _policy(args: AlarmTopicArgs, topic: pulumi.Output[str]) -> list[Statement]:
    return [
        Statement(
            sid="SpokenToByAlarmsOfTheStack",
            actions=["sns:Publish"],
            principals={"Service": "cloudwatch.amazonaws.com"},
            resources=[topic],
            conditions={
                "ArnLike": {"aws:SourceArn": args.arns.of("cloudwatch", f"alarm:{args.names.prefix}-*")},
                "StringEquals": {"aws:SourceAccount": args.arns.account},
            },
        ),
        Statement(
            sid="OnlyOverTls",
            effect="Deny",
            actions=["sns:Publish"],
            principals={"*": "*"},
            resources=[topic],
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        ),
    ]


__all__ = ("AlarmTopic", "AlarmTopicArgs")

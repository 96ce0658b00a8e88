"""Topics, who may speak to them, and who listens."""

from __future__ import annotations

import json
import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.wire import Properties


class _Sns(Handler):
    @property
    def sns(self) -> t.Any:
        return self.cloud.client("sns")

    def attributes(self, arn: str) -> dict[str, str] | None:
        answer = unless_missing(lambda: self.sns.get_topic_attributes(TopicArn=arn))
        return answer["Attributes"] if answer else None


@handles("aws:sns/topic:Topic")
class Topic(_Sns):
    # The provider's name, and the API's.
    ATTRIBUTES: t.ClassVar[dict[str, str]] = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}
    inputs = frozenset({"name", "tags", *ATTRIBUTES})
    replace_on = frozenset({"name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        attributes = {key: inputs[field] for field, key in self.ATTRIBUTES.items() if inputs.get(field)}
        made = self.sns.create_topic(Name=inputs["name"], Attributes=attributes, Tags=tags.pairs(inputs))
        arn: str = made["TopicArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.attributes(id_)
        if found is None:
            return None
        return {**tags.outputs(inputs), "arn": id_, "name": inputs["name"], "owner": found.get("Owner", "")}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        for field, key in self.ATTRIBUTES.items():
            if old.get(field) != new.get(field):
                # Empty takes an attribute away.
                value = new.get(field) or ""
                self.sns.set_topic_attributes(TopicArn=id_, AttributeName=key, AttributeValue=value)
        put, gone = tags.difference(old, new)
        if put:
            self.sns.tag_resource(ResourceArn=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.sns.untag_resource(ResourceArn=id_, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.sns.delete_topic(TopicArn=id_))


@handles("aws:sns/topicPolicy:TopicPolicy")
class TopicPolicy(_Sns):
    inputs = frozenset({"arn", "policy"})
    replace_on = frozenset({"arn"})
    unique_by = ("arn",)

    def _put(self, arn: str, policy: str) -> None:
        self.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)

    def create(self, inputs: Properties) -> str:
        arn: str = inputs["arn"]
        self._put(arn, inputs["policy"])
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.attributes(id_)
        if found is None or json.loads(found.get("Policy") or "{}") != json.loads(inputs["policy"]):
            return None
        return {"owner": found.get("Owner", "")}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        # Only another order of the same JSON is no change.
        if json.loads(old["policy"]) != json.loads(new["policy"]):
            self._put(id_, new["policy"])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        found = self.attributes(id_)
        if found is not None:
            # A topic is never without a policy; what it starts with lets its owner in.
            own = {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
                "Resource": id_,
                "Condition": {"StringEquals": {"AWS:SourceOwner": found.get("Owner", "")}},
            }
            self._put(id_, json.dumps({"Version": "2008-10-17", "Statement": [own]}))


@handles("aws:sns/topicSubscription:TopicSubscription")
class TopicSubscription(_Sns):
    inputs = frozenset({"topic", "protocol", "endpoint"})
    replace_on = inputs
    # Subscribing the same address again would find the old subscription, which then goes.
    unique_by = ("topic", "protocol", "endpoint")

    def create(self, inputs: Properties) -> str:
        made = self.sns.subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        arn: str = made["SubscriptionArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.sns.get_subscription_attributes(SubscriptionArn=id_))
        if not found:
            return None
        attributes = found["Attributes"]
        return {
            "arn": id_,
            "ownerId": attributes.get("Owner", ""),
            "pendingConfirmation": attributes.get("PendingConfirmation") == "true",
        }

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.sns.unsubscribe(SubscriptionArn=id_))

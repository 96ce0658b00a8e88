"""Queues, and the settings of a queue that the provider keeps apart from it."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


class _Sqs(Handler):
    @property
    def sqs(self) -> t.Any:
        return self.cloud.client("sqs")

    def attributes(self, url: str) -> dict[str, str] | None:
        answer = unless_missing(lambda: self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
        return None if answer is None else t.cast("dict[str, str]", answer.get("Attributes", {}))


@handles("aws:sqs/queue:Queue")
class Queue(_Sqs):
    # The provider's name, the API's, and what AWS takes where nothing is said.
    FIELDS: t.ClassVar[dict[str, tuple[str, str]]] = {
        "delaySeconds": ("DelaySeconds", "0"),
        "kmsMasterKeyId": ("KmsMasterKeyId", ""),
        "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", "300"),
        "maxMessageSize": ("MaximumMessageSize", "1048576"),
        "messageRetentionSeconds": ("MessageRetentionPeriod", "345600"),
        "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", "0"),
        "redrivePolicy": ("RedrivePolicy", ""),
        "sqsManagedSseEnabled": ("SqsManagedSseEnabled", "true"),
        "visibilityTimeoutSeconds": ("VisibilityTimeout", "30"),
    }
    inputs = frozenset({"name", "tags", *FIELDS})
    replace_on = frozenset({"name"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        attributes = {key: _text(inputs[name]) for name, (key, _default) in self.FIELDS.items() if name in inputs}
        made = self.sqs.create_queue(
            **given(QueueName=inputs["name"], Attributes=attributes, tags=inputs.get("tags") or None)
        )
        url: str = made["QueueUrl"]
        return url

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.attributes(id_)
        if found is None:
            return None
        arn = found["QueueArn"]
        return {**tags.outputs(inputs), "arn": arn, "url": id_, "name": arn.rpartition(":")[2]}

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        changes = {
            key: _text(new[name]) if name in new else default
            for name, (key, default) in self.FIELDS.items()
            if old.get(name) != new.get(name)
        }
        if changes:
            self.sqs.set_queue_attributes(QueueUrl=id_, Attributes=changes)
        put, gone = tags.difference(old, new)
        if put:
            self.sqs.tag_queue(QueueUrl=id_, Tags=put)
        if gone:
            self.sqs.untag_queue(QueueUrl=id_, TagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.sqs.delete_queue(QueueUrl=id_))


def _text(value: t.Any) -> str:
    """Return a value as SQS wants all of them: as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _QueueSetting(_Sqs):
    """One attribute of a queue, named after the queue."""

    #: The input that carries it, and the attribute's name.
    field: t.ClassVar[str]
    attribute: t.ClassVar[str]
    replace_on = frozenset({"queueUrl"})

    def create(self, inputs: Properties) -> str:
        url: str = inputs["queueUrl"]
        self._set(url, inputs[self.field])
        return url

    def _set(self, url: str, value: str) -> None:
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={self.attribute: value})

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = self.attributes(id_)
        return {"queueUrl": id_} if found and found.get(self.attribute) else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._set(id_, new[self.field])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self._set(id_, ""))


@handles("aws:sqs/queuePolicy:QueuePolicy")
class QueuePolicy(_QueueSetting):
    inputs = frozenset({"queueUrl", "policy"})
    field = "policy"
    attribute = "Policy"


@handles("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
class RedriveAllowPolicy(_QueueSetting):
    inputs = frozenset({"queueUrl", "redriveAllowPolicy"})
    field = "redriveAllowPolicy"
    attribute = "RedriveAllowPolicy"

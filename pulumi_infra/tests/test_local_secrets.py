"""Secrets on the local cloud: made without a value, filled by somebody else, found by name, gone."""

from __future__ import annotations

import typing as t

import pytest
from local_engine.errors import LocalEngineError

from tests.account import contents
from tests.conftest import Workshop
from tests.parts import source, steps

VALUE = "xylophone"
BODY = """
from components.secrets import ExistingSecret, NewSecret, Secrets, SecretsArgs

made = Secrets("secrets", SecretsArgs(
    names=names,
    arns=arns,
    new={{"app": NewSecret(description="{words}", keys=["API_KEY"])}},
    parameters={{"index": "/chatbot/prod/index-name"}},
    {args}
))
pulumi.export("key", made.reference("app", "API_KEY"))
pulumi.export("arn", made.arns["app"])
pulumi.export("parameter", made.reference("index"))
"""


def program(words: str = "Keys", args: str = "recovery_days=0", **more: t.Any) -> str:
    return source(BODY.format(words=words, args=args), **more)


def up(workshop: Workshop, text: str) -> t.Any:
    workshop.write_program(text)
    return workshop.operations().up()


def test_a_secret_from_nothing_to_nothing(workshop: Workshop) -> None:
    assert steps(up(workshop, program())) == {"create": 3}
    outputs, client = workshop.operations().outputs(), workshop.cloud.client("secretsmanager")
    assert outputs["key"] == f"{outputs['arn']}:API_KEY::"
    assert outputs["parameter"] == "arn:aws:ssm:ap-northeast-1:000000000000:parameter/chatbot/prod/index-name"
    found = client.describe_secret(SecretId=outputs["arn"])
    assert (found["Description"], found["Tags"]) == ("Keys", [{"Key": "user", "Value": "owner"}])
    assert "SecretString" not in client.get_secret_value(SecretId=outputs["arn"])
    assert up(workshop, program()).writing_calls == {}
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}


def test_what_people_put_in_is_neither_seen_nor_taken_out(workshop: Workshop) -> None:
    up(workshop, program())
    arn, client = workshop.operations().outputs()["arn"], workshop.cloud.client("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString=f'{{"API_KEY": "{VALUE}"}}')
    changed = program(words="Other words", args='recovery_days=7, kms_key_arn="alias/own"', tags={"heir": "me"})
    assert steps(up(workshop, changed)) == {"update": 1}
    found = client.describe_secret(SecretId=arn)
    assert (found["Description"], found["KmsKeyId"]) == ("Other words", "alias/own")
    assert found["Tags"] == [{"Key": "heir", "Value": "me"}]
    assert VALUE in client.get_secret_value(SecretId=arn)["SecretString"]
    for path in workshop.state.rglob("*.json"):
        assert VALUE not in path.read_text(encoding="utf-8")
    assert VALUE not in workshop.text


def test_a_deleted_secret_can_be_had_back_for_as_long_as_was_said(workshop: Workshop) -> None:
    up(workshop, program(args="recovery_days=7"))
    arn, client = workshop.operations().outputs()["arn"], workshop.cloud.client("secretsmanager")
    workshop.operations().destroy()
    (waiting,) = client.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert (waiting["ARN"], "DeletedDate" in waiting) == (arn, True)
    # Its name is still taken; the next one has a name of its own.
    up(workshop, program(args="recovery_days=7"))
    assert workshop.operations().outputs()["arn"] != arn


def test_one_that_waits_for_its_deletion_can_be_restored(workshop: Workshop) -> None:
    up(workshop, program())
    arn, client = workshop.operations().outputs()["arn"], workshop.cloud.client("secretsmanager")
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    with pytest.raises(LocalEngineError, match="waits to be deleted, and keeps its name until then; have it back with"):
        up(workshop, program())
    assert "is gone from the cloud" in workshop.text
    client.restore_secret(SecretId=arn)
    assert up(workshop, program()).writing_calls == {}
    assert workshop.operations().outputs()["arn"] == arn


def test_a_lost_secret_is_made_again(workshop: Workshop) -> None:
    up(workshop, program())
    arn, client = workshop.operations().outputs()["arn"], workshop.cloud.client("secretsmanager")
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    up(workshop, program())
    assert workshop.operations().outputs()["arn"] != arn


def test_another_name_is_another_secret(workshop: Workshop) -> None:
    text = 's = aws.secretsmanager.Secret("s", name="{name}", recovery_window_in_days=0)\npulumi.export("arn", s.arn)\n'
    up(workshop, source(text.format(name="one")))
    assert steps(up(workshop, source(text.format(name="two")))) == {"replace": 1, "delete": 1}
    assert contents(workshop.cloud)["secrets"] == {workshop.operations().outputs()["arn"]}


FIND = 'existing={"llm": ExistingSecret(name="shared/llm", keys=["key"])}, recovery_days=0'
FOUND = 'pulumi.export("found", made.reference("llm", "key"))\n'


def test_somebody_elses_secret_is_found_by_name_and_left_alone(workshop: Workshop) -> None:
    client = workshop.cloud.client("secretsmanager")
    arn = client.create_secret(Name="shared/llm", SecretString=VALUE)["ARN"]
    up(workshop, program(args=FIND) + FOUND)
    assert workshop.operations().outputs()["found"] == f"{arn}:key::"
    assert up(workshop, program(args=FIND) + FOUND).writing_calls == {}
    for path in workshop.state.rglob("*.json"):
        assert VALUE not in path.read_text(encoding="utf-8")
    workshop.operations().destroy()
    assert contents(workshop.cloud)["secrets"] == {arn}


def test_a_name_nobody_has_is_told(workshop: Workshop) -> None:
    with pytest.raises(LocalEngineError, match="There is no secret 'shared/llm'; make it first, or correct its name"):
        up(workshop, program(args=FIND) + FOUND)

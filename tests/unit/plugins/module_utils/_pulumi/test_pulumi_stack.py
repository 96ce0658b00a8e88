# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

pytest.importorskip("cryptography")

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    CheckpointError,
    OutputError,
    OutputNotFoundError,
    OutputSecretError,
    OutputTypeError,
    PulumiError,
    SecretsError,
    StackEmptyError,
    StackFailedError,
    StackLockedError,
    StackNeverUpdatedError,
    StackPendingError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import KINDS, Stack
from pulumi_state import (
    NEVER_UPDATED,
    PASSPHRASE,
    SECRET_MARK,
    SIGNATURE,
    StateFolder,
    checkpoint,
    passphrase_provider,
    secret,
)

OPERATION = {"type": "creating", "resource": {"urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::assets"}}


def read(state: StateFolder, environment: dict[str, str] | None = None, **options: t.Any) -> list[Stack]:
    reader = open_reader(state.url, base=pathlib.Path("/"), environment=environment or {})
    return reader.stacks(Selection(), Terms(**options))


def only(state: StateFolder, document: t.Any, environment: dict[str, str] | None = None, **options: t.Any) -> Stack:
    state.write("shop/dev", document)
    (stack,) = read(state, environment, **options)
    return stack


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_outputs(state: StateFolder, suffix: str) -> None:
    outputs = {"url": "https://x", "n": 3, "nested": {"list": [1, None, {"ü": True}]}}
    state.write("shop/dev", checkpoint(outputs), suffix=suffix)
    (stack,) = read(state)
    assert stack.outputs(secrets=True) == outputs
    assert stack.output("nested", secrets=False) == outputs["nested"]
    assert stack.secret_outputs == ()


def test_a_stack_may_export_nothing(state: StateFolder) -> None:
    assert only(state, checkpoint()).outputs(secrets=True) == {}


def test_secret_outputs_are_left_out_or_decrypted(state: StateFolder) -> None:
    outputs = {"url": "x", "pw": secret("geheim"), "db": {"user": "u", "pw": secret({"a": [1]})}}
    document = checkpoint(outputs, secrets_providers=passphrase_provider())
    stack = only(state, document, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    assert stack.secret_outputs == ("db", "pw")
    assert stack.outputs(secrets=False) == {"url": "x"}
    assert stack.outputs(secrets=True) == {"url": "x", "pw": "geheim", "db": {"user": "u", "pw": {"a": [1]}}}
    assert PASSPHRASE not in repr(stack)


def test_only_secrets_need_a_passphrase(state: StateFolder) -> None:
    stack = only(state, checkpoint({"url": "x", "pw": secret("geheim")}, secrets_providers=passphrase_provider()))
    assert stack.output("url", secrets=False) == "x"
    with pytest.raises(SecretsError, match="Stack shop/dev: The stack's secrets are encrypted with a passphrase"):
        stack.output("pw", secrets=True)


@pytest.mark.parametrize(
    ("outputs", "hint"),
    [
        ({"cluster_name": "x", "service_name": "y"}, "Did you mean cluster_name or service_name?"),
        ({"url": "x"}, "The stack exports url."),
        ({}, "The stack exports nothing."),
    ],
)
def test_a_missing_output(state: StateFolder, outputs: dict[str, t.Any], hint: str) -> None:
    with pytest.raises(OutputError, match="Stack shop/dev: There is no output 'cluster_nam'") as caught:
        only(state, checkpoint(outputs)).output("cluster_nam", secrets=False)
    assert caught.value.hint == hint


def test_a_placeholder_is_no_output(state: StateFolder) -> None:
    with pytest.raises(OutputError, match=r"Stack shop/dev: The output db.pw is the text \[secret\]"):
        only(state, checkpoint({"db": {"pw": "[secret]"}})).outputs(secrets=True)


def test_a_bottomless_output_is_refused(state: StateFolder) -> None:
    value: t.Any = "x"
    for _level in range(300):
        value = {"a": value}
    with pytest.raises(OutputError, match="nested more than 100 levels"):
        _names = only(state, checkpoint({"deep": value})).secret_outputs


@pytest.mark.parametrize(
    ("document", "kind", "sentence"),
    [
        (NEVER_UPDATED, StackNeverUpdatedError, "Stack shop/dev was never updated"),
        (
            checkpoint(resources=[], manifest={"time": "0001-01-01T00:00:00Z"}),
            StackNeverUpdatedError,
            "Stack shop/dev was never updated",
        ),
        # A current CLI gives the time to a stack it has only just made; a destroyed one has a history.
        (checkpoint(resources=[]), StackNeverUpdatedError, "Stack shop/dev was never updated"),
        (checkpoint(resources=[{"type": "aws:s3/bucket:Bucket"}]), StackEmptyError, "holds no resources"),
        (
            checkpoint(pending_operations=[OPERATION]),
            StackPendingError,
            "cut off with 1 operation.s. pending, the first creating urn:",
        ),
        (checkpoint(pending_operations=[{}]), StackPendingError, "the first working on an unnamed resource"),
        (b'{"version": 3, "check', CheckpointError, "shop/dev.json is damaged or cut short"),
    ],
)
def test_a_stack_that_cannot_be_relied_on(
    state: StateFolder, document: t.Any, kind: type[PulumiError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        only(state, document)


def test_a_destroyed_stack_is_told_from_a_new_one(state: StateFolder) -> None:
    state.history("shop/dev", 1_700_000_000, {"kind": "destroy", "result": "succeeded"})
    with pytest.raises(StackEmptyError, match="Stack shop/dev holds no resources: it was destroyed"):
        only(state, checkpoint(resources=[]))


def test_a_locked_stack_is_refused(state: StateFolder) -> None:
    state.lock("organization/shop/dev")
    state.lock("organization/shop/other")
    with pytest.raises(
        StackLockedError, match="Stack shop/dev: an update is running.*held by someone@elsewhere"
    ) as caught:
        only(state, checkpoint())
    assert "pulumi cancel" in str(caught.value.hint)
    assert only(state, checkpoint({"url": "x"}), allow_pending=True).output("url", secrets=False) == "x"


def test_pending_operations_can_be_accepted(state: StateFolder) -> None:
    document = checkpoint({"url": "x"}, pending_operations=[OPERATION])
    assert only(state, document, allow_pending=True).output("url", secrets=False) == "x"


def test_empty_stacks_can_be_skipped_but_broken_ones_not(state: StateFolder) -> None:
    state.write("shop/new", NEVER_UPDATED)
    state.write("shop/old", checkpoint(resources=[]))
    state.write("shop/dev", checkpoint({"url": "x"}))
    assert [str(stack.reference) for stack in read(state, allow_empty=True)] == ["shop/dev"]
    state.write("shop/worse", b"")
    with pytest.raises(CheckpointError):
        read(state, allow_empty=True)


def test_many_stacks_keep_their_order(state: StateFolder) -> None:
    for number in range(40):
        state.write(f"shop/s{number:02}", checkpoint({"n": number}, stack=f"s{number:02}"))
    assert [stack.output("n", secrets=False) for stack in read(state)] == list(range(40))


def test_an_unknown_mark_names_stack_and_output(state: StateFolder) -> None:
    with pytest.raises(OutputError, match="Stack shop/dev: The output a.b is of a kind this version does not know"):
        only(state, checkpoint({"a": {"b": {SIGNATURE: "new"}}})).output("a", secrets=False)


FAILED = {"kind": "update", "result": "failed", "startTime": 1, "endTime": 2}


def test_a_stack_whose_last_update_failed(state: StateFolder) -> None:
    state.history("shop/dev", 1_700_000_000, FAILED)
    with pytest.raises(StackFailedError, match="Stack shop/dev: the last update failed") as caught:
        only(state, checkpoint({"url": "x"}))
    assert "allow_failed" in str(caught.value.hint)
    assert only(state, checkpoint({"url": "x"}), allow_failed=True).output("url", secrets=False) == "x"
    with pytest.raises(StackEmptyError, match="its first update failed"):
        only(state, checkpoint(resources=[]), allow_failed=True)


def test_a_refusal_of_secrets_is_not_a_decryption(state: StateFolder) -> None:
    outputs = {"db": {"user": "u", "pw": secret("geheim")}, "shown": {SIGNATURE: SECRET_MARK, "plaintext": '"geheim"'}}
    stack = only(state, checkpoint(outputs, secrets_providers=passphrase_provider()))
    assert stack.output("db.user", secrets=False) == "u"
    for path in ("db", "db.pw", "shown"):
        with pytest.raises(OutputSecretError, match=f"Stack shop/dev: The output {path}[.pw]* is secret") as caught:
            stack.output(path, secrets=False)
        assert "secret_outputs=decrypt" in str(caught.value.hint)


STRUCTURED = {
    "vpc": {"subnets": [{"id": "a"}, {"id": "b"}], "a.b": 1, "": 2, "0": "zero", "line\nbreak": 3, "half\ud800": 4},
    "dotted.name": {"x": 1},
    "db": secret({"user": "u", "ports": [1, 2], "keys": {"inner": {SIGNATURE: SECRET_MARK, "ciphertext": '{"a": 7}'}}}),
    "plain": "text",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("vpc.subnets[0].id", "a"),
        ("vpc.subnets[-1].id", "b"),
        ("vpc.subnets.1.id", "b"),
        ('vpc["a.b"]', 1),
        ("vpc['']", 2),
        ("vpc.0", "zero"),
        ("dotted.name", {"x": 1}),
        ("db.user", "u"),
        ("db.ports[1]", 2),
        ("db.keys", {"inner": {"a": 7}}),
        ("db.keys.inner", {"a": 7}),
        ("db.keys.inner.a", 7),
        ('vpc["line\nbreak"]', 3),
        ("vpc.half\ufffd", 4),
        ("plain", "text"),
    ],
)
def test_ways_into_an_output(state: StateFolder, path: str, value: t.Any) -> None:
    document = checkpoint(STRUCTURED, secrets_providers=passphrase_provider())
    stack = only(state, document, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    assert stack.output(path, secrets=True) == value


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("vpc.subnet", r"The output vpc has no key 'subnet'. Did you mean subnets"),
        ("vpc.subnets[2]", r"The output vpc.subnets has no element 2: it has 2"),
        ("vpc.subnets[-3]", r"The output vpc.subnets has no element -3"),
        ("vpc.subnets.first", r"The output vpc.subnets is a list, and 'first' is not an index"),
        ("plain.x", r"The output plain has no parts: it is a text"),
        ("vpc.subnets[0", r"'vpc.subnets\[0' is not a way into an output"),
        ("vpc..id", "is not a way into an output"),
        ("", "'' is not a way into an output"),
        (".x", "is not a way into an output"),
        ("vcp.id", "There is no output 'vcp'. Did you mean vpc"),
    ],
)
def test_ways_that_lead_nowhere(state: StateFolder, path: str, sentence: str) -> None:
    with pytest.raises(OutputNotFoundError, match=f"Stack shop/dev: .*{sentence}"):
        only(state, checkpoint(STRUCTURED)).output(path, secrets=False)


@pytest.mark.parametrize(
    ("value", "kind", "otherwise"),
    [
        ("x", "text", "a text"),
        (1, "number", "a number"),
        (1.5, "number", "a number"),
        (True, "boolean", "a boolean"),
        ([], "list", "a list"),
        ({}, "object", "an object"),
        (None, "null", "null"),
    ],
)
def test_types_are_what_they_are(state: StateFolder, value: t.Any, kind: str, otherwise: str) -> None:
    stack = only(state, checkpoint({"v": value}))
    for asked in KINDS:
        if asked == kind:
            assert stack.output("v", secrets=False, kind=asked) == value
        else:
            with pytest.raises(OutputTypeError, match=f"The output v is {otherwise}, not of the type {asked}"):
                stack.output("v", secrets=False, kind=asked)


def test_resources_are_read_when_somebody_wants_them(state: StateFolder) -> None:
    stack = only(state, checkpoint({"url": "x"}), resource_types=("aws:*",))
    (bucket,) = stack.deployment.resources
    assert stack.resource_outputs(bucket, secrets=False) == {"bucket": "assets-1"}
    assert only(state, checkpoint({"url": "x"})).deployment.resources == ()


def test_secrets_of_resources_stay_out(state: StateFolder) -> None:
    resource = {"type": "a:b:C", "urn": "urn:x", "outputs": {"pw": secret("geheim"), "id": 1, "__defaults": []}}
    document = checkpoint({"url": "x"}, secrets_providers=passphrase_provider())
    document["checkpoint"]["latest"]["resources"].append(resource)
    stack = only(state, document, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}, resource_types=("a:b:C",))
    (found,) = stack.deployment.resources
    assert stack.resource_outputs(found, secrets=False) == {"id": 1}
    assert stack.resource_outputs(found, secrets=True) == {"id": 1, "pw": "geheim"}


def test_a_missing_key_of_a_secret_is_missing_without_hints(state: StateFolder) -> None:
    document = checkpoint({"db": secret({"hunter2": 1})}, secrets_providers=passphrase_provider())
    stack = only(state, document, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    with pytest.raises(OutputNotFoundError, match="The output db has no key 'hunter1'") as caught:
        stack.output("db.hunter1", secrets=True)
    assert "hunter2" not in str(caught.value.as_result())

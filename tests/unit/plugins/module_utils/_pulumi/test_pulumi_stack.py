# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

pytest.importorskip("cryptography")

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    CheckpointError,
    OutputError,
    PulumiError,
    SecretsError,
    StackEmptyError,
    StackPendingError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack, read_stacks
from pulumi_state import (
    NEVER_UPDATED,
    PASSPHRASE,
    SIGNATURE,
    StateFolder,
    checkpoint,
    passphrase_provider,
    secret,
)

OPERATION = {"type": "creating", "resource": {"urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::assets"}}


def read(state: StateFolder, environment: dict[str, str] | None = None, **options: t.Any) -> list[Stack]:
    backend = open_backend(state.url, base=pathlib.Path("/"), environment={})
    return read_stacks(backend, backend.catalogue(), environment=environment or {}, **options)


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
    assert stack.output("nested") == outputs["nested"]
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
    assert stack.output("url") == "x"
    with pytest.raises(SecretsError, match="Stack shop/dev: The stack's secrets are encrypted with a passphrase"):
        stack.output("pw")


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
        only(state, checkpoint(outputs)).output("cluster_nam")
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
        (NEVER_UPDATED, StackEmptyError, "Stack shop/dev was never updated"),
        (
            checkpoint(resources=[], manifest={"time": "0001-01-01T00:00:00Z"}),
            StackEmptyError,
            "Stack shop/dev was never updated",
        ),
        (checkpoint(resources=[]), StackEmptyError, "Stack shop/dev holds no resources: it was destroyed"),
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


def test_a_locked_stack_is_refused(state: StateFolder) -> None:
    state.lock("organization/shop/dev")
    state.lock("organization/shop/other")
    with pytest.raises(StackPendingError, match="Stack shop/dev: an update is running") as caught:
        only(state, checkpoint())
    assert "pulumi cancel" in str(caught.value.hint)
    assert only(state, checkpoint({"url": "x"}), allow_pending=True).output("url") == "x"


def test_pending_operations_can_be_accepted(state: StateFolder) -> None:
    document = checkpoint({"url": "x"}, pending_operations=[OPERATION])
    assert only(state, document, allow_pending=True).output("url") == "x"


def test_empty_stacks_can_be_skipped_but_broken_ones_not(state: StateFolder) -> None:
    state.write("shop/new", NEVER_UPDATED)
    state.write("shop/old", checkpoint(resources=[]))
    state.write("shop/dev", checkpoint({"url": "x"}))
    assert [str(stack.reference) for stack in read(state, skip_empty=True)] == ["shop/dev"]
    state.write("shop/worse", b"")
    with pytest.raises(CheckpointError):
        read(state, skip_empty=True)


def test_many_stacks_keep_their_order(state: StateFolder) -> None:
    for number in range(40):
        state.write(f"shop/s{number:02}", checkpoint({"n": number}, stack=f"s{number:02}"))
    assert [stack.output("n") for stack in read(state)] == list(range(40))


def test_an_unknown_mark_names_stack_and_output(state: StateFolder) -> None:
    with pytest.raises(OutputError, match="Stack shop/dev: The output a.b is of a kind this version does not know"):
        only(state, checkpoint({"a": {"b": {SIGNATURE: "new"}}})).output("a")

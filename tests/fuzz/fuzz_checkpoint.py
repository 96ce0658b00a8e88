# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzz the way from the bytes of a state file to outputs. How to run it: see harness.py."""

from __future__ import annotations

import functools
import gzip
import json
import typing as t

import atheris
import harness

with atheris.instrument_imports(include=[harness.PACKAGE]):
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi import passphrase, secrets
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import recall, remember
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import Checkpoint, parse_checkpoint
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import PulumiError, SecretsError
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack

import zstandard
from pulumi_state import NEVER_UPDATED, PASSPHRASE, SALT, checkpoint, passphrase_provider, secret

ENVIRONMENT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
QUESTION = ("file:///state", "shop/dev.json", ())
RIGHT = passphrase._key(PASSPHRASE.encode(), SALT)


def derive(phrase: bytes, salt: bytes) -> bytes:
    """Derive the right key, and any other at no cost: there are as many as there are damaged salts."""
    return RIGHT if (phrase, salt) == (PASSPHRASE.encode(), SALT) else bytes(32)


def no_service(*_arguments: t.Any) -> t.NoReturn:
    raise SecretsError("Nobody is called while fuzzing.")


passphrase._key = derive
secrets.key_service_decrypter = no_service
secrets.service_decrypter = no_service


class Memory(dict[str, str]):
    """A cache in memory."""

    def put(self, name: str, text: str) -> None:
        self[name] = text


class DiffersError(Exception):
    """The same content was read in two ways."""


def ends(work: t.Callable[[], t.Any]) -> t.Any:
    try:
        return work()
    except PulumiError as error:
        harness.check(error)
        return None


def read(pieces: t.Iterable[bytes]) -> Checkpoint | None:
    found: Checkpoint | None = ends(lambda: parse_checkpoint(iter(pieces), "state", wanted=bool))
    return found


def test(data: bytes) -> None:
    """Read the content behind the first byte in pieces, whose size the first byte is."""
    if not data or harness.is_told(data):
        return
    size, content = max(data[0], 1) ** 2, data[1:]
    parsed = read(content[start : start + size] for start in range(0, len(content), size))
    if parsed != read([content]):
        raise DiffersError(parsed)
    if parsed is None or parsed.deployment is None:
        return
    cache = Memory()
    remember(cache, QUESTION, "1", parsed)
    if cache and recall(cache, QUESTION, "1") not in (parsed, None):
        raise DiffersError(parsed)
    stack = Stack(StackReference("shop", "dev"), "state", parsed, parsed.deployment, None, ENVIRONMENT)
    if harness.TREASURE in str(ends(lambda: stack.outputs(secrets=False))):
        raise harness.LeakError(str(stack.reference))
    answers = [ends(lambda: stack.outputs(secrets=True))]
    for resource in parsed.deployment.resources:
        answers.append(ends(functools.partial(stack.resource_outputs, resource, secrets=True)))
    for name in parsed.deployment.root.outputs if parsed.deployment.root else ():
        for path in (name, f"{name}.a", f"{name}[0]"):
            answers.append(ends(functools.partial(stack.output, path, secrets=True)))
    json.dumps(answers, ensure_ascii=False, allow_nan=False).encode()


def seeds() -> t.Iterator[bytes]:
    hidden = {"password": secret(harness.TREASURE), "database": secret({"a": [harness.TREASURE, {"b": 1}]})}
    public = {"url": "https://example.com/日本語", "a": [{"a": None}, 1.5, -3, True], "hidden": "[secret]"}
    documents: list[t.Any] = [
        checkpoint(hidden | public, secrets_providers=passphrase_provider()),
        checkpoint(hidden, secrets_providers=passphrase_provider()),
        checkpoint(public, version=4) | {"features": ["taint"]},
        checkpoint(pending_operations=[{"type": "creating", "resource": {"urn": "urn:x"}}]),
        {"version": 3, "deployment": checkpoint(public)["checkpoint"]["latest"]},
        NEVER_UPDATED,
        {"version": 3, "deployment": {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": {"a": "\ud800"}}]}},
    ]
    texts = [json.dumps(document).encode() for document in documents] + [b"", b"{}", b"\xef\xbb\xbf{}"]
    for text in texts:
        for packed in (text, gzip.compress(text, mtime=0), zstandard.compress(text)):
            yield b"\xff" + packed
            yield b"\x05" + packed


WORDS = (
    *('"version"', '"checkpoint"', '"deployment"', '"latest"', '"resources"', '"outputs"', '"type"', '"features"'),
    *('"pulumi:pulumi:Stack"', '"secrets_providers"', '"pending_operations"', '"manifest"', '"state"', '"parent"'),
    *('"4dabf18193072939515e22adb298388d"', '"1b47061264138c4ac30d75fd1eb44270"', '"ciphertext"', '"plaintext"'),
    *('"803fd3297a5875dc03ca845dda5d2a98"', '"8ad145fe-0d11-4827-bfd7-1abcbf086f5c"', '"value"', '"[secret]"'),
    *('"04da6b54-80e4-46f7-96ec-b56ff0331ba9"', "null", "true", "1e999", "NaN", "\\ud800", '{"":', "[[", "]]", "-0.0"),
)

if __name__ == "__main__":
    harness.main(test, seeds, WORDS)

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzz what stands in the place of secrets, and what was encrypted in them. How to run it: see harness.py."""

from __future__ import annotations

import functools
import json
import typing as t

import atheris
import harness

with atheris.instrument_imports(include=[harness.PACKAGE]):
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi import passphrase
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
        OutputNotFoundError,
        OutputSecretError,
        PulumiError,
        SecretsError,
    )
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.output_paths import follow, parse_output_path
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import opener
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import decrypter
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import holds_secret, plain

from pulumi_state import PASSPHRASE, SALT, SECRET_MARK, SIGNATURE, encrypt, passphrase_provider

ENVIRONMENT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
RIGHT = passphrase._key(PASSPHRASE.encode(), SALT)
PATHS = ("o", "o.a", "o[0]", "o.a.a", 'o["a"][0].b')


def derive(phrase: bytes, salt: bytes) -> bytes:
    """Derive the right key, and any other at no cost: there are as many as there are damaged salts."""
    return RIGHT if (phrase, salt) == (PASSPHRASE.encode(), SALT) else bytes(32)


passphrase._key = derive


class DiffersError(Exception):
    """The same value was read in two ways."""


def ends(work: t.Callable[[], t.Any], kind: type[PulumiError] = PulumiError) -> t.Any:
    try:
        return work()
    except kind as error:
        harness.check(error)
        return None


def at(value: t.Any, path: str, decrypt: t.Callable[[str], str]) -> t.Any:
    found, walked = follow(value, parse_output_path(path, ()), decrypt)
    if not holds_secret(found):
        raise harness.LeakError("A part of a secret is not marked as one.")
    return plain(found, decrypt, walked)


def inside(text: str) -> None:
    """Take a text for what was encrypted. Where it has a letter T, it has something to hide."""
    hidden = text.replace("T", harness.TREASURE)
    value = {SIGNATURE: SECRET_MARK, "ciphertext": "sealed"}

    def decrypt(_ciphertext: str) -> str:
        return hidden

    whole = ends(lambda: plain(value, decrypt, "o"))
    json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()
    for path in PATHS:
        part = ends(functools.partial(at, value, path, decrypt))
        if path == "o" and part != whole:
            raise DiffersError(path)
    try:
        plain(value, None, "o")
    except OutputSecretError as error:
        harness.check(error)
    else:
        raise harness.LeakError("A secret was opened although nobody may.")


def instead(text: str) -> None:
    """Take a text for what stands in a state: a serialised value, a ciphertext, a salt, a path."""
    ends(lambda: opener(RIGHT, "the key")(text), SecretsError)
    ends(lambda: decrypter(SecretsProvider("passphrase", {"salt": text}), ENVIRONMENT)("v1:AAAA:AAAA"), SecretsError)
    provider = SecretsProvider("passphrase", passphrase_provider()["state"])
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    ends(lambda: holds_secret(value))
    ends(lambda: plain(value, None, "o"))
    ends(lambda: plain(value, decrypter(provider, ENVIRONMENT), "o"))
    path = ends(lambda: parse_output_path(text, ("o",)), OutputNotFoundError)
    if path:
        ends(lambda: follow({"a": [{"b": 1}], "0": "x"}, path, None), OutputNotFoundError)


def test(data: bytes) -> None:
    """The first byte tells what the rest is taken for."""
    if not data or harness.is_told(data):
        return
    # Half characters too, which JSON may have and UTF-8 may not.
    text = data[1:].decode("utf-8", "replace" if data[0] & 2 else "surrogateescape")
    if data[0] & 1:
        inside(text)
    else:
        instead(text)


def seeds() -> t.Iterator[bytes]:
    values: list[t.Any] = [
        "T",
        {"a": ["T", {"b": None}], "T": 1.5},
        ["T", {"T": "[secret]"}],
        {"T": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
        {"T": {SIGNATURE: "T"}},
        {"a": {SIGNATURE: SECRET_MARK, "ciphertext": '"T"'}},
        {"a": {SIGNATURE: SECRET_MARK, "plaintext": '{"a": "T"}'}},
        {"a": {SIGNATURE: "803fd3297a5875dc03ca845dda5d2a98", "value": "gIE="}},
        {"a": {SIGNATURE: SECRET_MARK, "ciphertext": encrypt('"x"')}},
        2**60,
        "\ud800",
    ]
    texts = [json.dumps(value) for value in values]
    texts += [encrypt('"x"'), passphrase_provider()["state"]["salt"], "v1:AAAA:AAAA", "", *PATHS, 'o[-1]["a.b"]']
    for text in texts:
        for first in range(4):
            yield bytes([first]) + text.encode()


WORDS = (
    *('"4dabf18193072939515e22adb298388d"', '"1b47061264138c4ac30d75fd1eb44270"', '"ciphertext"', '"plaintext"'),
    *('"803fd3297a5875dc03ca845dda5d2a98"', '"8ad145fe-0d11-4827-bfd7-1abcbf086f5c"', '"value"', '"[secret]"'),
    *('"04da6b54-80e4-46f7-96ec-b56ff0331ba9"', "null", "1e999", "\\ud800", '{"T":', "v1:", ":v1:", '["', '"]', "[0]"),
)

if __name__ == "__main__":
    harness.main(test, seeds, WORDS)

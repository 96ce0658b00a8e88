# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that exports one of everything, without any provider."""

from __future__ import annotations

import typing as t

import pulumi
from real_pulumi import Program

# One value for each thing that was ever written differently by two programs.
PLAIN: dict[str, t.Any] = {
    "text": "hello",
    "empty text": "",
    "spaces": "  a \t b\n",
    "a.key.with.dots": {"b.c": {"d e": 1}},
    "key [0] with \"quotes\" and 'more'": [1],
    "schlüssel": "ü",
    "鍵😀": "non-BMP key",
    "non_bmp": "😀🏳️‍🌈𝔘",
    "combining": ["e\u0301", "\u00e9", "\u1100\u1161\u11a8"],
    "control": "\u0000\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\ufffe\uffff",
    "html": "<a href='x'>&amp;</a>",
    "backslashes": '\\ \\n \\u0041 " /',
    "json_in_text": '{"a": [1, 2.0, null]}',
    "jinja": "{{ lookup('pipe', 'id') }} {% raw %}",
    "true": True,
    "false": False,
    "nothing": None,
    "zero": 0,
    "minus_zero": -0.0,
    "one": 1,
    "minus": -17,
    "exact": 2**53,
    "beyond_exact": 2**53 + 1,
    "beyond_exact_negative": -(2**53) - 1,
    "int64": 2**63 - 1,
    "huge": 10**25,
    "as_exponent": 10**21,
    "not_yet_exponent": 10**20,
    "float": 0.1,
    "third": 1 / 3,
    "whole_float": 3.0,
    "tiny": 5e-324,
    "small": 1e-7,
    "not_so_small": 0.000001,
    "largest": 1.7976931348623157e308,
    "empty_list": [],
    "empty_object": {},
    "empties": [[], {}, "", None, [[]], {"a": {}}],
    "list": [1, "two", 3.5, True, None, [4, [5]], {"six": 6}],
    "nested": {"a": {"b": {"c": [{"d": [1, {"e": "f"}]}]}}},
    "nulls": {"a": None, "b": [None, None]},
    "numbers_as_keys": {"1": "one", "01": "zero one", "": "empty"},
    "deep": {"0": {"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": {"9": "bottom"}}}}}}}}}},
    "long": "x" * 200_000,
}

SECRETS: dict[str, t.Any] = {
    "secret_text": "hunter2",
    "secret_empty_text": "",
    "secret_unicode": "pässwörd 😀 \u0000 e\u0301",
    "secret_number": 17,
    "secret_float": 0.1,
    "secret_big": 2**53 + 1,
    "secret_true": True,
    "secret_false": False,
    "secret_null": None,
    "secret_list": [1, "two", None, [], {}],
    "secret_empty_list": [],
    "secret_object": {"user": "u", "password": "p", "nested": {"a": [1]}},
    "secret_empty_object": {},
    "secret_long": "s" * 100_000,
}


class Thing(pulumi.ComponentResource):
    """A component: all there is to a resource without a provider."""

    def __init__(self, name: str, outputs: dict[str, t.Any], parent: pulumi.Resource | None = None) -> None:
        super().__init__("shop:index:Thing", name, None, pulumi.ResourceOptions(parent=parent))
        self.register_outputs(outputs)


def sample() -> None:
    thing = Thing("one", {"a": 1, "password": pulumi.Output.secret("of a component")})
    Thing("two", {"other": thing}, parent=thing)
    exporting(PLAIN, secrets=SECRETS)()
    pulumi.export("component", thing)
    pulumi.export("urn", thing.urn)
    pulumi.export("secret_inside", {"public": 1, "password": pulumi.Output.secret("inside"), "list": [1, 2]})
    pulumi.export("secrets_in_list", [pulumi.Output.secret("a"), "b", pulumi.Output.secret({"c": [None]})])
    pulumi.export("secret_in_secret", pulumi.Output.secret({"a": pulumi.Output.secret("b"), "c": "d"}))
    pulumi.export("secret_twice", pulumi.Output.secret(pulumi.Output.secret("twice")))
    pulumi.export("asset", pulumi.StringAsset("text of an asset ü"))
    pulumi.export("empty_asset", pulumi.StringAsset(""))
    archive = pulumi.AssetArchive(
        {
            "a/b.txt": pulumi.StringAsset("b"),
            "inner": pulumi.AssetArchive({"c.txt": pulumi.StringAsset("c")}),
        }
    )
    pulumi.export("archive", archive)
    pulumi.export("assets_inside", {"list": [pulumi.StringAsset("one"), 2], "archive": archive})
    pulumi.export("secret_asset", pulumi.Output.secret(pulumi.StringAsset("secret text")))


def exporting(outputs: dict[str, t.Any], *, secrets: dict[str, t.Any] | None = None) -> Program:
    """Return a program that exports these."""

    def program() -> None:
        for name, value in outputs.items():
            pulumi.export(name, value)
        # Made only now: a secret belongs to the run that makes it.
        for name, value in (secrets or {}).items():
            pulumi.export(name, pulumi.Output.secret(value))

    return program


def large(size: int = 5_000_000) -> Program:
    """Return a program that exports one large text, one large structure, and a large secret."""
    rows = [{"id": number, "name": f"row {number} ü"} for number in range(size // 100)]
    texts = {"text": "0123456789abcdef" * (size // 16), "rows": rows, "small": 1}
    return exporting(texts, secrets={"secret": "secret€" * (size // 50)})

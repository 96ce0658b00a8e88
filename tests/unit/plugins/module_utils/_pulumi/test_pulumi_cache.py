# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import FORM, FolderCache, recall, remember
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import parse_checkpoint
from pulumi_state import NEVER_UPDATED, checkpoint, passphrase_provider, secret

QUESTION = ("file:///state", "shop/dev.json", ("aws:*",))


@pytest.mark.parametrize(
    "document",
    [
        checkpoint({"url": "x", "pw": secret("geheim")}, secrets_providers=passphrase_provider()),
        checkpoint(pending_operations=[{"type": "creating", "resource": {"urn": "urn:x"}}]),
        checkpoint(resources=[], version=4),
        NEVER_UPDATED,
    ],
    ids=["secrets", "pending", "destroyed", "never"],
)
def test_what_is_kept_comes_back_whole(tmp_path: Path, document: object) -> None:
    parsed = parse_checkpoint(iter([json.dumps(document).encode()]), "state", wanted=bool)
    cache = FolderCache(tmp_path / "cache")
    assert recall(cache, QUESTION, "1") is None
    remember(cache, QUESTION, "1", parsed)
    assert recall(cache, QUESTION, "1") == parsed
    assert recall(cache, QUESTION, "2") is None
    assert recall(cache, (*QUESTION, "other"), "1") is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"form": 0}', f'{{"form": {FORM}, "version": "1"}}', "[" * 100_000]
)
def test_what_somebody_else_wrote_is_not_believed(tmp_path: Path, content: str) -> None:
    cache = FolderCache(tmp_path)
    remember(cache, QUESTION, "1", parse_checkpoint(iter([json.dumps(checkpoint()).encode()]), "state"))
    (kept,) = tmp_path.iterdir()
    kept.write_text(content)
    assert recall(cache, QUESTION, "1") is None


def test_a_cache_that_cannot_be_written_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = FolderCache(tmp_path / "file" / "cache")
    cache.put("name", "text")
    assert cache.get("name") is None


def kept_as(tmp_path: Path, checkpoint_part: object) -> object:
    cache = FolderCache(tmp_path)
    remember(cache, QUESTION, "1", parse_checkpoint(iter([json.dumps(NEVER_UPDATED).encode()]), "state"))
    (kept,) = tmp_path.iterdir()
    kept.write_text(json.dumps({"form": FORM, "version": "1", "checkpoint": checkpoint_part}))
    return recall(cache, QUESTION, "1")


SOUND = {"version": 3, "features": [], "stack": "s", "deployment": None}
DEPLOYMENT = {
    "time": None,
    "pulumi_version": None,
    "root": {"urn": "u", "type": "t", "id": None, "custom": True, "parent": None, "delete": False, "outputs": {}},
    "resources": [],
    "resource_count": 1,
    "pending_operations": [{"type": "t", "urn": "u"}],
    "secrets_provider": {"type": "passphrase", "state": {}},
}


@pytest.mark.parametrize(
    "part",
    [
        "text",
        {},
        SOUND | {"version": "3"},
        SOUND | {"features": [1]},
        SOUND | {"more": 1},
        SOUND | {"deployment": "text"},
        SOUND | {"deployment": {}},
        SOUND | {"deployment": DEPLOYMENT | {"root": {"outputs": "text"}}},
        SOUND | {"deployment": DEPLOYMENT | {"root": DEPLOYMENT["root"] | {"outputs": []}}},
        SOUND | {"deployment": DEPLOYMENT | {"resources": [1]}},
        SOUND | {"deployment": DEPLOYMENT | {"pending_operations": [{"type": "t"}]}},
        SOUND | {"deployment": DEPLOYMENT | {"secrets_provider": {"type": "t", "state": []}}},
    ],
    ids=lambda part: json.dumps(part)[-60:],
)
def test_what_has_another_shape_is_not_believed(tmp_path: Path, part: object) -> None:
    assert kept_as(tmp_path, part) is None


def test_the_right_shape_is_believed(tmp_path: Path) -> None:
    assert kept_as(tmp_path, SOUND | {"deployment": DEPLOYMENT}) is not None


def test_what_is_nested_too_deeply_is_not_kept(tmp_path: Path) -> None:
    value: list[object] = []
    for _level in range(10_000):
        value = [value]
    parsed = parse_checkpoint(iter([json.dumps(checkpoint({"o": 1})).encode()]), "state")
    assert parsed.deployment is not None
    assert parsed.deployment.root is not None
    parsed.deployment.root.outputs["o"] = value
    remember(FolderCache(tmp_path), QUESTION, "1", parsed)
    assert recall(FolderCache(tmp_path), QUESTION, "1") is None

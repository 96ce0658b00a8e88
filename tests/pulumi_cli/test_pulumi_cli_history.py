# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of the last update is what C(pulumi stack history) tells."""

from __future__ import annotations

import datetime
import json
import os
import time
import typing as t

import pytest
from pulumi import automation
from real_pulumi import ALL, RealBackend
from sample_outputs import exporting
from test_pulumi_cli_states import LENIENT, raises

if t.TYPE_CHECKING:
    from conftest import FakeCloud

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SETTINGS: dict[str, dict[str, str]] = {
    "plain": {},
    "gzip": {"PULUMI_DIY_BACKEND_GZIP": "true"},
    "zstd": {"PULUMI_DIY_BACKEND_ZSTD": "true"},
    "layout 0": {"PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true"},
}


def told_by_the_cli(backend: RealBackend, stack: str = "dev") -> dict[str, t.Any]:
    (newest,) = json.loads(backend.run("stack", "history", "--json", "--page-size", "1", "--stack", stack))
    return {
        "kind": newest["kind"],
        "result": newest["result"],
        "message": newest["message"] or None,
        "version": newest["version"] or None,
        "started": seconds(newest["startTime"]),
        "ended": seconds(newest["endTime"]),
        "config": {name: value["secret"] for name, value in newest["config"].items()},
    }


def seconds(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


def told_by_us(backend: RealBackend, stack: str = "dev") -> dict[str, t.Any]:
    update = backend.read(stack, LENIENT).update
    assert update is not None
    return {
        "kind": update.kind,
        "result": update.result,
        "message": update.message,
        "version": update.version,
        "started": update.started,
        "ended": update.ended,
        "config": {key.name: key.secret for key in update.config_keys},
    }


def configure(backend: RealBackend) -> None:
    for words in (
        ("plain", "v"),
        ("--secret", "hidden", "hunter2"),
        ("other:thing", "v"),
        ("number", "17"),
        ("empty", ""),
        ("--path", "object.a[0].b", "v"),
        ("--path", "list[0]", "7"),
        ("--path", "--secret", "partly.a[0].b", "hunter2"),
        ("--path", "partly.c", "v"),
        ("--path", "--secret", "hidden_list[0]", "hunter2"),
        ("--path", "look.secure_not.secret", "true"),
        ("--path", 'dots["a.b"].c', "ü"),
    ):
        backend.run("config", "set", "--stack", "dev", *words)


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_last_update(backend: RealBackend, kind: str) -> None:
    backend.settings = SETTINGS[kind]
    backend.up(exporting({"a": 1}), message="the first")
    configure(backend)
    backend.up(exporting({"a": 2}), message="the second: two\nlines of ü😀 \"'{{ x }}")
    ours = told_by_us(backend)
    assert ours == told_by_the_cli(backend)
    assert (ours["kind"], ours["result"]) == ("update", "succeeded")
    secret = {"shop:hidden", "shop:partly", "shop:hidden_list"}
    plain = {"shop:plain", "other:thing", "shop:number", "shop:empty", "shop:object"}
    plain |= {"shop:list", "shop:look", "shop:dots"}
    assert ours["config"] == dict.fromkeys(secret, True) | dict.fromkeys(plain, False)
    assert "hunter2" not in repr(backend.read("dev"))


def test_each_kind_of_update_in_a_bucket(backend: RealBackend, cloud: FakeCloud) -> None:
    backend.url = cloud.bucket_url("/a")
    backend.up(exporting({"a": 1}), message="hello")
    seen = [told_by_us(backend)]
    backend.open("dev", exporting({"a": 1})).refresh(message="looked")
    seen.append(told_by_us(backend))
    with pytest.raises(automation.CommandError):
        backend.up(raises, message="broke it")
    seen.append(told_by_us(backend))
    assert seen[-1] == told_by_the_cli(backend)
    backend.up(exporting({"a": 1}))
    seen.append(told_by_us(backend))
    assert seen[-1] == told_by_the_cli(backend)
    assert [(one["kind"], one["result"], one["message"]) for one in seen] == [
        ("update", "succeeded", "hello"),
        ("refresh", "succeeded", "looked"),
        ("update", "failed", "broke it"),
        ("update", "succeeded", None),
    ]


def test_the_history_goes_with_a_new_name(backend: RealBackend) -> None:
    backend.up(exporting({"a": 1}), "dev", message="of dev")
    backend.up(exporting({"a": 1}), "dev-1", message="of another")
    backend.run("stack", "rename", "dev-2", "--stack", "dev")
    assert told_by_us(backend, "dev-2") == told_by_the_cli(backend, "dev-2")
    assert told_by_us(backend, "dev-2")["message"] == "of dev"
    assert told_by_us(backend, "dev-1")["message"] == "of another"


def test_a_backend_that_was_copied(backend: RealBackend) -> None:
    """Then the state is younger than all of its history."""
    backend.up(exporting({"a": 1}), message="before the copy")
    later = time.time() + 100_000
    os.utime(backend.state_file(), (later, later))
    assert told_by_us(backend) == told_by_the_cli(backend)
    assert told_by_us(backend)["message"] == "before the copy"


def test_what_the_state_says_of_itself(backend: RealBackend) -> None:
    backend.up(exporting({"a": 1}))
    manifest = backend.exported()["deployment"]["manifest"]
    deployment = backend.read("dev", ALL).deployment
    assert (deployment.time, deployment.pulumi_version) == (manifest["time"], manifest["version"])
    assert deployment.resource_count == len(backend.exported()["deployment"]["resources"]) == 1

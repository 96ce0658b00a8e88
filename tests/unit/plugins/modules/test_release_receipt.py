# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.modules import release_info, release_receipt

if t.TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "ledger"
KEY = "dev/receipts/20261121T074310Z-4f2a9c1.json"
RECEIPT: dict[str, t.Any] = {
    "release_id": "4f2a9c1",
    "stack": "dev",
    "outcome": "succeeded",
    "actor": "ci",
    "started_at": "2026-11-21T07:40:00Z",
    "finished_at": "2026-11-21T07:43:10Z",
    "units": {"services": {"backend": {"outcome": "succeeded", "environment": {"API_TOKEN": "tok-987654"}}}},
}


@pytest.fixture(params=["moto", "ministack"])
def options(
    request: pytest.FixtureRequest,
    moto_endpoint: str,
    ministack_endpoint: str,
    connection: Callable[[str], dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
) -> dict[str, t.Any]:
    """Connection and ledger on each of the servers; both keep the promise of If-None-Match."""
    endpoint = moto_endpoint if request.param == "moto" else ministack_endpoint
    client("s3", endpoint).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    return {**connection(endpoint), "ledger": {"bucket": BUCKET, "prefix": "dev/"}}


def stored(client: Callable[[str, str], t.Any], options: dict[str, t.Any]) -> dict[str, t.Any]:
    s3 = client("s3", options["endpoint_url"])
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_a_receipt_is_kept_in_both_places(
    options: dict[str, t.Any],
    run_module: Callable[..., dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "receipts"
    result = run_module(release_receipt, {**options, "receipt": RECEIPT, "directory": str(folder)}, diff=True)

    assert result["changed"] is True
    assert result["uri"] == f"s3://{BUCKET}/{KEY}"
    assert result["path"] == str(folder / "20261121T074310Z-4f2a9c1.json")
    text = Path(result["path"]).read_bytes()
    assert stored(client, options) == {KEY: text}
    receipt = json.loads(text)
    assert receipt["schema"] == 1
    assert receipt["units"]["services"]["backend"]["environment"] == {"API_TOKEN": "(redacted)"}
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == text.decode()


def test_the_same_receipt_again_writes_nothing(
    options: dict[str, t.Any],
    run_module: Callable[..., dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
    tmp_path: Path,
) -> None:
    arguments = {**options, "receipt": RECEIPT, "directory": str(tmp_path)}
    run_module(release_receipt, arguments)
    before = stored(client, options)
    again = run_module(release_receipt, arguments, diff=True)

    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"]
    assert stored(client, options) == before
    assert len(list(tmp_path.iterdir())) == 1


def test_check_mode_foresees_and_writes_nothing(
    options: dict[str, t.Any],
    run_module: Callable[..., dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
    api_calls: list[str],
    tmp_path: Path,
) -> None:
    arguments = {**options, "receipt": RECEIPT, "directory": str(tmp_path / "receipts")}
    api_calls.clear()
    foreseen = run_module(release_receipt, arguments, check=True)
    assert api_calls == ["s3:GetObject"]
    assert foreseen["changed"] is True
    assert stored(client, options) == {}
    assert not (tmp_path / "receipts").exists()

    done = run_module(release_receipt, arguments)
    assert {key: done[key] for key in ("changed", "uri", "path", "receipt")} == {
        key: foreseen[key] for key in ("changed", "uri", "path", "receipt")
    }
    assert run_module(release_receipt, arguments, check=True)["changed"] is False


@pytest.mark.parametrize("check", [True, False])
def test_a_clash_says_who(
    options: dict[str, t.Any],
    run_module: Callable[..., dict[str, t.Any]],
    client: Callable[[str, str], t.Any],
    check: bool,
) -> None:
    run_module(release_receipt, {**options, "receipt": RECEIPT})
    before = stored(client, options)
    other = {**RECEIPT, "outcome": "failed", "actor": "somebody else"}
    result = run_module(release_receipt, {**options, "receipt": other}, check=check)

    assert result["failed"] is True
    assert f"s3://{BUCKET}/{KEY} exists already and says otherwise: release 4f2a9c1 of dev by ci" in result["msg"]
    assert stored(client, options) == before


def test_something_else_in_the_way(
    options: dict[str, t.Any], run_module: Callable[..., dict[str, t.Any]], client: Callable[[str, str], t.Any]
) -> None:
    client("s3", options["endpoint_url"]).put_object(Bucket=BUCKET, Key=KEY, Body=b"hello")
    result = run_module(release_receipt, {**options, "receipt": RECEIPT})

    assert "is taken by something that is no receipt" in result["msg"]


def test_the_local_copy_survives_a_lost_bucket(
    options: dict[str, t.Any], run_module: Callable[..., dict[str, t.Any]], tmp_path: Path
) -> None:
    options["ledger"] = {"bucket": "gone", "prefix": ""}
    result = run_module(release_receipt, {**options, "receipt": RECEIPT, "directory": str(tmp_path)})

    assert result["failed"] is True
    assert "Could not write the receipt to S3: NoSuchBucket" in result["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["20261121T074310Z-4f2a9c1.json"]


def test_a_folder_alone_needs_no_account(run_module: Callable[..., dict[str, t.Any]], tmp_path: Path) -> None:
    result = run_module(release_receipt, {"receipt": RECEIPT, "ledger": None, "directory": str(tmp_path)})

    assert result["changed"] is True
    assert result["uri"] is None


def test_an_incomplete_receipt(run_module: Callable[..., dict[str, t.Any]], tmp_path: Path) -> None:
    result = run_module(release_receipt, {"receipt": {"stack": "dev"}, "directory": str(tmp_path)})

    assert result["msg"].startswith("The receipt lacks release_id, outcome, started_at, finished_at, units.")


def test_nowhere_to_keep_it(run_module: Callable[..., dict[str, t.Any]]) -> None:
    result = run_module(release_receipt, {"receipt": RECEIPT})

    assert result["failed"] is True


def test_reading_back(
    options: dict[str, t.Any],
    run_module: Callable[..., dict[str, t.Any]],
    api_calls: list[str],
    tmp_path: Path,
) -> None:
    for minute, outcome in enumerate(["succeeded", "rolled_back", "failed"]):
        receipt = {
            **RECEIPT,
            "release_id": f"r{minute}",
            "outcome": outcome,
            "finished_at": f"2026-11-21T08:{minute:02}:00Z",
        }
        run_module(release_receipt, {**options, "receipt": receipt, "directory": str(tmp_path)})
    api_calls.clear()
    newest = run_module(release_info, {**options, "limit": 2})
    assert [receipt["release_id"] for receipt in newest["receipts"]] == ["r2", "r1"]
    assert newest["changed"] is False
    assert api_calls == ["s3:ListObjectsV2", "s3:GetObject", "s3:GetObject"]

    good = run_module(release_info, {**options, "outcomes": ["succeeded"]}, check=True)
    assert [receipt["release_id"] for receipt in good["receipts"]] == ["r0"]
    local = run_module(release_info, {"directory": str(tmp_path), "stack": "dev"})
    assert [receipt["release_id"] for receipt in local["receipts"]] == ["r2", "r1", "r0"]


def test_nothing_to_read_back(options: dict[str, t.Any], run_module: Callable[..., dict[str, t.Any]]) -> None:
    assert run_module(release_info, options)["receipts"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"ledger": {"bucket": "gone", "prefix": ""}}, "Could not list the receipts in S3: NoSuchBucket"),
    ],
)
def test_reading_back_that_cannot_be(
    options: dict[str, t.Any], run_module: Callable[..., dict[str, t.Any]], change: dict[str, t.Any], words: str
) -> None:
    assert words in run_module(release_info, {**options, **change})["msg"]

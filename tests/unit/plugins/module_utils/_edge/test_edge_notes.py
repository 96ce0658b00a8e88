# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject
from ansible_collections.slipway.aws.plugins.module_utils._edge.compress import Compressed, stored_forms, with_siblings
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import (
    Headers,
    Rule,
    compression_for,
    headers_for,
)
from ansible_collections.slipway.aws.plugins.module_utils._edge.kept_copies import copies_to_drop, kept_key
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import Grace, PublishPlan, plan_publish
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Ticker, readable

NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def remote(*keys: str) -> dict[str, RemoteObject]:
    return {key: RemoteObject(key, "etag", 1) for key in keys}


def plan(objects: dict[str, RemoteObject], missing: dict[str, datetime.datetime]) -> PublishPlan:
    files = [SiteFile("index.html", Path("index.html"), 1, "etag", "sha", headers_for("index.html", []))]
    grace = Grace(DAY, NOON, missing, lambda key: key.endswith(".html"))
    return plan_publish(files, objects, prefix="", phase="all", delete=True, index_document="index.html", grace=grace)


@pytest.mark.parametrize(
    ("since", "deleted", "waiting"),
    [
        (None, [], ["old.js"]),
        (NOON - DAY + datetime.timedelta(seconds=1), [], ["old.js"]),
        (NOON - DAY, ["old.js"], []),
    ],
    ids=["newly-missing", "one-second-left", "over"],
)
def test_what_waits_and_what_goes(since: datetime.datetime | None, deleted: list[str], waiting: list[str]) -> None:
    known = {} if since is None else {"old.js": since}
    result = plan(remote("index.html", "old.js"), known)
    assert [each.key for each in result.deletions] == deleted
    assert list(result.waiting) == waiting
    assert result.is_empty == (since is not None and bool(waiting))


def test_a_page_does_not_wait() -> None:
    assert [each.key for each in plan(remote("index.html", "old.html"), {}).deletions] == ["old.html"]


def test_what_is_gone_already_is_struck_out() -> None:
    result = plan(remote("index.html"), {"gone.js": NOON - 3 * DAY})
    assert (result.reprieved, result.is_empty, dict(result.waiting)) == (("gone.js",), False, {})


def test_our_own_objects_are_never_deleted() -> None:
    assert plan(remote("index.html", ".slipway/site.json", ".slipway/kept/e/index.html"), {}).is_empty


def test_the_newest_copies_of_each_page_stay() -> None:
    ages = {"a": 3, "b": 2, "c": 1}
    held = {
        f"web/.slipway/kept/{etag}/index.html": RemoteObject("", etag, 1, modified=NOON - days * DAY)
        for etag, days in ages.items()
    }
    held["web/.slipway/kept/z/other.html"] = RemoteObject("", "z", 1, modified=NOON - 9 * DAY)
    held["web/index.html"] = RemoteObject("web/index.html", "live", 1)
    assert kept_key(held["web/index.html"], "web/") == "web/.slipway/kept/live/index.html"
    # The oldest is what this publication goes back to, so it counts as the newest.
    needed = {"web/.slipway/kept/a/index.html"}
    assert copies_to_drop(held, needed, "web/", keep=2) == ["web/.slipway/kept/b/index.html"]
    assert copies_to_drop(held, needed, "web/", keep=3) == []


@pytest.mark.parametrize(
    ("path", "encoding", "compress"),
    [
        ("app.js", "gzip", "gzip"),
        ("app.min.js", None, None),
        ("built.css", "br", None),
        ("data.json", "br", "br"),
        ("logo.png", None, None),
    ],
    ids=["by-glob", "exempt", "by-the-build", "later-rule", "no-rule"],
)
def test_encoding_by_glob(path: str, encoding: str | None, compress: str | None) -> None:
    rules = [
        Rule("*.min.js", compress="none"),
        Rule("*.js", compress="gzip"),
        Rule("*.css", content_encoding="br"),
        Rule("data.*", cache_control="max-age=1"),
        Rule("*.json", compress="br"),
    ]
    assert headers_for(path, rules).content_encoding == encoding
    assert compression_for(path, rules) == compress


def test_what_the_build_compressed_itself_is_left_alone(tmp_path: Path) -> None:
    def file(path: str, size: int = 5000) -> SiteFile:
        return SiteFile(path, tmp_path / path, size, "m", "s", headers_for(path, []))

    files = [file("app.js"), file("app.js.gz"), file("small.js", 999), file("logo.png"), file("data.json")]
    paths = [each.path for each in with_siblings(files, ["gzip", "br"])]
    assert paths == [
        "app.js",
        "app.js.br",
        "app.js.gz",
        "data.json",
        "data.json.br",
        "data.json.gz",
        "logo.png",
        "small.js",
    ]
    sibling = with_siblings([file("app.js")], ["gzip"])[1]
    assert sibling.headers == Headers("text/javascript; charset=utf-8", "no-cache", "gzip")


@pytest.mark.parametrize(
    ("change", "is_known"),
    [({}, True), ({"source": "other"}, False), ({"encoding": "br"}, False), ({"md5": "other"}, False)],
    ids=["same", "other-source", "other-encoding", "other-object"],
)
def test_only_what_is_certainly_the_same_is_not_compressed_again(
    tmp_path: Path, change: dict[str, str], is_known: bool
) -> None:
    source = tmp_path / "app.js"
    source.write_text("hello();" * 500)
    file = SiteFile("app.js", source, 4000, "m", "source", Headers("text/javascript", "no-cache", "gzip"), "gzip")
    note = Compressed(
        **{"source": "source", "encoding": "gzip", "md5": "etag", "sha256": "stored", "size": 77, **change}
    )
    (folder := tmp_path / "out").mkdir()
    form = stored_forms(
        [file], remote=remote("web/app.js"), prefix="web/", known={"web/app.js": note}, folder=folder, workers=1
    )[0]
    assert (form.size == 77) == is_known
    assert bool(list(folder.iterdir())) != is_known
    assert form.compressed_from == "source"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3072.0 GiB")],
)
def test_sizes_as_people_say_them(size: int, words: str) -> None:
    assert readable(size) == words


def test_a_ticker_speaks_now_and_then_and_at_the_end() -> None:
    told: list[str] = []
    moments = iter([0.0, 1.0, 6.0, 6.0, 7.0, 8.0])
    ticker = Ticker(lambda unit, line: told.append(f"{unit} {line}"), "shop", "assets", 4, now=lambda: next(moments))
    for dummy in range(4):
        ticker.tick(10)
    assert told == ["shop assets: 2 of 4, 20 bytes", "shop assets: 4 of 4, 40 bytes"]

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import gzip
import hashlib
import json
import tempfile
import typing as t
import urllib.request

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._edge import api, compress
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_options import ARGUMENTS, publish_site
from ansible_collections.slipway.aws.plugins.modules import site_publish

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUCKET = "slipway-site"
REGION = "ap-northeast-1"
SCRIPT, STYLE = "assets/app.3f2a9c1b.js", "assets/app.8d969eef1.css"
NOTES = ".slipway/site.json"
WRITES = {"s3:PutObject", "s3:CopyObject", "s3:DeleteObjects", "s3:DeleteObject"}

Publish = t.Callable[..., dict[str, t.Any]]


class Bucket:
    """The bucket of the site, seen from outside."""

    def __init__(self, s3: t.Any, *, versioned: bool = False) -> None:
        self.s3 = s3
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        if versioned:
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def listing(self) -> list[str]:
        return sorted(each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()))

    def text(self, key: str) -> str:
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()

    def headers(self, key: str) -> tuple[str, str]:
        found = self.s3.head_object(Bucket=BUCKET, Key=key)
        return found["ContentType"], found["CacheControl"]

    def version(self, key: str) -> str | None:
        return self.s3.head_object(Bucket=BUCKET, Key=key).get("VersionId")

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for path, text in {
        SCRIPT: "hello()",
        STYLE: "h1 {}",
        "config.json": "{}",
        "index.html": "<h1>one</h1>",
        "日 本.html": "<h1>こんにちは</h1>",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.fixture
def bucket(client: Callable[..., t.Any], moto_endpoint: str) -> Bucket:
    return Bucket(client("s3", moto_endpoint))


@pytest.fixture
def versioned(client: Callable[..., t.Any], ministack_endpoint: str) -> Bucket:
    return Bucket(client("s3", ministack_endpoint), versioned=True)


@pytest.fixture
def publish(
    run_module: Callable[..., dict[str, t.Any]],
    connection: Callable[[str], dict[str, t.Any]],
    site: Path,
    request: pytest.FixtureRequest,
) -> Publish:
    """Run the module against the server of the bucket the test uses."""
    server = "ministack_endpoint" if "versioned" in request.fixturenames else "moto_endpoint"
    options = connection(request.getfixturevalue(server))

    def run(*, check: bool = False, diff: bool = False, **params: t.Any) -> dict[str, t.Any]:
        source = {} if "restore" in params else {"source": str(site)}
        return run_module(site_publish, {**options, "bucket": BUCKET, **source, **params}, check=check, diff=diff)

    return run


def test_the_first_publication(publish: Publish, bucket: Bucket) -> None:
    result = publish()
    assert (result["outcome"], result["changed"]) == ("succeeded", True)
    assert (result["uploaded"], result["unchanged"], result["deleted"]) == (5, 0, 0)
    assert result["bytes"] == 7 + 5 + 2 + 12 + 24
    assert result["changed_paths"] == ["/", "/%E6%97%A5%20%E6%9C%AC.html", "/config.json", "/index.html"]
    assert result["manifest_digest"].startswith("sha256:")
    assert bucket.listing() == [SCRIPT, STYLE, "config.json", "index.html", "日 本.html"]
    assert bucket.text("日 本.html") == "<h1>こんにちは</h1>"
    assert bucket.headers(SCRIPT) == ("text/javascript; charset=utf-8", "public, max-age=31536000, immutable")
    assert bucket.headers("index.html") == ("text/html; charset=utf-8", "no-cache")
    assert bucket.headers("config.json") == ("application/json", "no-cache")


@pytest.mark.usefixtures("bucket")
def test_the_front_page_goes_up_last_and_assets_first(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded: list[str] = []
    genuine = api.put_object
    monkeypatch.setattr(
        api,
        "put_object",
        lambda client, **options: (uploaded.append(options["key"]), genuine(client, **options))[1],
    )
    publish(concurrency=4)
    assert set(uploaded[:2]) == {SCRIPT, STYLE}
    assert uploaded[2:] == ["config.json", "日 本.html", "index.html"]


@pytest.mark.usefixtures("bucket")
def test_publishing_the_same_again_is_one_request(publish: Publish, api_calls: list[str]) -> None:
    first = publish()
    api_calls.clear()
    again = publish(diff=True)
    assert (again["outcome"], again["changed"], again["unchanged"]) == ("no_op", False, 5)
    assert again["changed_paths"] == again["before"] == []
    assert again["diff"]["before"] == again["diff"]["after"] == ""
    assert again["manifest_digest"] == first["manifest_digest"]
    assert api_calls == ["s3:ListObjectsV2"]


def test_check_mode_predicts_and_writes_nothing(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    publish()
    bucket.put("gone.html", "old")
    (site / "index.html").write_text("<h1>two</h1>")
    (site / "new.html").write_text("new")
    api_calls.clear()
    predicted = publish(check=True, diff=True, delete=True)
    assert not WRITES & set(api_calls)
    happened = publish(diff=True, delete=True)
    for result in (predicted, happened):
        result.pop("invocation")
    assert predicted == happened
    assert happened["changed_paths"] == ["/", "/gone.html", "/index.html", "/new.html"]
    assert [line.split()[0] for line in happened["diff"]["before"].splitlines()] == ["gone.html", "index.html"]
    assert [line.split()[0] for line in happened["diff"]["after"].splitlines()] == ["index.html", "new.html"]
    assert "gone.html" not in bucket.listing()


@pytest.mark.usefixtures("bucket")
def test_without_diff_there_is_none(publish: Publish) -> None:
    assert "diff" not in publish()


def test_two_phases(publish: Publish, bucket: Bucket) -> None:
    assets = publish(phase="assets", delete=True)
    assert (assets["uploaded"], assets["changed_paths"], assets["before"]) == (2, [], [])
    assert bucket.listing() == [SCRIPT, STYLE]
    pages = publish(phase="pages")
    assert pages["uploaded"] == 3
    assert pages["manifest_digest"] == assets["manifest_digest"]
    for phase in ("assets", "pages", "all"):
        assert publish(phase=phase)["outcome"] == "no_op"


def test_pages_wait_for_their_assets(publish: Publish, bucket: Bucket) -> None:
    refused = publish(phase="pages")
    assert refused["outcome"] == "failed"
    assert "2 assets of this build are not in the bucket" in refused["msg"]
    assert bucket.listing() == []
    # In a dry run of a whole release the assets are never there yet.
    assert publish(phase="pages", check=True)["uploaded"] == 3


def test_nothing_outside_the_prefix_is_touched(publish: Publish, bucket: Bucket) -> None:
    bucket.put("other/index.html", "mine")
    bucket.put("web/old.html", "old")
    result = publish(prefix="/web/", delete=True)
    assert result["deleted"] == 1
    assert bucket.listing() == [
        "other/index.html",
        f"web/{SCRIPT}",
        f"web/{STYLE}",
        "web/config.json",
        "web/index.html",
        "web/日 本.html",
    ]
    assert "/web/" in result["changed_paths"]


def test_rules_set_headers(publish: Publish, bucket: Bucket) -> None:
    publish(rules=[{"pattern": "*.json", "cache_control": "max-age=60", "content_type": "application/x-test"}])
    assert bucket.headers("config.json") == ("application/x-test", "max-age=60")


def test_a_failed_asset_means_that_no_page_changes(
    publish: Publish, bucket: Bucket, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    (site / "assets/late.0a1b2c3d.js").write_text("late()")
    (site / "index.html").write_text("<h1>two</h1>")
    # It vanishes after the plan was made.
    genuine = api.list_objects

    def listed_then_gone(client: t.Any, **options: t.Any) -> t.Any:
        (site / "assets/late.0a1b2c3d.js").unlink()
        return genuine(client, **options)

    monkeypatch.setattr(api, "list_objects", listed_then_gone)
    result = publish()
    assert (result["outcome"], result["changed"], result["uploaded"]) == ("failed", False, 0)
    assert "no page was changed" in result["msg"]
    assert bucket.text("index.html") == "<h1>one</h1>"


def test_a_file_that_changes_while_it_is_published_is_refused(
    publish: Publish, versioned: Bucket, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    published = versioned.version("日 本.html")
    (site / "日 本.html").write_text("<h1>two</h1>")
    (site / "index.html").write_text("<h1>two</h1>")
    genuine = api.list_objects

    def listed_then_changed(client: t.Any, **options: t.Any) -> t.Any:
        (site / "index.html").write_text("<h1>2.5</h1>")
        return genuine(client, **options)

    monkeypatch.setattr(api, "list_objects", listed_then_changed)
    result = publish()
    # The page before the front page was flipped already, and the result says so and how to undo it.
    assert (result["outcome"], result["changed"], result["uploaded"]) == ("failed", True, 1)
    assert "BadDigest" in result["msg"]
    assert "among them the pages 日 本.html" in result["msg"]
    assert result["before"] == [{"key": "日 本.html", "version_id": published}]
    assert versioned.text("index.html") == "<h1>one</h1>"


def test_an_object_whose_etag_is_no_md5_is_recognised(publish: Publish, bucket: Bucket, api_calls: list[str]) -> None:
    publish()
    found = bucket.s3.head_object(Bucket=BUCKET, Key="index.html")
    upload = bucket.s3.create_multipart_upload(Bucket=BUCKET, Key="index.html", Metadata=found["Metadata"])
    place = {"Bucket": BUCKET, "Key": "index.html", "UploadId": upload["UploadId"]}
    etag = bucket.s3.upload_part(**place, PartNumber=1, Body=b"<h1>one</h1>")["ETag"]
    bucket.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert bucket.s3.head_object(Bucket=BUCKET, Key="index.html")["ETag"] != found["ETag"]
    api_calls.clear()
    assert publish()["outcome"] == "no_op"
    assert not WRITES & set(api_calls)


def test_a_bucket_without_versions_is_told(publish: Publish, bucket: Bucket, site: Path) -> None:
    assert "warnings" not in publish()
    (site / "index.html").write_text("<h1>two</h1>")
    result = publish()
    assert result["before"] == []
    assert "does not keep versions" in str(result["warnings"])
    assert bucket.text("index.html") == "<h1>two</h1>"


def test_a_publication_can_be_undone_and_the_undoing_too(
    publish: Publish, versioned: Bucket, site: Path, api_calls: list[str]
) -> None:
    publish()
    one = versioned.version("index.html")
    (site / "index.html").write_text("<h1>two</h1>")
    (site / "new.html").write_text("new")
    (site / "日 本.html").unlink()
    gone = versioned.version("日 本.html")
    second = publish(delete=True)
    assert second["before"] == [
        {"key": "index.html", "version_id": one},
        {"key": "new.html", "version_id": None},
        {"key": "日 本.html", "version_id": gone},
    ]

    api_calls.clear()
    predicted = publish(restore=second["before"], check=True, diff=True)
    assert not WRITES & set(api_calls)
    back = publish(restore=second["before"], diff=True)
    for result in (predicted, back):
        result.pop("invocation")
    assert predicted == back
    assert (back["outcome"], back["uploaded"], back["deleted"]) == ("succeeded", 2, 1)
    assert back["changed_paths"] == ["/", "/%E6%97%A5%20%E6%9C%AC.html", "/index.html", "/new.html"]
    assert versioned.listing() == [SCRIPT, STYLE, "config.json", "index.html", "日 本.html"]
    assert versioned.text("index.html") == "<h1>one</h1>"
    assert versioned.headers("index.html") == ("text/html; charset=utf-8", "no-cache")

    api_calls.clear()
    assert publish(restore=second["before"])["outcome"] == "no_op"
    assert not WRITES & set(api_calls)

    assert publish(restore=back["before"])["changed"]
    assert versioned.text("index.html") == "<h1>two</h1>"
    assert versioned.listing() == [SCRIPT, STYLE, "config.json", "index.html", "new.html"]


def test_a_version_that_is_gone_stops_before_anything_is_done(
    publish: Publish, versioned: Bucket, site: Path, api_calls: list[str]
) -> None:
    publish()
    config = versioned.version("config.json")
    (site / "config.json").write_text("[]")
    publish()
    api_calls.clear()
    wanted = [{"key": "config.json", "version_id": config}, {"key": "index.html", "version_id": "gone"}]
    result = publish(restore=wanted)
    assert "has no version gone of index.html any more" in result["msg"]
    assert not WRITES & set(api_calls)
    assert versioned.text("config.json") == "[]"


@pytest.mark.usefixtures("bucket")
def test_nothing_to_restore_is_fine(publish: Publish) -> None:
    assert publish(restore=[])["outcome"] == "no_op"


@pytest.mark.usefixtures("moto_endpoint")
def test_a_bucket_that_is_not_there(publish: Publish) -> None:
    result = publish()
    assert (result["outcome"], result["aws_error_code"]) == ("failed", "NoSuchBucket")
    assert "Could not list the bucket slipway-site" in result["msg"]
    assert "Compare the name with the outputs of the stack" in result["msg"]


def test_bad_sources_are_refused_before_any_request(
    publish: Publish, site: Path, tmp_path_factory: pytest.TempPathFactory, api_calls: list[str]
) -> None:
    assert "does not exist" in publish(source="/nonexistent")["msg"]
    assert "holds no files" in publish(source=str(tmp_path_factory.mktemp("empty")))["msg"]
    (site / "passwords").symlink_to("/etc/passwd")
    assert "leads outside of it" in publish()["msg"]
    assert "from 1 to 128" in publish(concurrency=0)["msg"]
    assert api_calls == []


def test_more_objects_than_one_answer_lists_and_one_request_deletes(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    pages = site / "pages"
    pages.mkdir()
    for number in range(1010):
        (pages / f"{number}.html").write_text(str(number))
    assert publish()["uploaded"] == 1015
    api_calls.clear()
    assert publish()["unchanged"] == 1015
    assert set(api_calls) == {"s3:ListObjectsV2"}
    for page in pages.iterdir():
        page.unlink()
    api_calls.clear()
    assert publish(delete=True)["deleted"] == 1010
    assert api_calls.count("s3:DeleteObjects") == 2
    assert len(bucket.listing()) == 5


def two_builds(site: Path) -> None:
    """Replace the build by the next one: a script under a new name, a style gone, a page gone, a new front page."""
    (site / SCRIPT).unlink()
    (site / "assets/app.77aa88bb.js").write_text("hello(2)")
    (site / "日 本.html").unlink()
    (site / "index.html").write_text("<h1>two</h1>")


def later(bucket: Bucket, *, seconds: int) -> None:
    """Let time pass: what the bucket's notes say was seen is longer ago."""
    notes = json.loads(bucket.text(NOTES))
    for key, since in notes["missing"].items():
        moved = datetime.datetime.fromisoformat(since) - datetime.timedelta(seconds=seconds)
        notes["missing"][key] = moved.isoformat()
    bucket.put(NOTES, json.dumps(notes))


def alike(predicted: dict[str, t.Any], happened: dict[str, t.Any]) -> None:
    for result in (predicted, happened):
        result.pop("invocation")
    assert predicted == happened


def test_what_old_pages_refer_to_is_deleted_after_a_grace_period(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    publish(delete=True)
    assert NOTES not in bucket.listing()
    two_builds(site)
    predicted = publish(delete=True, check=True, diff=True)
    assert SCRIPT in bucket.listing()
    happened = publish(delete=True, diff=True)
    alike(predicted, happened)
    assert (happened["deleted"], happened["expiring"]) == (1, 1)
    assert f"{SCRIPT}, waiting to be deleted\n" in happened["diff"]["after"]
    assert SCRIPT in bucket.listing()
    assert "日 本.html" not in bucket.listing()

    later(bucket, seconds=86000)
    api_calls.clear()
    waiting = publish(delete=True)
    assert (waiting["outcome"], waiting["changed"], waiting["expiring"]) == ("no_op", False, 1)
    assert not WRITES & set(api_calls)

    later(bucket, seconds=500)
    predicted = publish(delete=True, check=True, diff=True)
    over = publish(delete=True, diff=True)
    alike(predicted, over)
    assert (over["deleted"], over["expiring"], over["changed_paths"]) == (1, 0, [f"/{SCRIPT}"])
    assert SCRIPT not in bucket.listing()
    assert publish(delete=True)["outcome"] == "no_op"


def test_what_is_part_of_the_site_again_is_not_deleted(publish: Publish, bucket: Bucket, site: Path) -> None:
    publish()
    (site / SCRIPT).unlink()
    assert publish(delete=True)["expiring"] == 1
    later(bucket, seconds=80000)
    (site / SCRIPT).write_text("hello()")
    back = publish(delete=True)
    assert (back["changed"], back["uploaded"], back["deleted"], back["expiring"]) == (True, 0, 0, 0)
    # The time counts from the last time it went missing.
    (site / SCRIPT).unlink()
    publish(delete=True)
    later(bucket, seconds=80000)
    assert publish(delete=True)["deleted"] == 0
    assert SCRIPT in bucket.listing()


def test_without_a_grace_period_everything_goes_at_once(publish: Publish, bucket: Bucket, site: Path) -> None:
    publish()
    two_builds(site)
    assert publish(delete=True, delete_after=0)["deleted"] == 2
    assert bucket.listing() == ["assets/app.77aa88bb.js", STYLE, "config.json", "index.html"]


def test_a_release_in_two_phases_keeps_the_time_of_going_missing(publish: Publish, bucket: Bucket, site: Path) -> None:
    publish()
    (site / SCRIPT).unlink()
    publish(delete=True)
    noted = bucket.text(NOTES)
    (site / "index.html").write_text("<h1>three</h1>")
    publish(delete=True, phase="assets")
    assert publish(delete=True, phase="pages")["expiring"] == 1
    assert bucket.text(NOTES) == noted


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"schema": 1}'], ids=["text", "list", "incomplete"])
def test_notes_that_are_not_ours_stop_before_anything_is_done(
    publish: Publish, bucket: Bucket, api_calls: list[str], content: str
) -> None:
    bucket.put(NOTES, content)
    api_calls.clear()
    result = publish(delete=True)
    assert "is not what Slipway wrote there" in result["msg"]
    assert not WRITES & set(api_calls)


def test_notes_of_another_schema_are_refused(publish: Publish, bucket: Bucket) -> None:
    bucket.put(NOTES, '{"schema": 2}')
    assert "written by another version of Slipway (schema 2)" in publish(delete=True)["msg"]


def test_copies_are_the_way_back_where_no_versions_are_kept(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    publish(keep_copies=2)
    assert not any(key.startswith(".slipway/") for key in bucket.listing())
    two_builds(site)
    predicted = publish(keep_copies=2, delete=True, check=True, diff=True)
    assert not any(key.startswith(".slipway/") for key in bucket.listing())
    second = publish(keep_copies=2, delete=True, diff=True)
    alike(predicted, second)
    assert "warnings" not in second
    kept = {entry["key"]: entry["kept_key"] for entry in second["before"]}
    assert set(kept) == {"index.html", "日 本.html"}
    assert bucket.text(kept["index.html"]) == "<h1>one</h1>"

    predicted = publish(restore=second["before"], check=True, diff=True)
    assert bucket.text("index.html") == "<h1>two</h1>"
    back = publish(restore=second["before"], diff=True)
    alike(predicted, back)
    assert (back["uploaded"], back["deleted"]) == (2, 0)
    assert bucket.text("index.html") == "<h1>one</h1>"
    assert bucket.headers("日 本.html") == ("text/html; charset=utf-8", "no-cache")
    assert back["digests"]["/index.html"] == hashlib.sha256(b"<h1>one</h1>").hexdigest()
    api_calls.clear()
    assert publish(restore=second["before"])["outcome"] == "no_op"
    assert not WRITES & set(api_calls)


def test_no_more_copies_are_kept_than_asked_for(publish: Publish, bucket: Bucket, site: Path) -> None:
    contents = [f"<h1>{number}</h1>" for number in range(5)]
    for content in contents:
        (site / "index.html").write_text(content)
        result = publish(keep_copies=2)
    kept = [key for key in bucket.listing() if key.startswith(".slipway/kept/")]
    assert len(kept) == 2
    assert contents[3] in {bucket.text(key) for key in kept}
    assert bucket.text(result["before"][0]["kept_key"]) == contents[3]
    # What is replaced again has its copy already; the same content is never copied twice.
    (site / "index.html").write_text(contents[3])
    publish(keep_copies=2)
    assert len([key for key in bucket.listing() if key.startswith(".slipway/kept/")]) == 2


def test_a_copy_that_is_gone_stops_before_anything_is_done(publish: Publish, bucket: Bucket, site: Path) -> None:
    publish()
    (site / "index.html").write_text("<h1>two</h1>")
    before = publish(keep_copies=1)["before"]
    bucket.s3.delete_object(Bucket=BUCKET, Key=before[0]["kept_key"])
    assert "has no copy" in publish(restore=before)["msg"]
    assert bucket.text("index.html") == "<h1>two</h1>"


def test_where_versions_are_kept_no_copies_are_made(publish: Publish, versioned: Bucket, site: Path) -> None:
    publish()
    one = versioned.version("index.html")
    (site / "index.html").write_text("<h1>two</h1>")
    assert publish(keep_copies=3)["before"] == [{"key": "index.html", "version_id": one}]
    assert not any(key.startswith(".slipway/") for key in versioned.listing())


def test_files_are_stored_compressed_where_a_rule_says_so(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    script = "hello();" * 1000
    (site / SCRIPT).write_text(script)
    rules = [{"pattern": "*.json", "compress": "none"}, {"pattern": "*.js*", "compress": "gzip"}]
    first = publish(rules=rules)
    stored = bucket.s3.get_object(Bucket=BUCKET, Key=SCRIPT)
    assert (stored["ContentEncoding"], stored["ContentType"]) == ("gzip", "text/javascript; charset=utf-8")
    body = stored["Body"].read()
    assert gzip.decompress(body).decode() == script
    assert len(body) < 200
    # No time, no name: the same content is the same for everybody.
    assert body[3:8] == b"\0\0\0\0\0"
    assert "ContentEncoding" not in bucket.s3.head_object(Bucket=BUCKET, Key="config.json")
    assert first["bytes"] == len(body) + len("h1 {}{}<h1>one</h1>") + 24

    api_calls.clear()
    again = publish(rules=rules, diff=True)
    assert (again["outcome"], again["manifest_digest"]) == ("no_op", first["manifest_digest"])
    assert again["diff"]["before"] == again["diff"]["after"] == ""
    assert not WRITES & set(api_calls)
    assert publish(check=True)["uploaded"] == 1


def test_what_was_compressed_once_is_not_compressed_again(
    publish: Publish, bucket: Bucket, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / SCRIPT).write_text("hello();" * 1000)
    publish(precompress=["gzip"])
    assert f"{SCRIPT}.gz" in bucket.listing()
    # Whoever compresses from here on fails.
    monkeypatch.setattr(compress, "_pieces", None)
    assert publish(precompress=["gzip"])["outcome"] == "no_op"
    (site / "index.html").write_text("<h1>two</h1>")
    assert publish(precompress=["gzip"], phase="assets")["outcome"] == "no_op"
    assert publish(precompress=["gzip"], phase="pages")["uploaded"] == 1


def test_without_notes_the_compressed_files_are_found_the_same(
    publish: Publish, bucket: Bucket, site: Path, api_calls: list[str]
) -> None:
    (site / SCRIPT).write_text("hello();" * 1000)
    publish(precompress=["gzip"])
    bucket.s3.delete_object(Bucket=BUCKET, Key=NOTES)
    api_calls.clear()
    assert publish(precompress=["gzip"])["outcome"] == "no_op"
    assert not WRITES & set(api_calls)


def test_compressed_files_stand_beside_those_that_are_worth_it(publish: Publish, bucket: Bucket, site: Path) -> None:
    (site / "index.html").write_text("<h1>one</h1>" * 1000)
    (site / "logo.png").write_bytes(b"\x89PNG" * 1000)
    result = publish(precompress=["gzip"])
    beside = bucket.s3.head_object(Bucket=BUCKET, Key="index.html.gz")
    assert (beside["ContentType"], beside["ContentEncoding"]) == ("text/html; charset=utf-8", "gzip")
    assert beside["CacheControl"] == "no-cache"
    assert [key for key in bucket.listing() if key.endswith(".gz")] == ["index.html.gz"]
    assert "/index.html.gz" in result["changed_paths"]


def test_a_full_disk_is_told_before_anything_is_uploaded(
    publish: Publish,
    bucket: Bucket,
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path_factory.mktemp("full")
    content = b"hello();" * 1000
    (site / SCRIPT).write_bytes(content)
    # Where the compressed file goes, the system itself says that there is no room.
    (place / f"{hashlib.sha256(content).hexdigest()}.gz").symlink_to("/dev/full")
    monkeypatch.setattr(tempfile.TemporaryDirectory, "__enter__", lambda _self: str(place))
    result = publish(precompress=["gzip"])
    assert result["outcome"] == "failed"
    assert f"Could not compress {SCRIPT}.gz: No space left on device." in result["msg"]
    assert "TMPDIR names another place" in result["msg"]
    assert bucket.listing() == []


@pytest.mark.skipif(compress.BROTLI is not None, reason="the package brotli is here")
def test_br_without_brotli_is_refused_before_any_request(publish: Publish, api_calls: list[str]) -> None:
    assert "Install brotli" in publish(rules=[{"pattern": "*.js", "compress": "br"}])["msg"]
    assert api_calls == []


@pytest.mark.skipif(compress.BROTLI is None, reason="the package brotli is not here")
def test_br_with_brotli(publish: Publish, bucket: Bucket, site: Path) -> None:
    (site / SCRIPT).write_text("hello();" * 1000)
    publish(precompress=["br", "gzip"])
    stored = bucket.s3.get_object(Bucket=BUCKET, Key=f"{SCRIPT}.br")
    assert stored["ContentEncoding"] == "br"
    assert compress.BROTLI.decompress(stored["Body"].read()) == b"hello();" * 1000
    assert publish(precompress=["br", "gzip"])["outcome"] == "no_op"


def test_a_bucket_with_object_lock_can_be_published_to(publish: Publish, versioned: Bucket, site: Path) -> None:
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    versioned.s3.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    assert publish(delete=True)["uploaded"] == 5
    assert versioned.s3.get_object_retention(Bucket=BUCKET, Key="index.html")["Retention"]["Mode"] == "COMPLIANCE"
    two_builds(site)
    second = publish(delete=True, delete_after=0)
    assert (second["outcome"], second["deleted"]) == ("succeeded", 2)
    restored = publish(restore=second["before"])
    assert restored.get("uploaded") == 3, restored["msg"]
    assert versioned.text("index.html") == "<h1>one</h1>"


def test_names_with_a_tilde_and_beyond_ascii(publish: Publish, bucket: Bucket, site: Path) -> None:
    for name in ("~user/näme.html", "a b+c&d.html", "100%.html"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(name)
    publish()
    assert bucket.text("~user/näme.html") == "~user/näme.html"
    assert bucket.text("100%.html") == "100%.html"
    assert publish()["outcome"] == "no_op"
    (site / "~user/näme.html").write_text("two")
    changed = publish(keep_copies=1)
    assert changed["changed_paths"] == ["/~user/n%C3%A4me.html"]
    assert bucket.text(changed["before"][0]["kept_key"]) == "~user/näme.html"


def test_a_folder_of_our_own_name_is_refused(publish: Publish, site: Path, api_calls: list[str]) -> None:
    (site / ".slipway").mkdir()
    (site / ".slipway/site.json").write_text("{}")
    assert "keeps its own notes" in publish()["msg"]
    assert api_calls == []


@pytest.mark.parametrize("option", ["delete_after", "keep_copies"])
def test_numbers_below_nothing_are_refused(publish: Publish, option: str) -> None:
    assert f"The option {option} is -1." in publish(**{option: -1})["msg"]


def test_options_that_exclude_each_other_are_refused(publish: Publish) -> None:
    rule = {"pattern": "*", "compress": "gzip", "content_encoding": "gzip"}
    assert "content_encoding and compress both" in publish(rules=[rule])["msg"]
    assert "either source or restore" in publish(source="x", restore=[])["msg"]


def test_what_the_edge_has_to_serve_is_told(publish: Publish, bucket: Bucket, site: Path) -> None:
    first = publish()
    assert set(first["digests"]) == {"/index.html", "/config.json", "/%E6%97%A5%20%E6%9C%AC.html"}
    assert first["digests"]["/index.html"] == hashlib.sha256(b"<h1>one</h1>").hexdigest()
    assert publish()["digests"] == {}
    (site / "index.html").write_text("<h1>two</h1>")
    second = publish()
    assert second["digests"] == {"/index.html": hashlib.sha256(bucket.text("index.html").encode()).hexdigest()}


def test_progress_is_told_wave_by_wave(
    site: Path, bucket: Bucket, connection: Callable[[str], dict[str, t.Any]], moto_endpoint: str
) -> None:
    told: list[str] = []
    params = {name: option.get("default") for name, option in ARGUMENTS.items()}
    params |= {**connection(moto_endpoint), "source": str(site), "bucket": BUCKET}
    publish_site(params, check=False, diff=False, report=lambda unit, line: told.append(f"{unit} {line}"))
    assert bucket.text("index.html") == "<h1>one</h1>"
    assert told == [
        f"{BUCKET} 5 files, 2 assets and 3 other files differ, 50 bytes",
        f"{BUCKET} assets: 2 of 2, 12 bytes",
        f"{BUCKET} other files: 1 of 1, 2 bytes",
        f"{BUCKET} pages: 1 of 1, 24 bytes",
        f"{BUCKET} pages: 1 of 1, 12 bytes",
    ]
    told.clear()
    publish_site(params, check=False, diff=False, report=lambda unit, line: told.append(f"{unit} {line}"))
    assert told == [f"{BUCKET} 5 files, nothing differs"]


def test_being_forbidden_says_what_the_role_needs(
    publish: Publish, bucket: Bucket, client: Callable[..., t.Any], moto_endpoint: str
) -> None:
    iam = client("iam", moto_endpoint)
    iam.create_user(UserName="publisher")
    keys = iam.create_access_key(UserName="publisher")["AccessKey"]

    def ask_for_permission(after: str) -> None:
        url, text = f"{moto_endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(url, after.encode(), text), timeout=30).close()

    ask_for_permission("0")
    try:
        result = publish(access_key=keys["AccessKeyId"], secret_key=keys["SecretAccessKey"])
    finally:
        ask_for_permission("inf")
    assert (result["outcome"], result["aws_error_code"]) == ("failed", "AccessDenied")
    assert "Could not list the bucket slipway-site" in result["msg"]
    assert "The role that publishes needs s3:ListBucket on the bucket" in result["msg"]
    assert keys["SecretAccessKey"] not in str(result)
    assert bucket.listing() == []

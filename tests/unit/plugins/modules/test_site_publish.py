# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import site_publish

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUCKET = "slipway-site"
REGION = "ap-northeast-1"
SCRIPT, STYLE = "assets/app.3f2a9c1b.js", "assets/app.8d969eef1.css"
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
    genuine = site_publish.publish.__globals__["api"].put_object
    monkeypatch.setattr(
        site_publish.publish.__globals__["api"],
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
    module_api = site_publish.publish.__globals__["api"]
    genuine = module_api.list_objects

    def listed_then_gone(client: t.Any, **options: t.Any) -> t.Any:
        (site / "assets/late.0a1b2c3d.js").unlink()
        return genuine(client, **options)

    monkeypatch.setattr(module_api, "list_objects", listed_then_gone)
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
    module_api = site_publish.publish.__globals__["api"]
    genuine = module_api.list_objects

    def listed_then_changed(client: t.Any, **options: t.Any) -> t.Any:
        (site / "index.html").write_text("<h1>2.5</h1>")
        return genuine(client, **options)

    monkeypatch.setattr(module_api, "list_objects", listed_then_changed)
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

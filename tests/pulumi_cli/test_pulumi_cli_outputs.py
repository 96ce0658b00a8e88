# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reader returns is what C(pulumi stack output --json --show-secrets) prints, byte for byte."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from pathlib import Path

import pytest
from real_pulumi import RealBackend, prove_equal
from sample_outputs import PLAIN, SECRETS, exporting, large, sample

if t.TYPE_CHECKING:
    from conftest import FakeCloud

COMPRESSIONS = {
    "plain": ("", {}),
    "gzip": (".gz", {"PULUMI_DIY_BACKEND_GZIP": "true"}),
    "zstd": (".zst", {"PULUMI_DIY_BACKEND_ZSTD": "true"}),
}
LEGACY = {"PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true"}


def keys_of(backend: RealBackend, cloud: FakeCloud) -> list[str]:
    """List the names of the objects or files below a backend."""
    if backend.url.startswith("file://"):
        root = Path(backend.url.removeprefix("file://"))
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    bucket, _slash, prefix = backend.url.removeprefix("s3://").partition("?")[0].partition("/")
    listed = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    return sorted(item["Key"].removeprefix(prefix).lstrip("/") for item in listed)


WAYS = [
    *itertools.product(("folder", "bucket"), COMPRESSIONS, (1, 0)),
    ("prefix", "plain", 1),
    ("prefix", "gzip", 0),
]


@pytest.mark.parametrize(("place", "compression", "layout"), WAYS)
def test_everything(backend: RealBackend, cloud: FakeCloud, place: str, compression: str, layout: int) -> None:
    suffix, settings = COMPRESSIONS[compression]
    backend.settings = settings if layout else settings | LEGACY
    if place != "folder":
        backend.url = cloud.bucket_url("/team/a%20state" if place == "prefix" else "")
    backend.up(sample)
    name = f".pulumi/stacks/{'shop/' if layout else ''}dev.json{suffix}"
    keys = keys_of(backend, cloud)
    assert any(key.endswith(name) for key in keys), keys
    assert any(key.endswith(".pulumi/meta.yaml") for key in keys) is bool(layout)
    found = prove_equal(backend)
    # The SDK for Python does not export what is None.
    assert found.keys() >= PLAIN.keys() - {"nothing"} | SECRETS.keys()
    assert found["secret_object"] == SECRETS["secret_object"]
    assert found["control"] == PLAIN["control"]


@dataclasses.dataclass(frozen=True)
class Spelling:
    """One way of naming a key, and of telling where KMS is."""

    url: str
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    profile: str = ""


SPELLINGS = {
    "alias, endpoint in the URL": Spelling("awskms://{alias}?region={region}&endpoint={endpoint}"),
    "id, AWS_ENDPOINT_URL": Spelling("awskms://{id}?region={region}&awssdk=v2", {"AWS_ENDPOINT_URL": "{endpoint}"}),
    "arn, AWS_ENDPOINT_URL_KMS": Spelling(
        "awskms:///{arn}?region={region}",
        {"AWS_ENDPOINT_URL_KMS": "{endpoint}", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    ),
    "arn of an alias": Spelling("awskms:///{alias_arn}?region={region}&endpoint={endpoint}"),
    "region from AWS_REGION": Spelling(
        "awskms://{id}", {"AWS_REGION": "{region}", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "{endpoint}"}
    ),
    "region from a profile in the URL": Spelling(
        "awskms://{id}?profile=keys&endpoint={endpoint}", profile="[profile keys]\nregion = {region}\n"
    ),
    "region from AWS_PROFILE": Spelling(
        "awskms://{id}?endpoint={endpoint}", {"AWS_PROFILE": "keys"}, "[profile keys]\nregion = {region}\n"
    ),
    "endpoint from a profile": Spelling(
        "awskms://{id}?profile=keys", profile="[profile keys]\nregion = {region}\nendpoint_url = {endpoint}\n"
    ),
    "with a context": Spelling(
        "awskms://{alias}?region={region}&endpoint={endpoint}&context_team=sh%C3%B6p+one&context_a.b=&context_x%2Fy=%26"
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_keys_of_kms(
    backend: RealBackend, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spelling: str
) -> None:
    wanted = SPELLINGS[spelling]
    names = cloud.key() | {"endpoint": cloud.endpoint, "region": "ap-northeast-1"}
    backend.secrets_provider = wanted.url.format(**names)
    for name, value in wanted.environment.items():
        monkeypatch.setenv(name, value.format(**names))
    if wanted.profile:
        (tmp_path / "config").write_text(wanted.profile.format(**names))
        credentials = "[keys]\naws_access_key_id = of-a-profile\naws_secret_access_key = of-a-profile-too\n"
        (tmp_path / "credentials").write_text(credentials)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    backend.up(exporting({"plain": 1}, secrets={"secret": {"a": ["ü", True]}}))
    assert prove_equal(backend) == {"secret": {"a": ["ü", True]}, "plain": 1}
    assert "awskms" in str(backend.read().deployment.secrets_provider)


def test_everything_with_kms_in_a_bucket(backend: RealBackend, cloud: FakeCloud) -> None:
    backend.url = cloud.bucket_url()
    backend.settings = {"PULUMI_DIY_BACKEND_GZIP": "true"}
    backend.secrets_provider = f"awskms:///{cloud.key()['arn']}?region=ap-northeast-1&endpoint={cloud.endpoint}"
    backend.up(sample)
    prove_equal(backend)


@pytest.mark.parametrize(("place", "compression"), [("folder", "plain"), ("bucket", "gzip"), ("bucket", "zstd")])
def test_five_megabytes(backend: RealBackend, cloud: FakeCloud, place: str, compression: str) -> None:
    backend.settings = COMPRESSIONS[compression][1]
    if place == "bucket":
        backend.url = cloud.bucket_url()
    backend.up(large())
    found = prove_equal(backend)
    assert len(found["text"]) == 5_000_000
    assert len(found["secret"]) > 500_000


def test_two_compressions_of_one_stack(backend: RealBackend) -> None:
    for number, (_suffix, settings) in enumerate(COMPRESSIONS.values()):
        backend.settings = settings
        backend.up(exporting({"number": number}))
        assert prove_equal(backend) == {"number": number}


def test_a_program_that_exports_nothing(backend: RealBackend) -> None:
    backend.up(exporting({}))
    assert prove_equal(backend) == {}


NAMES = ("Dev", "_-", "1", "a.json", "dev.history", "x" * 100)


def test_names_somebody_may_give(backend: RealBackend) -> None:
    backend.project = "a_Project.with-1"
    for stack in NAMES:
        backend.up(exporting({"name": stack}), stack)
    for stack in NAMES:
        assert prove_equal(backend, stack) == {"name": stack}

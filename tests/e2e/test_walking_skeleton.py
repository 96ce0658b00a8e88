# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walking skeleton, from the outside: what the README promises a stranger."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from stranger import Stranger

Demo = subprocess.CompletedProcess[str]


def test_demo_succeeds_on_a_fresh_clone(demonstrated: Stranger, first_demo: Demo) -> None:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=demonstrated.clone, capture_output=True, text=True, check=True
    ).stdout
    assert f"Release {commit[:12]} answers through CloudFront" in first_demo.stdout
    assert "0 RegisterTaskDefinition, 0 UpdateService, 0 PutObject" in first_demo.stdout
    assert "0 CreateInvalidation" in first_demo.stdout
    assert "The broken release failed and was rolled back" in first_demo.stdout
    # The cause, as the container itself told it.
    assert "SESSION_TABLE names a table that does not exist" in first_demo.stdout
    assert demonstrated.running_release() == commit[:12]


def test_visitors_saw_no_failed_request(first_demo: Demo, demonstrated: Stranger) -> None:
    told = re.search(r"a visitor asked (\d+) times and got (\d+) good answers, all from (\S+)\.", first_demo.stdout)
    assert told, first_demo.stdout[-2000:]
    asked, good, releases = told.groups()
    assert int(asked) == int(good) > 20
    assert releases == demonstrated.running_release()


def test_demo_succeeds_twice_in_a_row(demonstrated: Stranger) -> None:
    again = demonstrated.type("make", "demo")
    assert again.returncode == 0
    assert "The broken release failed and was rolled back" in again.stdout


def test_curl_reaches_the_release_and_the_front_end(demonstrated: Stranger) -> None:
    curl = ["curl", "--silent", "--show-error", "--fail", "-H", f"Host: {demonstrated.domain}"]
    health = demonstrated.type(*curl, f"{demonstrated.cloud.endpoint_url}/api/health")
    assert json.loads(health.stdout)["release_id"] == demonstrated.running_release()
    assert json.loads(health.stdout)["image_digest"].startswith("sha256:")
    page = demonstrated.type(*curl, f"{demonstrated.cloud.endpoint_url}/")
    assets = re.findall(r'(?:src|href)="/?(assets/[^"]+\.[0-9a-f]{8,}\.(?:js|css))"', page.stdout)
    assert assets, page.stdout
    for asset in assets:
        assert demonstrated.cloud.ask(demonstrated.domain, f"/{asset}").status == 200


@pytest.mark.parametrize(
    ("message", "source"),
    [("What time is it?", "deterministic"), ("今何時ですか", "deterministic"), ("Why is the sky blue?", "ai")],
)
def test_chat_answers_on_both_paths(demonstrated: Stranger, message: str, source: str) -> None:
    answer = demonstrated.cloud.ask(demonstrated.domain, "/api/chat", method="POST", body={"message": message})
    assert answer.status == 200, answer
    assert answer.json()["source"] == source
    assert answer.json()["answer"]


def test_check_mode_tells_the_truth_and_writes_nothing(demonstrated: Stranger) -> None:
    log = demonstrated.call_log()
    quiet = demonstrated.site("--check", "--diff")
    assert quiet.returncode == 0
    assert re.search(rf"{demonstrated_host}\s*: ok=\d+\s+changed=0 ", quiet.stdout)
    loud = demonstrated.site("--check", "--diff", "-e", "release_id=checked", "-e", "@demo/broken_release.yml")
    assert re.search(rf"{demonstrated_host}\s*: ok=\d+\s+changed=[1-9]", loud.stdout)
    assert not any(log.writes().values()), log.writes()


demonstrated_host = "qa-chatbot-local"


def test_the_artefact_releases_from_an_empty_path(demonstrated: Stranger, tmp_path: Path) -> None:
    galaxy = demonstrated.tool("ansible-galaxy")
    built = demonstrated.type(galaxy, "collection", "build", "--output-path", str(tmp_path))
    assert built.returncode == 0
    (artefact,) = tmp_path.glob("slipway-aws-*.tar.gz")
    # From a folder that knows nothing of the checkout: there ansible.cfg would find the collection already.
    elsewhere, collections = tmp_path / "elsewhere", tmp_path / "collections"
    elsewhere.mkdir()
    install = [galaxy, "collection", "install", str(artefact), "-p", str(collections), "--no-deps"]
    assert demonstrated.type(*install, folder=elsewhere).returncode == 0
    assert (collections / "ansible_collections/slipway/aws/playbooks/site.yml").is_file()
    log = demonstrated.call_log()
    done = demonstrated.type(
        demonstrated.tool("ansible-playbook"),
        "slipway.aws.site",
        "--inventory",
        str(demonstrated.clone / "inventories" / "local"),
        folder=elsewhere,
        ANSIBLE_COLLECTIONS_PATH=str(collections),
    )
    assert done.returncode == 0
    assert "Nothing changed, so nothing was written." in done.stdout
    assert not any(log.writes().values()), log.writes()


class TestSecondVersion:
    """A visible change: once with a gate that says no, once for real."""

    @pytest.fixture(scope="class", autouse=True)
    def second_version(self, stranger: Stranger) -> t.Iterator[None]:
        module = stranger.clone / "app" / "chatbot" / "__init__.py"
        page = stranger.clone / "app" / "frontend" / "src" / "index.html"
        kept = {path: path.read_text() for path in (module, page)}
        module.write_text(kept[module] + "\nSECOND_VERSION = True\n")
        page.write_text(kept[page].replace("</body>", "<!-- second version --></body>"))
        yield
        for path, text in kept.items():
            path.write_text(text)

    def page(self, stranger: Stranger) -> str:
        return stranger.cloud.ask(stranger.domain, "/").body.decode()

    def test_a_red_gate_brings_everything_back(self, demonstrated: Stranger) -> None:
        before, page = demonstrated.running_release(), self.page(demonstrated)
        check = {"name": "impossible", "path": "/api/health", "expect": {"status": 418}, "attempts": 2, "interval": 0.2}
        done = demonstrated.site("-e", json.dumps({"smoke_gate_checks": [check], "release_id": "second-refused"}))
        assert done.returncode != 0
        assert "impossible" in done.stdout
        assert demonstrated.running_release() == before
        assert self.page(demonstrated) == page
        assert demonstrated.receipts()[-1]["outcome"] == "rolled_back"

    def test_the_second_version_goes_live(self, demonstrated: Stranger) -> None:
        done = demonstrated.site("-e", "release_id=second")
        assert done.returncode == 0
        assert demonstrated.running_release() == "second"
        assert "second version" in self.page(demonstrated)
        receipt = demonstrated.receipts()[-1]
        assert (receipt["outcome"], receipt["release_id"]) == ("succeeded", "second")
        assert receipt["units"]["services"]["backend"]["before"] != receipt["units"]["services"]["backend"]["after"]


def test_receipts_reach_the_ledger(demonstrated: Stranger) -> None:
    ledger = demonstrated.outputs["delivery"]["ledger"]
    listing = demonstrated.type(
        demonstrated.tool("python"),
        "-c",
        "import boto3, sys; s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='ap-northeast-1',"
        " aws_access_key_id='000000000000', aws_secret_access_key='slipway-local-cloud-not-a-secret');"
        " print('\\n'.join(o['Key'] for o in s3.list_objects_v2(Bucket=sys.argv[2], Prefix=sys.argv[3])['Contents']))",
        demonstrated.cloud.endpoint_url,
        ledger["bucket"],
        f"{ledger['prefix']}receipts/",
    )
    assert len(listing.stdout.split()) == len(demonstrated.receipts())


def test_down_leaves_nothing(demonstrated: Stranger) -> None:
    """The last test of the file: the stranger tidies up."""
    socket_owner = json.loads((demonstrated.clone / ".slipway/local_cloud/endpoints.json").read_text())
    down = demonstrated.type("make", "down", timeout=120)
    assert down.returncode == 0
    left = [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(demonstrated.clone).encode() in _read(path) and b"pytest" not in _read(path)
    ]
    assert not left, [_read(path) for path in left]
    assert str(demonstrated.clone).replace(" ", "\\040") not in Path("/proc/mounts").read_text()
    assert not _answers(socket_owner["endpoint_url"])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _answers(url: str) -> bool:
    return (
        subprocess.run(
            [shutil.which("curl") or "curl", "-s", "-m", "3", url], capture_output=True, check=False
        ).returncode
        == 0
    )

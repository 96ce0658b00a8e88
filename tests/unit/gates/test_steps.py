"""What the steps refuse, and what they let pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import artefact_contents
import licences
import links
import nothing_private
import pytest
import run_ansible_test
import scenario

# Put together here, so that the repository does not hold what it must not hold.
MACHINE = "/" + "home/somebody/project"
ACCOUNT = "4" * 6 + "5" * 6
KEY = "AKIA" + "Q" * 16
ADDRESS = "https" + "://index.acme.test/simple"


@pytest.mark.parametrize(
    ("name", "line", "what"),
    [
        ("README.md", f"cd {MACHINE}/x", "machine path"),
        ("x.yml", f'path: "{"/" + "root"}/.cache"', "machine path"),
        ("x.yml", f"arn:aws:iam::{ACCOUNT}:role/x", "account id"),
        ("x.py", f"{ACCOUNT}.dkr.ecr.ap-northeast-1.amazonaws.com", "account id"),
        ("x.env", f"AWS_ACCESS_KEY_ID={KEY}", "access key"),
        ("pip.conf", f"index-url = {ADDRESS}", "index address"),
        ("requirements/development.txt", f"--index-url {ADDRESS}", "index address"),
        ("requirements/development.txt", f"thing @ {ADDRESS}", "address in a lock file"),
        ("app/requirements.txt", f"--extra-{'index'}-url {ADDRESS}", "address in a lock file"),
    ],
)
def test_private_things_are_found(name: str, line: str, what: str) -> None:
    assert any(f"{name}:2: {what}: " in found for found in nothing_private.findings(name, f"fine\n{line}\n"))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("x.yml", "arn:aws:iam::123456789012:role/x"),
        ("x.yml", 'account: "000000000000"'),
        ("x.py", "deadline = 1763712000000"),
        ("x.txt", "sha256:ab123456789999cd"),
        ("x.md", "see https://example.com/wo" + "rk/ and ~/wo" + "rk/x and ./ro" + "ot/x"),
        ("x.py", 'Path("/home/me/project"), Path("/home/someone/x")'),
        ("x.conf", "index-url" + " = https://index.example.com/" + "simple"),
        ("x.sh", "uv pip compile --no-emit-index-url --no-emit-find-links"),
        ("requirements/development.txt", "uv==0.1 \\"),
        ("requirements/development.txt", "    --hash=sha256:ab12 \\"),
    ],
)
def test_ordinary_things_pass(name: str, line: str) -> None:
    assert list(nothing_private.findings(name, line)) == []


def test_the_contents_of_the_artefact_are_compared_both_ways() -> None:
    shipped = {
        "MANIFEST.json",
        "plugins/modules/a.py",
        "roles/x/tasks/main.yml",
        "docs/a.md",
        "app/main.py",
        "notes.txt",
    }
    expected = {"plugins/modules/a.py", "roles/x/tasks/main.yml", "playbooks/site.yml"}
    assert artefact_contents.problems(shipped, expected) == [
        "not in the artefact: playbooks/site.yml",
        "must not be in the artefact: app/main.py",
        "must not be in the artefact: notes.txt",
    ]


@pytest.mark.parametrize(
    ("kind", "code", "output", "good"),
    [
        ("units", 0, "==== 12 passed in 1 s ====", True),
        ("units", 1, "==== 1 failed, 12 passed in 1 s ====", False),
        ("units", 0, "WARNING: All targets skipped.", False),
        ("units", 0, "", False),
        ("sanity", 0, 'Running sanity test "validate-modules"', True),
        ("sanity", 0, 'Running sanity test "yamllint"', False),
        ("integration", 0, "Running module_alarm_check integration test role", True),
        ("integration", 0, "Running module_alarm_check integration test role\nWARNING: All targets skipped.", False),
    ],
)
def test_ansible_test_must_have_run_something(kind: str, code: int, output: str, good: bool) -> None:
    assert (run_ansible_test.problems(kind, code, output) == []) is good


@pytest.mark.parametrize(
    ("code", "output", "good"),
    [
        (0, "INFO  [moto > verify] Verifier completed successfully.", True),
        (1, "INFO  [moto > verify] Verifier completed successfully.", False),
        (0, "WARNING  [moto > verify] Skipping, no tests found.", False),
    ],
)
def test_a_scenario_must_have_been_verified(code: int, output: str, good: bool) -> None:
    assert (scenario.problems(code, output) == []) is good


def test_a_file_without_the_licence_header_is_named(tmp_path: Path) -> None:
    with_header = Path(__file__).resolve().parents[3] / "plugins" / "module_utils" / "_errors.py"
    without = tmp_path / "x.py"
    without.write_text("# Copyright (c) 2026 The Slipway authors\nimport os\n")
    assert licences.without_header([with_header, without]) == [without]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / links.FOLDER
    folder.mkdir(parents=True)
    (tmp_path / "galaxy.yml").touch()
    for name in links.LINKED:
        if name != "galaxy.yml":
            (tmp_path / name).mkdir()
        (folder / name).symlink_to(f"../../../../{name}")
    return tmp_path


def test_five_right_links_are_right(checkout: Path) -> None:
    assert links.problems(checkout) == []


def test_wrong_links_are_named(checkout: Path) -> None:
    folder = checkout / links.FOLDER
    (folder / "meta").unlink()
    (folder / "roles").unlink()
    (folder / "roles").symlink_to(checkout / "roles")
    (folder / "tests").symlink_to("../../../../tests")
    shutil.rmtree(checkout / "plugins")
    assert links.problems(checkout) == [
        f"{links.FOLDER}/meta: no such link",
        f"{links.FOLDER}/plugins: leads nowhere",
        f"{links.FOLDER}/roles: is not the link to ../../../../roles",
        f"{links.FOLDER}/tests: should not be there",
    ]

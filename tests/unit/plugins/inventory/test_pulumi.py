# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from pulumi_state import NEVER_UPDATED, PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

EVIL = "{{ lookup('ansible.builtin.pipe', 'echo pwned') }}"


def test_one_host_for_each_stack(project: t.Any) -> None:
    state = project.state()
    state.write("shop/dev", checkpoint({"url": "https://dev", "ports": [80, 443]}))
    state.write("shop/prod", checkpoint({"url": "https://prod"}, stack="prod"), suffix=".json.gz")
    answer = project.list(
        "\n".join(
            [
                "strict: true",
                "compose: {address: pulumi_outputs.url}",
                "groups: {live: pulumi_stack == 'prod'}",
                "keyed_groups: [{key: pulumi_project, prefix: project}]",
            ]
        )
    )
    assert answer.returncode == 0, answer.complaints
    assert answer.complaints == ""
    assert answer.group("pulumi_stacks") == answer.group("project_shop") == ["dev", "prod"]
    assert answer.group("live") == ["prod"]
    assert answer.variables("dev") == {
        "pulumi_organization": "",
        "pulumi_project": "shop",
        "pulumi_stack": "dev",
        "pulumi_outputs": {"url": "https://dev", "ports": [80, 443]},
        "pulumi_secret_outputs": [],
        "pulumi_update": None,
        "address": "https://dev",
    }


def test_outputs_are_never_templated(project: t.Any) -> None:
    project.state().write("shop/dev", checkpoint({"evil": EVIL, "nested": {"list": [EVIL]}}))
    assert project.list("compose: {copy: pulumi_outputs.nested}").returncode == 0
    play = project.folder / "play.yml"
    play.write_text(
        json.dumps(
            [
                {
                    "hosts": "dev",
                    "connection": "local",
                    "gather_facts": False,
                    "tasks": [
                        {"ansible.builtin.debug": {"msg": "{{ [pulumi_outputs.evil, pulumi_outputs.nested, copy] }}"}},
                        {"ansible.builtin.debug": {"var": "pulumi_outputs.evil"}},
                    ],
                }
            ]
        )
    )
    run = project.command("playbook", "-i", str(project.file), str(play))
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("echo pwned") == 4
    assert '"pwned' not in run.stdout


SELECTIONS = {
    "": ["dev", "prod-eu", "prod-us"],
    "include: [prod-*]": ["prod-eu", "prod-us"],
    "include: [shop/*]\nexclude: ['*-us']": ["dev", "prod-eu"],
    "stacks: [organization/shop/dev, prod-us]": ["dev", "prod-us"],
    "project: shop\nstacks: [dev]": ["dev"],
    "stacks: [dev]\nhostnames: [pulumi_outputs.no, \"pulumi_project ~ '-' ~ pulumi_stack\"]": ["shop-dev"],
}


def test_which_stacks(project: t.Any) -> None:
    state = project.state()
    for name in ("dev", "prod-eu", "prod-us"):
        state.write(f"shop/{name}", checkpoint(stack=name))
    sources = [
        project.source(f"{number}.pulumi.yml", f"backend: {state.url}\n{options}")
        for number, options in enumerate(SELECTIONS)
    ]
    assert project.parse(sources) == [{"complaint": None, "hosts": hosts} for hosts in SELECTIONS.values()]


def test_the_old_layout_has_no_projects(project: t.Any) -> None:
    project.state(layout=0).write("dev", checkpoint(project=""))
    assert project.list().variables("dev")["pulumi_project"] == ""


NEW = {"new": NEVER_UPDATED}
DEV = {"dev": checkpoint({"url": "x"})}
TWO = {**DEV, "prod": checkpoint({"url": "x"})}
# Options, what is in the backend, and the sentence that has to come of it.
FAILURES: list[tuple[str, dict[str, t.Any], str]] = [
    ("", {}, "has no stacks. Run the first pulumi up against it"),
    ("stacks: []", DEV, "The list of stacks is empty"),
    ("stacks: [tset]", DEV, "There is no stack 'tset' in file://"),
    ("stacks: [a b]", DEV, "'a b' is not the name of a stack"),
    ("stacks: [dev]\ninclude: [dev]", DEV, "stacks names what to take"),
    ("stacks: [new]\nallow_empty: true", NEW, "Stack shop/new was never updated"),
    ("include: [prod]", DEV, "None of the 1 stacks"),
    ("", {**DEV, **NEW}, "Stack shop/new was never updated"),
    ("", {"dev": checkpoint(resources=[])}, "Stack shop/dev was never updated"),
    ("", {"dev": checkpoint(pending_operations=[{}])}, "Stack shop/dev: the last update was cut off"),
    ("", {"dev": b'{"version": 3'}, "shop/dev.json is damaged or cut short"),
    ("", {"dev": checkpoint({"pw": "[secret]"})}, "Stack shop/dev: The output pw is the text [secret]"),
    ("strict: true\ncompose: {a: pulumi_outputs.b}", TWO, "Could not set a for host dev"),
    (
        "strict: true\ncompose: {a: \"{'prod': 1}[pulumi_stack == 'dev' and 'prod']\"}",
        TWO,
        "Could not set a for host prod",
    ),
    ("strict: true\nhostnames: [nothing]", DEV, "The hostnames expression 'nothing' fails for stack shop/dev"),
    ("hostnames: [nothing]", DEV, "No expression of the option hostnames gives stack shop/dev a name"),
    ("hostnames: [\"'one'\"]", TWO, "Two hosts would be called one: stack shop/dev and stack shop/prod"),
    ("backend: file://nowhere", {}, "inventory/nowhere: the folder does not exist"),
    ("backend: file://${NOT_SET}", {}, "uses the environment variable NOT_SET, which is not set"),
    ("backend: gs://state", {}, "Backends of the scheme gs:// cannot be read"),
    ("backend:", {}, "No Pulumi backend is named. Set the option backend, or PULUMI_BACKEND_URL"),
    ("project_dir: nowhere", DEV, "There is no Pulumi project in"),
]


def test_what_fails_fails_with_a_sentence_and_leaves_no_hosts(project: t.Any) -> None:
    sources = []
    for number, (options, documents, _sentence) in enumerate(FAILURES):
        folder = project.folder / f"state {number}"
        folder.mkdir()
        state = StateFolder(folder)
        for name, document in documents.items():
            state.write(f"shop/{name}", document)
        backend = "" if "backend:" in options else f"backend: {state.url}"
        sources.append(project.source(f"{number}.pulumi.yml", f"{backend}\n{options}"))
    for seen, (options, _documents, sentence) in zip(project.parse(sources), FAILURES, strict=True):
        assert sentence in str(seen["complaint"]), options
        assert seen["hosts"] == [], options


def test_a_failed_source_stops_ansible_or_is_a_warning_as_it_is_told(project: t.Any) -> None:
    project.state().write("shop/dev", b"")
    sentence = "shop/dev.json is damaged or cut short: it is empty."
    strict = project.list()
    assert strict.returncode != 0
    lenient = project.list(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false")
    assert lenient.returncode == 0
    assert lenient.group("pulumi_stacks") == []
    for answer in (strict, lenient):
        assert sentence in answer.complaints
        assert "Traceback" not in answer.complaints


@pytest.mark.parametrize("documents", [None, {}, {"new": NEVER_UPDATED, "old": checkpoint(resources=[])}])
def test_empty_may_be_allowed(project: t.Any, documents: dict[str, t.Any] | None) -> None:
    if documents is not None:
        state = project.state()
        for name, document in documents.items():
            state.write(f"shop/{name}", document)
    answer = project.list("allow_empty: true")
    assert answer.returncode == 0, answer.complaints
    assert answer.group("pulumi_stacks") == []


def test_pending_may_be_allowed(project: t.Any) -> None:
    state = project.state()
    state.write("shop/dev", checkpoint({"url": "x"}, pending_operations=[{}]))
    state.lock("organization/shop/dev")
    assert project.list("allow_pending: true").variables("dev")["pulumi_outputs"] == {"url": "x"}


RECORD = {"kind": "update", "startTime": 1790000000, "endTime": 1790000042, "result": "succeeded"}


def test_what_the_last_update_did(project: t.Any) -> None:
    state = project.state()
    state.write("shop/dev", checkpoint({"url": "x"}))
    state.history("shop/dev", 1790000042, RECORD)
    expected = {"kind": "update", "result": "succeeded", "started": 1790000000, "ended": 1790000042}
    assert project.list().variables("dev")["pulumi_update"] == expected
    state.history("shop/dev", 1790000099, RECORD | {"result": "failed"})
    refused = project.list("allow_pending: true")
    assert refused.returncode != 0
    assert "Stack shop/dev: the last update failed" in refused.complaints
    allowed = project.list("allow_failed: true").variables("dev")
    assert (allowed["pulumi_update"]["result"], allowed["pulumi_outputs"]) == ("failed", {"url": "x"})
    state.write("shop/dev", checkpoint(resources=[]))
    state.history("shop/dev", 1790000199, RECORD | {"kind": "destroy"})
    assert "Stack shop/dev holds no resources: it was destroyed" in project.list().complaints


def test_a_project_folder_names_project_and_backend(project: t.Any) -> None:
    state = project.state()
    for name in ("shop", "other"):
        state.write(f"{name}/dev", checkpoint({"from": name}, project=name))
    infra = project.folder / "infra"
    infra.mkdir()
    (infra / "Pulumi.yaml").write_text("name: shop\nruntime: nodejs\nbackend: {url: 'file://../state'}\n")
    own = project.list("project_dir: ../infra", backend="")
    assert own.complaints == ""
    assert own.variables("dev")["pulumi_outputs"] == {"from": "shop"}
    other = project.list("project_dir: ../infra\nproject: other", backend="")
    assert other.variables("dev")["pulumi_outputs"] == {"from": "other"}


def test_secrets_are_left_out_unless_asked_for(project: t.Any) -> None:
    outputs = {"url": "x", "pw": secret("geheim"), "db": {"user": "me", "password": secret("geheim")}}
    project.state().write("shop/dev", checkpoint(outputs, secrets_providers=passphrase_provider()))
    variables = project.list("flatten: leaves", PULUMI_CONFIG_PASSPHRASE=PASSPHRASE).variables("dev")
    assert (variables["pulumi_outputs"], variables["pulumi_secret_outputs"]) == ({"url": "x"}, ["db", "pw"])
    assert [name for name in variables if not name.startswith("pulumi_")] == ["url"]


def test_where_the_backend_is_told(project: t.Any, tmp_path: Path) -> None:
    project.state().write("shop/dev", checkpoint({"from": "file"}))
    (tmp_path / "other").mkdir()
    StateFolder(tmp_path / "other").write("shop/dev", checkpoint({"from": "elsewhere"}))
    elsewhere = f"file://{tmp_path}/other"

    def origin(**arguments: str) -> str:
        found: str = project.list(**arguments).variables("dev")["pulumi_outputs"]["from"]
        return found

    assert origin(PULUMI_BACKEND_URL=elsewhere) == "file"
    assert origin(backend="", PULUMI_BACKEND_URL=elsewhere) == "elsewhere"
    # From the environment a relative folder starts where the command runs, as for the Pulumi CLI.
    assert origin(backend="", PULUMI_BACKEND_URL="file://state") == "file"
    assert origin(backend="file://${STATE:-../state}") == "file"
    assert origin(backend="file://${STATE:-../state}", STATE=str(tmp_path / "other")) == "elsewhere"


def test_the_cache_answers_only_the_question_it_was_asked(project: t.Any) -> None:
    state = project.state()
    for name in ("dev", "prod"):
        state.write(f"shop/{name}", checkpoint({"n": 1}, stack=name))
    cached = f"cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: '{project.folder / 'kept'}'\n"
    assert project.list(cached).variables("dev")["pulumi_outputs"] == {"n": 1}
    state.write("shop/dev", checkpoint({"n": 2}))
    assert project.list(cached).variables("dev")["pulumi_outputs"] == {"n": 1}
    assert project.list(cached + "include: [dev]").variables("dev")["pulumi_outputs"] == {"n": 2}
    assert project.list().variables("dev")["pulumi_outputs"] == {"n": 2}


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("pulumi.yml", True), ("a.pulumi.yaml", True), ("pulumi.yml.yml", False), ("stacks.yml", False)],
)
def test_the_names_of_files(project: t.Any, name: str, accepted: bool) -> None:
    project.state().write("shop/dev", checkpoint())
    project.file = project.file.with_name(name)
    answer = project.list()
    assert (answer.returncode == 0) is accepted
    assert ("could not be verified" in answer.complaints) is not accepted


def test_the_documentation_is_complete(project: t.Any) -> None:
    run = project.command("doc", "-t", "inventory", "slipway.aws.pulumi", "--json")
    assert run.returncode == 0, run.stderr
    assert "slipway" not in run.stderr
    (document,) = json.loads(run.stdout).values()
    own = {"backend", "project", "project_dir", "stacks", "include", "exclude", "hostnames", "secret_outputs"}
    own |= {"resources", "flatten", "flatten_prefix", "allow_failed"}
    shared = {"compose", "groups", "keyed_groups", "strict", "cache", "cache_plugin"}
    assert own | shared | {"allow_empty", "allow_pending"} <= document["doc"]["options"].keys()
    assert document["examples"]

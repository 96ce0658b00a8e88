# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from ansible_collections.slipway.aws.plugins.inventory import pulumi
from ansible_collections.slipway.aws.plugins.plugin_utils import _pulumi_secrets
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_secrets import literal, mentioned, without
from jinja2 import Environment
from pulumi_state import PASSPHRASE, checkpoint, passphrase_provider, secret

# Each secret value holds a mark that is nowhere else.
MARKS = ("geheim", "4242", "4711", "8.25")
SECRETS: dict[str, t.Any] = {
    "text": "geheim",
    "like_object": '{"geheim": [1, null]}',
    "like_number": "0042420",
    "like_template": "{{ 'gehei' ~ 'm' }}",
    "multiple lines": "geheim\n\n",
    "number": 424242,
    "fraction": 8.25,
    "boolean": True,
    "nothing": None,
    "list": ["geheim", 4711, None, {"a": False}],
    "object": {"k": "geheim", "n": 4711, "none": None},
    'it\'s a "name" \\ 100%s {of} [0].x': "geheim",
}
PLAIN = {"url": "https://dev", "size": 80}
STRUCTURED = {"user": "me", "password": secret("geheim"), "hosts": ["a", secret({"name": "geheim"})], "pool": {"n": 5}}
STRUCTURE = {"user": "me", "password": "geheim", "hosts": ["a", {"name": "geheim"}], "pool": {"n": 5}}
OUTPUTS = {**PLAIN, "db": STRUCTURED, **{name: secret(value) for name, value in SECRETS.items()}}
VALUES = {**PLAIN, "db": STRUCTURE, **SECRETS}
DECRYPT = "secret_outputs: decrypt"
KNOWS = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
OLD = _pulumi_secrets.OLD_TEMPLATES
if OLD:  # such names are refused there
    VALUES = {name: value for name, value in VALUES.items() if "{" not in name}
    OUTPUTS = {name: value for name, value in OUTPUTS.items() if "{" not in name}


def written(project: t.Any, outputs: dict[str, t.Any], options: str = "") -> t.Any:
    """Write a stack with these outputs, and an inventory that decrypts them."""
    project.state().write("shop/dev", checkpoint(outputs, secrets_providers=passphrase_provider()))
    project.source(project.file.name, f"backend: file://../state\nstrict: true\n{DECRYPT}\n{options}")
    return project


def clear(text: str) -> list[str]:
    """Return the marks of secrets that a text shows. The names of outputs and folders hold none."""
    return [mark for mark in MARKS if mark in text]


COMPOSED = """
flatten: leaves
compose:
  copy: pulumi_outputs.db
  dsn: "'me:' ~ pulumi_outputs.db.password"
  more: number + 1
"""


@pytest.mark.parametrize(
    "arguments", [["--list"], ["--list", "--yaml"], ["--host", "dev"], ["--graph", "--vars"]], ids=" ".join
)
def test_listings_show_no_secret(project: t.Any, arguments: list[str]) -> None:
    written(project, OUTPUTS, COMPOSED)
    # The passphrase is there, so that nothing but our own care keeps the values out.
    run = project.command("inventory", "-i", str(project.file), *arguments, **KNOWS)
    assert run.returncode == 0, run.stderr
    assert "https://dev" in run.stdout
    assert "slipway.aws.pulumi_output'" in run.stdout
    assert clear(run.stdout + run.stderr) == []


def test_what_is_not_secret_shows_even_beside_secrets(project: t.Any) -> None:
    variables = written(project, OUTPUTS).ask(project.file).variables("dev")
    outputs = variables["pulumi_outputs"]
    assert {name: outputs[name] for name in PLAIN} == PLAIN
    assert (outputs["db"]["user"], outputs["db"]["hosts"][0], outputs["db"]["pool"]) == ("me", "a", {"n": 5})
    assert outputs["db"]["password"].startswith("{{ lookup('slipway.aws.pulumi_output', 'db', stack=")
    assert outputs["db"]["password"].endswith("['password'] }}")


def test_tasks_get_the_true_values_of_the_true_types(project: t.Any) -> None:
    written(project, OUTPUTS)
    assert project.evaluate("pulumi_outputs", **KNOWS) == VALUES
    expressions = {
        "pulumi_outputs.number + 1": 424243,
        "pulumi_outputs.nothing is none": True,
        "pulumi_outputs.boolean is sameas true": True,
        "pulumi_outputs.like_object | from_json": {"geheim": [1, None]},
        "pulumi_outputs['multiple lines']": "geheim\n\n",
        "pulumi_outputs.object.n + pulumi_outputs.list[1]": 9422,
        "hostvars.dev.pulumi_outputs.db.hosts[1].name": "geheim",
        "lookup('ansible.builtin.vars', 'pulumi_outputs').db.password": "geheim",
    }
    assert project.evaluate(f"[{', '.join(expressions)}]", **KNOWS) == list(expressions.values())


def test_flattened_and_composed_secrets_are_looked_up_too(project: t.Any) -> None:
    written(project, OUTPUTS, COMPOSED)
    expressions = {
        "text": "geheim",
        "like_object | from_json": {"geheim": [1, None]},
        "object": SECRETS["object"],
        "boolean": True,
        "number | int": 424242,
        "db": STRUCTURE,
        "db_password": "geheim",
        "db_hosts": STRUCTURE["hosts"],
        "db_pool_n": 5,
        "copy": STRUCTURE,
        "dsn": "me:geheim",
    }
    if not OLD:
        expressions |= {"number": 424242, "nothing": None, "more": 424243}
    assert project.evaluate(f"[{', '.join(expressions)}]", **KNOWS) == list(expressions.values())


def test_a_secret_is_an_error_where_it_is_used_and_nowhere_else(project: t.Any) -> None:
    written(project, {**PLAIN, "pw": secret("geheim")})
    run = project.adhoc("{{ pulumi_outputs.pw }}", PULUMI_CONFIG_PASSPHRASE="hunter2")
    assert run.returncode != 0
    complaint = " ".join((run.stdout + run.stderr).split())
    assert "The passphrase is not the one the stack's secrets were encrypted with" in complaint
    assert "hunter2" not in complaint
    if not OLD:
        assert project.evaluate("pulumi_outputs.url") == "https://dev"


def test_a_secret_of_a_stack_that_is_being_updated(project: t.Any) -> None:
    state = project.state()
    state.lock("organization/shop/dev")
    state.write("shop/dev", checkpoint({"pw": secret("geheim")}, secrets_providers=passphrase_provider()))
    project.source(project.file.name, f"backend: {state.url}\n{DECRYPT}\nallow_pending: true")
    assert project.evaluate("pulumi_outputs.pw", **KNOWS) == "geheim"


def test_a_cache_holds_no_secret_and_serves_as_well(project: t.Any) -> None:
    kept = project.folder / "kept"
    written(
        project, OUTPUTS, f"cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: '{kept}'\n{COMPOSED}"
    )
    assert project.evaluate("pulumi_outputs", **KNOWS) == VALUES
    files = [path.read_text() for path in kept.iterdir()]
    assert files
    assert clear("".join(files)) == []
    # A change of the state that the cache does not know of shows that the second answer came from it.
    later = checkpoint({**OUTPUTS, "url": "https://later"}, secrets_providers=passphrase_provider())
    project.state_folder.joinpath(".pulumi/stacks/shop/dev.json").write_text(json.dumps(later))
    assert project.evaluate("[pulumi_outputs.url, pulumi_outputs.db, dsn]", **KNOWS) == [
        "https://dev",
        STRUCTURE,
        "me:geheim",
    ]


def test_a_fact_cache_holds_no_secret_of_a_play_that_uses_some(project: t.Any, tmp_path: Path) -> None:
    written(project, OUTPUTS, COMPOSED)
    facts = tmp_path / "facts"
    tasks = [
        {"ansible.builtin.set_fact": {"known": "{{ pulumi_outputs.url }}", "cacheable": True}},
        {"ansible.builtin.assert": {"that": "pulumi_outputs.db.password | length == 6"}, "no_log": True},
    ]
    play = project.folder / "play.yml"
    play.write_text(json.dumps([{"hosts": "dev", "connection": "local", "gather_facts": False, "tasks": tasks}]))
    cache = {"ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(facts)}
    run = project.command("playbook", "-vvv", "-i", str(project.file), str(play), **cache, **KNOWS)
    assert run.returncode == 0, run.stdout + run.stderr
    files = "".join(path.read_text() for path in facts.iterdir())
    assert "https://dev" in files
    assert clear(files + run.stdout + run.stderr) == []


EVIL = "{{ lookup('ansible.builtin.pipe', 'echo pwned >&2; touch pwned') }}"


@pytest.mark.parametrize(
    "name",
    [
        EVIL,
        f"') }}}}{EVIL}{{{{ ('",
        f'"{EVIL}"',
        "' ~ lookup('ansible.builtin.pipe', 'touch pwned') ~ '",
        "\\' %d {# #}",
    ],
    ids=["a template", "out of the template", "in quotes", "out of the literal", "backslashes"],
)
def test_names_cannot_break_out_of_the_template(project: t.Any, name: str) -> None:
    written(project, {name: secret("geheim"), "db": {name: [secret(1)]}}, "flatten: outputs\nflatten_prefix: x_")
    if OLD and "{" in name:
        answer = project.ask(project.file)
        assert "has a name that ansible-core before 2.19 would evaluate" in answer.complaints
    else:
        assert project.evaluate("pulumi_outputs", **KNOWS) == {name: "geheim", "db": {name: [1]}}
        flattened = _flat(name)
        assert project.evaluate(f"[x_db, {flattened}]", **KNOWS) == [{name: [1]}, "geheim"]
    assert list(project.folder.rglob("pwned")) == []


def _flat(name: str) -> str:
    return "x_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)


GROUPING = {
    "hostnames: [pulumi_outputs.pw]": "The expression 'pulumi_outputs.pw' of the option hostnames uses the secret",
    "groups: {a: \"'x' in pulumi_outputs['pw']\"}": "of the option groups uses the secret pulumi_outputs.pw of stack",
    "keyed_groups: [{key: pulumi_outputs}]": "of the option keyed_groups uses the secret pulumi_outputs.pw",
    "keyed_groups: [{key: pulumi_outputs.url, parent_group: '{{ pulumi_outputs.pw }}'}]": "of the option keyed_groups",
    "flatten: outputs\ngroups: {a: pw is defined}": "uses the secret pw of stack shop/dev",
    "compose: {b: pulumi_outputs.pw}\ngroups: {a: b is defined}": "uses the secret b of stack shop/dev",
    "compose: {pulumi_outputs: pulumi_outputs.pw}": "compose makes pulumi_outputs of a secret and of itself",
    "backend: cli+postgres://me:hunter2@db/state": "Keep it in an environment variable",
    "backend: cli+azblob://state?password=hunter2": "Keep it in an environment variable",
}


def test_names_of_groups_and_hosts_cannot_tell_a_secret(project: t.Any) -> None:
    written(project, {**PLAIN, "pw": secret("geheim")})
    state = "file://../state"
    sources = [
        project.source(
            f"{number}.pulumi.yml", "\n".join(["" if "backend" in options else f"backend: {state}", DECRYPT, options])
        )
        for number, options in enumerate(GROUPING)
    ]
    for seen, (options, sentence) in zip(project.parse(sources), GROUPING.items(), strict=True):
        assert sentence in str(seen["complaint"]), options
        assert "hunter2" not in str(seen["complaint"])
        assert seen["hosts"] == [], options


def test_grouping_by_what_is_not_secret_needs_no_passphrase(project: t.Any) -> None:
    written(
        project,
        {**PLAIN, "pw": secret("geheim")},
        "compose: {address: pulumi_outputs.url, later: pulumi_outputs.pw}\n"
        "groups: {plain: pulumi_outputs.size == 80, composed: address == 'https://dev'}\n"
        "keyed_groups: [{key: pulumi_outputs.size | string, prefix: size}]",
    )
    answer = project.ask(project.file)
    assert answer.returncode == 0, answer.complaints
    assert answer.group("plain") == answer.group("composed") == answer.group("size_80") == ["dev"]
    variables = answer.variables("dev")
    assert (variables["address"], variables["later"]) == ("https://dev", "{{ pulumi_outputs.pw }}")


SPELLINGS = {
    "file://../state": "file:///a b/state",
    "file://${STATE}/x": "file:///50%25/x",
    "cli+file://../state": "cli+file:///a b/state",
    "s3://state?region=${REGION}": "s3://state?region=${REGION}",
    "cli+postgres://me:${PASSWORD}@db/state": "cli+postgres://me:${PASSWORD}@db/state",
    "cli": "cli",
}


@pytest.mark.parametrize("backend", SPELLINGS)
def test_a_reference_names_the_backend_without_telling_more(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("STATE", "/50%25"), ("REGION", "eu-west-1"), ("PASSWORD", "hunter2")):
        monkeypatch.setenv(name, value)
    options = dict.fromkeys(("project_dir", "allow_pending", "allow_failed")) | {"secret_outputs": "decrypt"}
    assert pulumi._where(options, backend, Path("/a b/inventory")) == {"backend": SPELLINGS[backend]}


def test_a_reference_puts_up_with_what_the_inventory_puts_up_with() -> None:
    options = {"project_dir": "../infra", "allow_pending": True, "allow_failed": False, "secret_outputs": "decrypt"}
    assert pulumi._where(options, None, Path("/inventory")) == {
        "allow_pending": True,
        "project_dir": "/inventory/../infra",
    }


@pytest.mark.parametrize(
    "text", ["plain", "it's", 'a "b"', "back\\slash\\n", "100 %s %c", "{{ x }}", "ünï 😀", "new\nline", ""]
)
def test_a_literal_is_what_it_was(text: str) -> None:
    template = "{{ [" + literal(text) + "] | tojson }}"
    assert json.loads(Environment(autoescape=True).from_string(template).render()) == [text]


DATA: dict[str, t.Any] = {
    "o": {"a": 1, "items": 2, "db": {"pw": None, "host": "h", "list": [0, None]}},
    "flat": None,
    "x": "y",
}
WAYS: set[tuple[str | int, ...]] = {("o", "db", "pw"), ("o", "db", "list", 1), ("flat",)}
MENTIONS = {
    "x": False,
    "o.a": False,
    "o['db'].host": False,
    "o.db.list[0]": False,
    "o.nothing.pw": False,
    "'o.db.pw'": False,
    "q.db.pw": False,
    "lookup('env', 'HOME')": False,
    "o.a if x else 1": False,
    "o": True,
    "o.db": True,
    "o.db.pw": True,
    "o.db.pw.more[0]": True,
    "(o).db['pw']": True,
    "o.db.list": True,
    "o.db.list[1]": True,
    "o.db.list[-1]": True,
    "o.db.list[1:]": True,
    "o.items": True,
    "o.items()": True,
    "o.get('a')": True,
    "o[x]": True,
    "o.db[x].more": True,
    "x[o.db.pw]": True,
    "flat": True,
    "flat | default('z')": True,
    "x if o.db.pw else 1": True,
    "[1, {'k': o.db}] | length": True,
    "x | map(o)": True,
    "vars.o.a": True,
    "hostvars[x].o.a": True,
    "lookup('vars', 'o').a": True,
    "query('ansible.builtin.varnames', '.*')": True,
    "lookup(x, 'o')": True,
}


@pytest.mark.parametrize("expression", MENTIONS)
def test_which_expressions_use_a_secret(expression: str) -> None:
    assert (mentioned("{{ " + expression + " }}", DATA, WAYS) is not None) is MENTIONS[expression]
    assert mentioned("{{ " + expression + " }}", DATA, set()) is None


def test_what_expressions_see_has_no_hole_that_looks_like_a_value() -> None:
    left = without(DATA, WAYS)
    assert left == {"o": {"a": 1, "items": 2, "db": {"host": "h"}}, "x": "y"}
    assert DATA["flat"] is None

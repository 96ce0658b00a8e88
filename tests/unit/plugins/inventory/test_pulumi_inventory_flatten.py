# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("cryptography")

from pulumi_state import StateFolder, checkpoint

OUTPUTS = {"url": "https://dev", "db.main": {"host": "h", "pool-size": {"max": 5}}, "hosts": [{"a": 1}], "9lives": None}
FLATTENED: dict[str, dict[str, t.Any]] = {
    "flatten: none": {},
    "flatten: outputs": {"url": "https://dev", "db_main": OUTPUTS["db.main"], "_9lives": None},
    "flatten: leaves": {
        "url": "https://dev",
        "db_main": OUTPUTS["db.main"],
        "db_main_host": "h",
        "db_main_pool_size": {"max": 5},
        "db_main_pool_size_max": 5,
        "_9lives": None,
    },
    "flatten: outputs\nflatten_prefix: infra-": {
        "infra_url": "https://dev",
        "infra_db_main": OUTPUTS["db.main"],
        "infra_hosts": [{"a": 1}],
        "infra_9lives": None,
    },
}


@pytest.mark.parametrize("options", FLATTENED, ids=[option.replace("\n", ", ") for option in FLATTENED])
def test_outputs_become_variables(project: t.Any, options: str) -> None:
    # hosts is a keyword of plays, so only a prefix makes it a variable.
    outputs = {name: value for name, value in OUTPUTS.items() if name != "hosts" or "prefix" in options}
    project.state().write("shop/dev", checkpoint(outputs))
    variables = project.list(f"{options}\nstrict: true\ncompose: {{composed: pulumi_outputs.url}}").variables("dev")
    assert variables["pulumi_outputs"] == outputs
    others = {name: value for name, value in variables.items() if not name.startswith("pulumi_")}
    assert others == {**FLATTENED[options], "composed": "https://dev"}


def test_expressions_see_flattened_variables(project: t.Any) -> None:
    project.state().write("shop/dev", checkpoint({"stage": "live", "db": {"host": "h"}}))
    answer = project.list(
        "strict: true\nflatten: leaves\nhostnames: [stage ~ 1]\n"
        "groups: {remote: db_host == 'h'}\nkeyed_groups: [{key: stage, prefix: stage}]"
    )
    assert answer.group("remote") == answer.group("stage_live") == ["live1"]


CLASHES: list[tuple[dict[str, t.Any], str, str]] = [
    ({"a-b": 1, "a.b": 2}, "", "The outputs a-b and a.b of stack shop/dev would both be the variable a_b"),
    ({"a": {"b": 1}, "a_b": 2}, "", "The outputs a.b and a_b of stack shop/dev would both be the variable a_b"),
    ({"a-b": 1, "a.b": 2}, "x_", "flatten_prefix would not tell them apart"),
    *(
        ({name: 1}, "", f"The output {name} of stack shop/dev cannot be the variable {name}: that name is taken")
        for name in ("ansible_host", "pulumi_project", "groups", "hostvars", "inventory_hostname", "hosts", "vars")
    ),
    ({"class": 1}, "", "cannot be the variable class: that name is taken. Set flatten_prefix"),
    ({"host": 1}, "ansible_", "The output host of stack shop/dev cannot be the variable ansible_host"),
]


def test_names_that_are_taken_are_refused(project: t.Any) -> None:
    sources = []
    for number, (outputs, prefix, _sentence) in enumerate(CLASHES):
        folder = project.folder / f"state {number}"
        folder.mkdir()
        StateFolder(folder).write("shop/dev", checkpoint(outputs))
        options = f"backend: file://../state {number}\nflatten: leaves\nflatten_prefix: '{prefix}'"
        sources.append(project.source(f"{number}.pulumi.yml", options))
    for seen, (outputs, _prefix, sentence) in zip(project.parse(sources), CLASHES, strict=True):
        assert sentence in str(seen["complaint"]), outputs
        assert seen["hosts"] == [], outputs

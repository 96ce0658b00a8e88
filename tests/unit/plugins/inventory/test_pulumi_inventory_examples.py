# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

pytest.importorskip("cryptography")

from pulumi_state import PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

PLUGIN = Path(__file__).parents[4] / "plugins" / "inventory" / "pulumi.py"


def examples() -> list[dict[str, t.Any]]:
    """Return the documented examples. They are data of the plugin's source: it need not be imported for them."""
    return list(yaml.safe_load_all(PLUGIN.read_text().partition('EXAMPLES = r"""')[2].partition('"""')[0]))


EXAMPLES = examples()
HOSTS = [
    ["other-dev", "shop-production-eu", "shop-production-scratch", "shop-production-us"],
    ["production-eu", "production-us"],
    ["production-eu", "production-us"],
    ["production-eu", "production-scratch", "production-us"],
    ["production-eu"],
    ["i-dev", "i-production-eu", "i-production-scratch", "i-production-us"],
]


@pytest.fixture
def state(project: t.Any) -> StateFolder:
    folder: StateFolder = project.state()
    for project_name, stack in (
        ("other", "dev"),
        *(("shop", f"production-{name}") for name in ("eu", "us", "scratch")),
    ):
        database = {"host": f"{stack}.internal", "password": secret("geheim")}
        document = checkpoint(
            {"delivery": {"schema": 1}, "database": database},
            project=project_name,
            stack=stack,
            secrets_providers=passphrase_provider(),
        )
        kind = "aws:ec2/instance:Instance"
        document["checkpoint"]["latest"]["resources"].append(
            {
                "urn": f"urn:pulumi:{stack}::{project_name}::{kind}::web",
                "type": kind,
                "custom": True,
                "id": f"i-{stack}",
                "outputs": {"privateIp": "10.0.0.7", "tags": {"Role": "web"}},
            }
        )
        folder.write(f"{project_name}/{stack}", document)
    infra = project.folder / "infra"
    infra.mkdir()
    (infra / "Pulumi.yaml").write_text("name: shop\nruntime: nodejs\nbackend: {url: 'file://../state'}\n")
    return folder


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_runs(project: t.Any, state: StateFolder, number: int) -> None:
    example = dict(EXAMPLES[number])
    environment = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
    if example.get("backend", "").startswith("s3:"):
        example["backend"] = state.url
    if not {"backend", "project_dir"} & example.keys():
        environment["PULUMI_BACKEND_URL"] = state.url
    project.file.write_text(yaml.safe_dump(example))
    answer = project.ask(project.file, **environment)
    assert answer.returncode == 0, answer.complaints
    assert answer.complaints == ""
    assert sorted(answer.listing["_meta"]["hostvars"]) == HOSTS[number]
    variables = answer.variables(HOSTS[number][0])
    wanted = {**example.get("compose", {}), **(example.get("resources") or [{}])[0].get("compose", {})}
    assert wanted.keys() <= variables.keys()
    if example.get("flatten") == "leaves":
        assert variables["infra_delivery_schema"] == 1
    if "database_url" in variables:
        dsn = project.evaluate("database_url", **environment)
        assert dsn == "postgres://shop:geheim@production-eu.internal"


def test_no_example_is_left_out() -> None:
    assert len(HOSTS) == len(EXAMPLES)

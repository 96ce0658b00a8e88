# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("cryptography")

from pulumi_state import NEVER_UPDATED, PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

INSTANCE = "aws:ec2/instance:Instance"


def resource(
    name: str, kind: str = INSTANCE, *, stack: str = "dev", identity: str | None = None, **outputs: t.Any
) -> t.Any:
    made = {"id": identity, "custom": True} if identity else {"custom": False}
    return {"urn": f"urn:pulumi:{stack}::shop::{kind}::{name}", "type": kind, "outputs": outputs, **made}


def root(stack: str = "dev") -> t.Any:
    return resource(f"shop-{stack}", "pulumi:pulumi:Stack", stack=stack)


def with_resources(stack: str, *resources: t.Any, **latest: t.Any) -> dict[str, t.Any]:
    return checkpoint(stack=stack, resources=[root(stack), *resources], **latest)


@pytest.fixture
def state(project: t.Any) -> StateFolder:
    folder: StateFolder = project.state()
    web = resource(
        "web", identity="i-1", privateIp="10.0.0.1", tags={"Role": "web"}, __meta="{}", password=secret("geheim")
    )
    database = resource("main", "aws:rds/instance:Instance", identity="db-1", address="db.internal")
    group = resource("a::b", "shop:index:Group", members=["i-1"])
    replaced = resource("web", identity="i-0", privateIp="10.0.0.9") | {"delete": True}
    folder.write(
        "shop/dev", with_resources("dev", replaced, web, database, group, secrets_providers=passphrase_provider())
    )
    folder.write(
        "shop/prod", with_resources("prod", resource("web", stack="prod", identity="i-2", privateIp="10.1.0.1"))
    )
    return folder


MACHINES = f"""
strict: true
resources:
  - type: {INSTANCE}
    compose: {{ansible_host: pulumi_resource.privateIp, who: "'resource'"}}
compose: {{who: "'all'", where: pulumi_stack}}
groups: {{live: pulumi_stack == 'prod'}}
keyed_groups: [{{key: pulumi_resource.tags.Role | default('other'), prefix: role}}]
"""


@pytest.mark.usefixtures("state")
def test_every_instance_is_a_host(project: t.Any) -> None:
    answer = project.list(MACHINES)
    assert answer.returncode == 0, answer.complaints
    assert answer.group("pulumi_resources") == ["i-1", "i-2"]
    assert answer.group("pulumi_stacks") == []
    assert (answer.group("live"), answer.group("role_web"), answer.group("role_other")) == (["i-2"], ["i-1"], ["i-2"])
    assert answer.variables("i-1") == {
        "ansible_host": "10.0.0.1",
        "pulumi_id": "i-1",
        "pulumi_name": "web",
        "pulumi_organization": "",
        "pulumi_project": "shop",
        "pulumi_resource": {"privateIp": "10.0.0.1", "tags": {"Role": "web"}},
        "pulumi_stack": "dev",
        "pulumi_type": INSTANCE,
        "pulumi_urn": f"urn:pulumi:dev::shop::{INSTANCE}::web",
        "where": "dev",
        "who": "resource",
    }


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("options", ["", "secret_outputs: decrypt"], ids=["omit", "decrypt"])
def test_secrets_of_resources_stay_out(project: t.Any, options: str) -> None:
    answer = project.list(f"{MACHINES}\n{options}", PULUMI_CONFIG_PASSPHRASE=PASSPHRASE)
    assert sorted(answer.variables("i-1")["pulumi_resource"]) == ["privateIp", "tags"]


WISHES = {
    f"resources: [{{type: {INSTANCE}}}]\ninclude: [prod]": ["i-2"],
    f"resources: [{{type: {INSTANCE}, hostnames: [pulumi_resource.no, pulumi_stack ~ pulumi_name]}}]": [
        "devweb",
        "prodweb",
    ],
    "resources: [{type: 'aws:*/instance:Instance'}]": ["db-1", "i-1", "i-2"],
    # A component has no id, and a name may hold what separates the parts of a URN.
    "resources: [{type: shop:index:Group}]": ["a::b"],
    # The first entry that fits has the resource; the others find it all the same.
    f"resources: [{{type: 'aws:ec2/*', hostnames: [pulumi_stack]}}, {{type: 'aws:*'}}, {{type: {INSTANCE}}}]": [
        "db-1",
        "dev",
        "prod",
    ],
    "allow_empty: true\nresources: [{type: aws:lambda/function:Function}]": [],
}


def test_which_resources(project: t.Any, state: StateFolder) -> None:
    sources = [
        project.source(f"{number}.pulumi.yml", f"backend: {state.url}\n{options}")
        for number, options in enumerate(WISHES)
    ]
    assert project.parse(sources) == [{"complaint": None, "hosts": hosts} for hosts in WISHES.values()]


FAILURES = {
    "resources: []": "The list of resources is empty",
    "resources: [{hostnames: [pulumi_id]}]": "resources[0] names no type",
    f"resources: [{{type: {INSTANCE}}}, {{type: x, name: y}}]": "resources[1] has the unknown key name. Known are",
    "resources: [{type: x, hostnames: pulumi_id}]": "resources[0].hostnames is not a list of expressions",
    "resources: [{type: x, compose: [y]}]": "resources[0].compose is not a dictionary of expressions",
    "resources: [{type: aws:ec2/instnce:Instance}]": "has a type that fits 'aws:ec2/instnce:Instance'",
    f"resources: [{{type: {INSTANCE}, hostnames: [pulumi_name]}}]": "Two hosts would be called web: resource urn",
    f"resources: [{{type: {INSTANCE}, hostnames: [pulumi_resource.no]}}]": "No expression of the option hostnames",
    f"strict: true\nresources: [{{type: {INSTANCE}, compose: {{a: pulumi_resource.no}}}}]": "Could not set a for",
}


def test_what_is_wrong_with_resources(project: t.Any, state: StateFolder) -> None:
    sources = [
        project.source(f"{number}.pulumi.yml", f"backend: {state.url}\n{options}")
        for number, options in enumerate(FAILURES)
    ]
    for seen, (options, sentence) in zip(project.parse(sources), FAILURES.items(), strict=True):
        assert sentence in str(seen["complaint"]), options
        assert seen["hosts"] == [], options


def test_a_cache_keeps_resources_and_asks_again_for_others(project: t.Any, state: StateFolder) -> None:
    cached = f"cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: '{project.folder / 'kept'}'\n"
    assert project.list(cached + MACHINES).group("pulumi_resources") == ["i-1", "i-2"]
    state.write("shop/prod", NEVER_UPDATED)
    answer = project.list(cached + MACHINES)
    assert answer.group("pulumi_resources") == ["i-1", "i-2"]
    assert answer.variables("i-2")["ansible_host"] == "10.1.0.1"
    other = project.list(cached + MACHINES.replace(INSTANCE, "aws:ec2/*"))
    assert "Stack shop/prod was never updated" in other.complaints

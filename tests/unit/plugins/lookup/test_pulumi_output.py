# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from pulumi_state import PASSPHRASE, StateFolder, checkpoint, passphrase_provider, secret

if t.TYPE_CHECKING:
    from conftest import Lookups

RIGHT = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
OUTPUTS = {
    "url": "https://x",
    "count": 3,
    "network": {"subnets": [{"id": "a"}, {"id": "b"}]},
    "expression": "{{ 1 + 1 }}",
    "password": secret("hunter2"),
}


class Shop:
    """A stack with some outputs, and how to ask for them."""

    def __init__(self, lookups: Lookups, state: StateFolder) -> None:
        self.lookups = lookups
        self.state = state
        state.write("shop/dev", checkpoint(OUTPUTS, secrets_providers=passphrase_provider()))

    def __call__(self, *terms: str, **options: t.Any) -> list[t.Any]:
        answer = self.lookups.ask(list(terms), {"stack": "dev", "backend": self.state.url} | options, {}, RIGHT)
        assert "complaint" not in answer, answer
        values: list[t.Any] = answer["values"]
        return values

    def complaint(self, *terms: str, **options: t.Any) -> str:
        answer = self.lookups.ask(list(terms), {"stack": "dev", "backend": self.state.url} | options, {}, RIGHT)
        assert not answer["chained"]
        complaint: str = answer["complaint"]
        assert "hunter2" not in complaint
        return complaint


@pytest.fixture
def shop(lookups: Lookups, state: StateFolder) -> Shop:
    return Shop(lookups, state)


def test_each_term_is_a_value_of_its_own_type(shop: Shop) -> None:
    assert shop("url", "count", "network.subnets[1].id", "network") == [
        "https://x",
        3,
        "b",
        {"subnets": [{"id": "a"}, {"id": "b"}]},
    ]


def test_no_terms_no_values(shop: Shop) -> None:
    assert shop() == []


def test_what_is_missing_is_an_error_that_names_what_is_near(shop: Shop) -> None:
    assert "Stack shop/dev: There is no output 'ulr'. Did you mean url?" in shop.complaint("url", "ulr")


@pytest.mark.parametrize("default", [None, "", 0, [], "x"])
def test_a_default_is_only_for_what_is_missing(shop: Shop, default: t.Any) -> None:
    assert shop("ulr", "network.subnets[7]", "url", default=default) == [default, default, "https://x"]
    assert "is secret" in shop.complaint("password", default=default)
    assert "There is no stack 'prod'" in shop.complaint("url", stack="prod", default=default)


def test_secrets_are_refused_or_decrypted(shop: Shop) -> None:
    assert "The output password is secret. Allow it to be decrypted" in shop.complaint("password")
    assert shop("password", secret_outputs="decrypt") == ["hunter2"]


def test_the_wrong_type_is_refused(shop: Shop) -> None:
    assert shop("network.subnets", type="list") == [[{"id": "a"}, {"id": "b"}]]
    assert "The output url is a text, not of the type list" in shop.complaint("url", type="list")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stack": "a b"}, "'a b' is not the name of a stack"),
        ({"backend": "gs://x"}, "cannot be read"),
        ({"backend": "file://${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE"),
        ({"type": "tuple"}, "tuple"),
        ({"colour": "red"}, "colour"),
        ({"project": "blog"}, "There is no stack 'dev' of project 'blog'"),
    ],
)
def test_questions_that_make_no_sense(shop: Shop, options: dict[str, t.Any], sentence: str) -> None:
    assert sentence in shop.complaint("url", **options)


def test_a_stack_has_to_be_named(shop: Shop) -> None:
    assert "stack" in shop.lookups.ask(["url"], {"backend": shop.state.url})["complaint"]


@pytest.mark.parametrize("spelling", ["dev", "organization/dev", "organization/shop/dev"])
def test_stacks_in_three_spellings(shop: Shop, spelling: str) -> None:
    assert shop("url", stack=spelling) == ["https://x"]


def test_a_project_folder_supplies_project_and_backend(shop: Shop, tmp_path: Path) -> None:
    shop.state.write("blog/dev", checkpoint({"url": "other"}, project="blog"))
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "Pulumi.yaml").write_text("name: blog\nruntime: go\nbackend: {url: 'file://../the state'}\n")
    options = {"stack": "dev", "project_dir": "infra"}
    assert shop.lookups.ask(["url"], options, {"playbook_dir": str(tmp_path)}) == {"values": ["other"]}


def test_a_relative_backend_starts_at_the_playbook(shop: Shop, tmp_path: Path) -> None:
    options = {"stack": "dev", "backend": "file://the state"}
    assert shop.lookups.ask(["url"], options, {"playbook_dir": str(tmp_path)}) == {"values": ["https://x"]}


def test_the_environment_names_the_backend(shop: Shop) -> None:
    environment = {"PULUMI_BACKEND_URL": shop.state.url}
    assert shop.lookups.ask(["url"], {"stack": "dev"}, {}, environment) == {"values": ["https://x"]}


def test_a_state_is_read_once_until_it_changes(shop: Shop) -> None:
    path = shop.state.write("shop/dev", checkpoint({"url": "https://one"}))
    assert shop("url") == ["https://one"]
    read = path.stat()
    shop.state.write("shop/dev", checkpoint({"url": "https://two"}))
    # As far as anybody can tell, nothing has changed.
    os.utime(path, ns=(read.st_atime_ns, read.st_mtime_ns))
    assert shop("url") == ["https://one"]
    os.utime(path)
    assert shop("url") == ["https://two"]


def test_no_secret_is_kept_in_clear(shop: Shop) -> None:
    assert shop("password", secret_outputs="decrypt") == ["hunter2"]
    folder = shop.lookups.cache
    kept = list(folder.iterdir())
    assert kept
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kept)
    assert not any(b"hunter2" in path.read_bytes() for path in kept)

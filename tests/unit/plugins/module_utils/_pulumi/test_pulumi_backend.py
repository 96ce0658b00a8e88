# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendEmptyError,
    BackendError,
    CheckpointError,
    SelectionError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection, select
from pulumi_state import StateFolder, checkpoint


def opened(state: StateFolder) -> Backend:
    return open_backend(state.url, base=pathlib.Path("/"), environment={})


def names(catalogue: t.Iterable[StackReference]) -> list[str]:
    return sorted(str(reference) for reference in catalogue)


def filled(state: StateFolder, *stacks: str) -> Backend:
    for name in stacks:
        state.write(name, checkpoint())
    return opened(state)


def test_the_catalogue_knows_state_files_from_everything_else(state: StateFolder) -> None:
    state.write("shop/dev", checkpoint())
    state.write("shop/prod", checkpoint(), suffix=".json.gz")
    state.write("blog/dev", b"anything", suffix=".json.zst")
    for odd in ("shop/dev.json.bak", "shop/dev.pulumi-tags", "shop/a b.json", "shop/deep/er/x.json", "legacy.json"):
        state.write(odd, b"{}", suffix="")
    assert names(opened(state).catalogue()) == ["blog/dev", "shop/dev", "shop/prod"]


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        (None, ["old"]),
        ("version: 0\n", ["old"]),
        ("version: 1\n", ["shop/new"]),
        ("# written by hand\nversion: 1 # current\n", ["shop/new"]),
        ('{"version": 1}', ["shop/new"]),
    ],
)
def test_the_layout_decides_which_stacks_there_are(tmp_path: Path, meta: str | None, found: list[str]) -> None:
    state = StateFolder(tmp_path, layout=0)
    backend = filled(state, "old", "shop/new")
    if meta is not None:
        (tmp_path / ".pulumi" / "meta.yaml").write_text(meta)
    assert names(backend.catalogue()) == found


def test_a_backend_that_declares_no_layout_may_be_the_new_one(tmp_path: Path) -> None:
    assert names(filled(StateFolder(tmp_path, layout=0), "shop/new").catalogue()) == ["shop/new"]


@pytest.mark.parametrize(
    ("meta", "sentence"),
    [
        ("version: 2\n", "has layout version 2; this version reads 0 and 1"),
        ("", "states no version"),
        ("version: one", "states no version"),
        ("\n" * 100_000, "states no version"),
    ],
)
def test_a_layout_nobody_knows(state: StateFolder, meta: str, sentence: str) -> None:
    (state.folder / ".pulumi" / "meta.yaml").write_text(meta)
    with pytest.raises(BackendError, match=sentence):
        filled(state, "shop/dev").catalogue()


@pytest.mark.parametrize("newest", [".json", ".json.gz"])
def test_the_newest_spelling_of_a_stack_counts(state: StateFolder, newest: str) -> None:
    for suffix in (".json", ".json.gz"):
        path = state.write("shop/dev", checkpoint(), suffix=suffix)
        os.utime(path, (1000, 2000 if suffix == newest else 1000))
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    assert entry.key == f".pulumi/stacks/shop/dev{newest}"
    assert backend.find(StackReference("shop", "dev")) == entry


@pytest.mark.parametrize("text", ["organization/shop/dev", "organization/prod", "prod"])
def test_locating_a_stack(state: StateFolder, text: str) -> None:
    backend = filled(state, "shop/dev", "blog/dev", "shop/prod")
    reference, entry = backend.locate(parse_stack_name(text))
    assert entry.key == f".pulumi/stacks/{reference}.json"
    assert reference.stack == text.rpartition("/")[2]
    assert reference.project == "shop"


def test_the_old_layout_takes_any_project(tmp_path: Path) -> None:
    backend = filled(StateFolder(tmp_path, layout=0), "dev")
    assert backend.locate(parse_stack_name("organization/shop/dev"))[0] == StackReference("", "dev")


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("dev", "more than one stack 'dev': blog/dev, shop/dev", "Name the project"),
        ("test", "There is no stack 'test' in file://", "It has blog/dev, shop/dev."),
        ("organization/shop/test", "There is no stack 'test' of project 'shop'", "It has blog/dev, shop/dev."),
        ("organization/nope/dev", "There is no stack 'dev' of project 'nope'", "It has blog/dev, shop/dev."),
    ],
)
def test_a_stack_that_cannot_be_told(state: StateFolder, text: str, sentence: str, hint: str) -> None:
    with pytest.raises(StackNotFoundError, match=sentence) as caught:
        filled(state, "shop/dev", "blog/dev").locate(parse_stack_name(text))
    assert str(caught.value.hint).startswith(hint)


def test_a_long_list_of_stacks_is_cut(state: StateFolder) -> None:
    backend = filled(state, *(f"shop/s{number:02}" for number in range(25)))
    with pytest.raises(StackNotFoundError) as caught:
        backend.locate(parse_stack_name("dev"))
    assert str(caught.value.hint).endswith("shop/s19 and 5 more.")


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), ["blog/dev", "shop/dev", "shop/prod-eu", "shop/prod-us"]),
        (Selection(project="shop"), ["shop/dev", "shop/prod-eu", "shop/prod-us"]),
        (Selection(include=("prod-*",)), ["shop/prod-eu", "shop/prod-us"]),
        (Selection(include=("shop/*",), exclude=("*-us",)), ["shop/dev", "shop/prod-eu"]),
        (Selection(exclude=("blog/*", "dev")), ["shop/prod-eu", "shop/prod-us"]),
        (Selection(project="shop", stacks=("dev",)), ["shop/dev"]),
        (Selection(stacks=("prod-us", "organization/blog/dev")), ["blog/dev", "shop/prod-us"]),
    ],
)
def test_selecting_stacks(state: StateFolder, selection: Selection, found: list[str]) -> None:
    backend = filled(state, "shop/dev", "shop/prod-eu", "shop/prod-us", "blog/dev")
    assert names(select(backend.catalogue(), selection, "here")) == found


@pytest.mark.parametrize(
    ("selection", "sentence"),
    [
        (Selection(project="nope"), "None of the 1 stacks in here is selected"),
        (Selection(include=("prod",)), "None of the 1 stacks in here is selected"),
        (Selection(exclude=("*",)), "None of the 1 stacks in here is selected"),
        (Selection(stacks=()), "The list of stacks is empty"),
        (Selection(stacks=("dev",), include=("dev",)), "stacks names what to take"),
    ],
)
def test_a_selection_of_nothing(state: StateFolder, selection: Selection, sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        select(filled(state, "shop/dev").catalogue(), selection, "here")


def test_a_backend_without_stacks_is_empty(state: StateFolder) -> None:
    with pytest.raises(BackendEmptyError, match="has no stacks"):
        select(opened(state).catalogue(), Selection(), "here")


def test_a_folder_without_any_state_is_empty(tmp_path: Path) -> None:
    backend = open_backend(f"file://{tmp_path}", base=tmp_path, environment={})
    assert backend.catalogue() == {}
    assert backend.locked() == set()


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BackendEmptyError, match="nowhere: the folder does not exist"):
        open_backend("file://nowhere", base=tmp_path, environment={})


def test_a_file_is_no_backend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BackendError, match="is not a folder"):
        open_backend("file://file", base=tmp_path, environment={})


def test_a_pipe_is_not_waited_for(state: StateFolder) -> None:
    (state.stacks / "shop").mkdir()
    os.mkfifo(state.stacks / "shop" / "dev.json")
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    with pytest.raises(CheckpointError, match="is not a regular file"):
        backend.read(entry)


def test_a_state_file_that_vanishes(state: StateFolder) -> None:
    path = state.write("shop/dev", checkpoint())
    backend = opened(state)
    entry = list(backend.catalogue().values())[-1]
    path.unlink()
    with pytest.raises(StackNotFoundError, match="was removed while it was being read"):
        backend.read(entry)


def test_locks_name_their_stacks(state: StateFolder) -> None:
    state.lock("organization/shop/dev")
    state.lock("legacy")
    (state.folder / ".pulumi" / "locks" / "stray").write_text("x")
    assert opened(state).locked() == {StackReference("shop", "dev"), StackReference("", "legacy")}

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import (
    StackName,
    StackReference,
    parse_stack_name,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dev", StackName("dev")),
        ("organization/dev", StackName("dev", organization="organization")),
        ("organization/shop/dev", StackName("dev", "shop", "organization")),
        ("prod_eu-1.blue", StackName("prod_eu-1.blue")),
    ],
)
def test_three_spellings(text: str, name: StackName) -> None:
    assert parse_stack_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "a b", "organization//dev", "organization/../dev", "..", "a/b/c/d", "dév", "x" * 101]
)
def test_no_name(text: str) -> None:
    with pytest.raises(StackNotFoundError, match="is not the name of a stack") as caught:
        parse_stack_name(text)
    assert "organization/project/stack" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "reference", "expected"),
    [
        ("dev", StackReference("shop", "dev", "acme"), True),
        ("acme/dev", StackReference("shop", "dev", "acme"), True),
        ("acme/shop/dev", StackReference("shop", "dev", "acme"), True),
        ("other/shop/dev", StackReference("shop", "dev", "acme"), False),
        ("acme/blog/dev", StackReference("shop", "dev", "acme"), False),
        ("organization/shop/dev", StackReference("shop", "dev"), True),
        ("prod", StackReference("shop", "dev"), False),
    ],
)
def test_which_stacks_a_name_means(name: str, reference: StackReference, expected: bool) -> None:
    assert parse_stack_name(name).matches(reference) is expected

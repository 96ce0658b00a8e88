# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import StackNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackName, parse_stack_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dev", StackName("dev")),
        ("organization/dev", StackName("dev")),
        ("organization/shop/dev", StackName("dev", "shop")),
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


def test_an_organization_of_the_cloud_is_refused() -> None:
    with pytest.raises(StackNotFoundError, match="begins with the organization 'acme'") as caught:
        parse_stack_name("acme/shop/dev")
    assert "'organization/shop/dev'" in str(caught.value.hint)

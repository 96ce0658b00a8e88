# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: delivery
short_description: Check a stack's delivery document
version_added: 0.1.0
author:
  - Slipway authors (@slipway-aws)
description:
  - Holds a delivery document against its JSON Schema and against itself, and returns it unchanged.
  - Fails with a sentence that names the place of everything that is wrong, for instance
    C(delivery.services.backend.cluster:) C(is missing).
requirements:
  - The Python library C(jsonschema) on the controller.
options:
  _input:
    description: The document, most often the variable C(delivery) that an inventory composes from a stack's outputs.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse to release to a stack that does not say where to
  ansible.builtin.set_fact:
    checked: "{{ delivery | slipway.aws.delivery }}"

- name: Show what runs in the stack
  ansible.builtin.debug:
    msg: "{{ (pulumi_outputs.delivery | slipway.aws.delivery).services | list }}"
"""

RETURN = r"""
_value:
  description: The document, unchanged.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.plugin_utils._delivery.validate import check_delivery


def delivery(document: t.Any) -> t.Any:
    try:
        check_delivery(document)
    except SlipwayError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from None
    return document


class FilterModule:
    """The filter C(slipway.aws.delivery)."""

    def filters(self) -> dict[str, t.Callable[[t.Any], t.Any]]:
        return {"delivery": delivery}

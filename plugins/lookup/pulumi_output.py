# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pulumi_output
short_description: Outputs of a Pulumi stack
version_added: 0.1.0
author:
  - Slipway authors (@slipway-aws)
description:
  - Reads outputs of a Pulumi stack straight from the backend that keeps its state, without the Pulumi CLI.
  - Each term is the name of an output, or a way into a structured one, such as C(network.subnets[0].id).
  - Whatever stands between the stack and a value that can be relied on is an error that says what to do.
    An output that is missing never becomes an empty text.
  - A state that has not changed is read once per run of Ansible, whoever asks for it.
extends_documentation_fragment:
  - slipway.aws._pulumi
options:
  _terms:
    description:
      - Names of outputs, or ways into them. A step is C(.key), C([0]), C([-1]) or C(["any key"]).
      - A name that is exported just as it is written wins, whatever characters it has.
    type: list
    elements: str
    required: true
  secret_outputs:
    description:
      - V(error) refuses values that are secret or contain a secret.
      - V(decrypt) decrypts them. Nothing marks a value that has left a lookup as secret, so set C(no_log=true) on each
        task that uses it.
    type: str
    choices: [error, decrypt]
    default: error
  type:
    description: Refuse values of any other type than this one.
    type: str
    choices: [text, number, boolean, list, object]
  default:
    description:
      - What to return for an output the stack does not have. Without it, a missing output is an error.
      - Applies only to what is missing. All other trouble is still an error.
    type: raw
seealso:
  - plugin: slipway.aws.pulumi
    plugin_type: inventory
  - module: slipway.aws.pulumi_stack_info
"""

EXAMPLES = r"""
- name: Show where the service answers
  ansible.builtin.debug:
    msg: "{{ lookup('slipway.aws.pulumi_output', 'url', stack='organization/shop/dev', backend='s3://acme-state') }}"

- name: Take a part of a structured output, and make sure that it is a list
  ansible.builtin.set_fact:
    subnets: >-
      {{ lookup('slipway.aws.pulumi_output', 'network.subnets', stack='dev', project_dir='../infra', type='list') }}

- name: Use a secret without showing it
  ansible.builtin.uri:
    url: https://example.com/
    headers:
      Authorization: "Bearer {{ token }}"
  vars:
    token: >-
      {{ lookup('slipway.aws.pulumi_output', 'token', stack='organization/shop/dev', secret_outputs='decrypt') }}
  no_log: true

- name: Take several outputs at once, one of which need not exist
  ansible.builtin.debug:
    msg: "{{ query('slipway.aws.pulumi_output', 'url', 'canary_url', stack='dev', default=none) }}"
"""

RETURN = r"""
_raw:
  description: One value for each term, of the type it has in the stack.
  type: list
  elements: raw
"""

import os
import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import OutputNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.info import DECRYPT, read_one
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.output_paths import nearest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_run import base_folder, run_cache


class LookupModule(LookupBase):
    """Options in, values out; what a stack is, the reader package knows."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        self.set_options(var_options=variables, direct=kwargs)
        options: dict[str, t.Any] = self.get_options()
        try:
            _check(kwargs, options)
            stack = read_one(options, base=base_folder(variables or {}), environment=os.environ, cache=run_cache())
            return [self._value(stack, str(term), options, has_default="default" in kwargs) for term in terms]
        except SlipwayError as error:
            # The sentence says it all; Ansible would print the chain of causes behind it.
            raise AnsibleLookupError(str(error)) from None

    @staticmethod
    def _value(stack: Stack, term: str, options: dict[str, t.Any], *, has_default: bool) -> t.Any:
        try:
            return stack.output(term, secrets=options["secret_outputs"] == DECRYPT, kind=options["type"])
        except OutputNotFoundError:
            if has_default:
                return options["default"]
            raise


def _check(given: t.Iterable[str], known: t.Iterable[str]) -> None:
    # Ansible passes over options a lookup does not have, and a misspelt one would be passed over as well.
    for name in given:
        if name not in known:
            raise SlipwayError(f"There is no option {name!r}.", hint=nearest(name, known, "There are"))

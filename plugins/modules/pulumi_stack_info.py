#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pulumi_stack_info
short_description: Read a Pulumi stack
version_added: 0.1.0
author:
  - Slipway authors (@slipway-aws)
description:
  - Reads a Pulumi stack straight from the backend that keeps its state, without the Pulumi CLI.
  - Returns its outputs, and what else the state knows, such as the last update and what that left unfinished.
    On request it returns resources, and the names the stack is configured with.
  - Whatever stands between the stack and values that can be relied on is an error that says what to do.
  - With a local connection the stack is read in the controller process, so that all tasks of a run read a state only
    once, and so that Ansible never prints a result with decrypted secrets. Elsewhere it is read on the host.
extends_documentation_fragment:
  - slipway.aws._pulumi
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
options:
  outputs:
    description:
      - The outputs to return, by name or by a way into a structured one, such as C(network.subnets[0].id).
      - A step is C(.key), C([0]), C([-1]) or C(["any key"]). One that is missing is an error.
      - Without this option all outputs are returned.
    type: list
    elements: str
  secret_outputs:
    description:
      - V(omit) leaves out all outputs that are secret or contain a secret, and refuses those that O(outputs) names.
      - V(decrypt) decrypts them. Ansible then shows nothing of the task's result, as if it had C(no_log=true), and what
        is registered holds the values.
    type: str
    choices: [omit, decrypt]
    default: omit
  resource_types:
    description:
      - Return resources whose type fits one of these shell patterns, for instance V(aws:ec2/instance:Instance) or V(*).
    type: list
    elements: str
    default: []
  config_keys:
    description: Return the names the last update was configured with. Their values are never returned.
    type: bool
    default: false
notes:
  - Set C(no_log=true) yourself where the module runs on another host and O(secret_outputs=decrypt), because connection
    plugins print what a module answers when they are told to be very verbose.
seealso:
  - plugin: slipway.aws.pulumi_output
    plugin_type: lookup
  - plugin: slipway.aws.pulumi
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Read all outputs of a stack that are not secret
  slipway.aws.pulumi_stack_info:
    stack: organization/shop/dev
    backend: s3://acme-state/pulumi?region=ap-northeast-1
  register: shop

- name: Read two values of the stack of a project next door
  slipway.aws.pulumi_stack_info:
    stack: dev
    project_dir: ../infra
    outputs:
      - cluster_name
      - network.subnets[0].id

- name: Read a secret; the result is not shown
  slipway.aws.pulumi_stack_info:
    stack: organization/shop/dev
    outputs: [database_password]
    secret_outputs: decrypt
  register: database

- name: Find out what a stack is made of
  slipway.aws.pulumi_stack_info:
    stack: organization/shop/dev
    resource_types: ["aws:ecs/*"]
    config_keys: true
    allow_failed: true
  register: parts
"""

RETURN = r"""
organization:
  description: The stack's organization. Empty for backends in folders and buckets, which have none.
  returned: success
  type: str
project:
  description: The stack's project.
  returned: success
  type: str
  sample: shop
stack:
  description: The stack's name.
  returned: success
  type: str
  sample: dev
outputs:
  description: The outputs, by name or by the way that O(outputs) gives.
  returned: success
  type: dict
  sample:
    cluster_name: shop-dev
secret_outputs:
  description: Names of the outputs that are secret or contain a secret.
  returned: success
  type: list
  elements: str
  sample: [database_password]
state_version:
  description: The version of the state's format.
  returned: success
  type: int
  sample: 3
pulumi_version:
  description: The version of Pulumi that wrote the state.
  returned: success
  type: str
  sample: v3.259.0
state_time:
  description: When the state was written.
  returned: success
  type: str
  sample: "2026-11-21T08:00:00Z"
last_update:
  description: The last thing Pulumi did to the stack. Null if the backend has no record of it.
  returned: success
  type: dict
  contains:
    kind:
      description: What was done.
      type: str
      sample: update
    result:
      description: How it ended.
      type: str
      sample: succeeded
    started:
      description: When it began, in seconds since 1970.
      type: int
    ended:
      description: When it ended, in seconds since 1970.
      type: int
    message:
      description: What its author said about it.
      type: str
    version:
      description: Its number, where the backend counts.
      type: int
pending_operations:
  description: What the last update began and did not finish. Never more than empty without O(allow_pending).
  returned: success
  type: list
  elements: dict
  contains:
    type:
      description: What was being done.
      type: str
      sample: creating
    urn:
      description: To which resource.
      type: str
resource_count:
  description: How many resources the stack has.
  returned: success
  type: int
  sample: 86
resources:
  description: The resources that O(resource_types) names, without outputs that are secret unless those are decrypted.
  returned: when O(resource_types) is given
  type: list
  elements: dict
  contains:
    urn:
      description: Pulumi's name for it.
      type: str
    type:
      description: Its type.
      type: str
      sample: aws:ecs/cluster:Cluster
    id:
      description: The provider's name for it.
      type: str
    outputs:
      description: What the provider said of it.
      type: dict
config_keys:
  description: The names the last update was configured with.
  returned: when O(config_keys=true)
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
      sample: aws:region
    secret:
      description: Whether its value is secret.
      type: bool
"""

import os
import pathlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.info import ARGUMENTS, stack_info


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = stack_info(module.params, base=pathlib.Path.cwd(), environment=os.environ, cache=None)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

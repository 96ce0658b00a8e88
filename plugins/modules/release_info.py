#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Read the receipts of past releases
version_added: 0.1.0
description:
  - Returns the receipts that M(slipway.aws.release_receipt) kept, the newest first.
  - A receipt that cannot be read is an error, not a gap. What a rollback relies on must not be guessed.
author:
  - Slipway authors (@slipway-aws)
options:
  ledger:
    description:
      - The stack's ledger in S3, as C(ledger) of the delivery document.
    type: dict
    suboptions:
      bucket:
        description: The bucket.
        type: str
        required: true
      prefix:
        description: The folder of the stack in the bucket.
        type: str
        default: ''
  directory:
    description:
      - The local folder receipts were kept in.
    type: path
  stack:
    description:
      - Return receipts of this stack only. A ledger has one stack anyway; a local folder may hold several.
    type: str
  outcomes:
    description:
      - Return receipts with one of these outcomes only.
    type: list
    elements: str
    choices: [succeeded, no_op, rolled_back, superseded, stopped, paused, timed_out, failed]
    default: []
  limit:
    description:
      - Return at most this many receipts.
    type: int
    default: 10
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
seealso:
  - module: slipway.aws.release_receipt
"""

EXAMPLES = r"""
- name: Find the last release of this stack that went well
  slipway.aws.release_info:
    ledger: "{{ delivery.ledger }}"
    outcomes: [succeeded]
    limit: 1
  register: last_good

- name: Read the receipts in a local folder
  slipway.aws.release_info:
    directory: receipts
    stack: chatbot-dev
"""

RETURN = r"""
receipts:
  description: The receipts, the newest first. Empty if there are none yet.
  returned: success
  type: list
  elements: dict
  sample:
    - finished_at: "2026-11-21T07:43:10Z"
      outcome: succeeded
      release_id: 4f2a9c1
      schema: 1
      stack: chatbot-dev
      started_at: "2026-11-21T07:40:00Z"
      units: {}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.history import look_back
from ansible_collections.slipway.aws.plugins.module_utils._ledger.receipt import OUTCOMES


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "ledger": {
                "type": "dict",
                "options": {
                    "bucket": {"type": "str", "required": True},
                    "prefix": {"type": "str", "default": ""},
                },
            },
            "directory": {"type": "path"},
            "stack": {"type": "str"},
            "outcomes": {"type": "list", "elements": "str", "choices": list(OUTCOMES), "default": []},
            "limit": {"type": "int", "default": 10},
        },
        required_one_of=[("ledger", "directory")],
        mutually_exclusive=[("ledger", "directory")],
        supports_check_mode=True,
    )
    try:
        result = look_back(module.params, Clients(module.params))
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

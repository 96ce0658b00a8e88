#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_receipt
short_description: Keep the receipt of a release
version_added: 0.1.0
description:
  - Writes down what a release was, what it changed and how it ended, as a JSON file in the stack's ledger, in a local
    folder, or in both.
  - Receipts are only ever added. The very same receipt a second time changes nothing; another one under the same name
    is an error that tells whose it is.
author:
  - Slipway authors (@slipway-aws)
options:
  receipt:
    description:
      - The receipt. It needs C(release_id), C(stack), C(outcome), C(started_at), C(finished_at) (times with their zone)
        and C(units), a dictionary keyed as the delivery document is. Anything else may be added; C(actor) is who a
        clash is blamed on.
      - Values whose key looks like that of a secret are written down as C((redacted)).
    type: dict
    required: true
  ledger:
    description:
      - The stack's ledger in S3, as C(ledger) of the delivery document. The receipt goes below C(receipts/) in it.
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
      - A local folder to keep the receipt in. It is made if it is missing.
    type: path
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
seealso:
  - module: slipway.aws.release_info
"""

EXAMPLES = r"""
- name: Keep the receipt with the stack and beside the report
  slipway.aws.release_receipt:
    receipt:
      release_id: 4f2a9c1
      stack: chatbot-dev
      outcome: succeeded
      actor: ci
      started_at: "2026-11-21T07:40:00Z"
      finished_at: "2026-11-21T07:43:10Z"
      units:
        services:
          backend: {outcome: succeeded, before: "chatbot:41", after: "chatbot:42"}
    ledger: "{{ delivery.ledger }}"
    directory: receipts
"""

RETURN = r"""
path:
  description: The local file. Null without O(directory).
  returned: success
  type: str
  sample: receipts/20261121T074310Z-4f2a9c1.json
uri:
  description: The object in S3. Null without O(ledger).
  returned: success
  type: str
  sample: s3://chatbot-ledger/chatbot-dev/receipts/20261121T074310Z-4f2a9c1.json
receipt:
  description: The receipt as it is kept.
  returned: success
  type: dict
  sample:
    finished_at: "2026-11-21T07:43:10Z"
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
from ansible_collections.slipway.aws.plugins.module_utils._ledger.record import record


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "receipt": {"type": "dict", "required": True},
            "ledger": {
                "type": "dict",
                "options": {
                    "bucket": {"type": "str", "required": True},
                    "prefix": {"type": "str", "default": ""},
                },
            },
            "directory": {"type": "path"},
        },
        required_one_of=[("ledger", "directory")],
        supports_check_mode=True,
    )
    try:
        result = record(module.params, Clients(module.params), check_mode=module.check_mode)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()

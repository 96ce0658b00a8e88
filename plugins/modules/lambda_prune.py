#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_prune
short_description: Delete old versions of Lambda functions that nothing needs
version_added: 0.1.0
description:
  - Deletes the published versions of a function beyond the newest O(keep), except those that something may still need.
  - A version stays if an alias sends callers to it, if only a share of them, if instances of it are kept warm, if an
    event source calls it, if O(keep_versions) or O(receipts) name it, and, with O(only_ours), if no release of this
    collection made it.
  - What cannot be found out stops it before anything is deleted. Functions themselves are never deleted.
author:
  - Slipway authors (@slipway-aws)
options:
  functions:
    description:
      - The functions to prune, by the name people know them by. Each is a dictionary with the function's C(name); other
        keys are ignored. The C(functions) of a delivery document fit as they are.
    type: dict
    required: true
  keep:
    description: How many of the newest versions of each function stay in any case.
    type: int
    default: 10
  keep_versions:
    description: Versions that stay, as a list for each name in O(functions).
    type: dict
    default: {}
  receipts:
    description:
      - Receipts of releases, as RV(slipway.aws.release_info#module:receipts) has them. The versions that callers got
        before and after each of them stay, so that a rollback finds them.
    type: list
    elements: dict
    default: []
  only_ours:
    description:
      - Whether versions stay that no release of this collection made, for instance those of the infrastructure. What it
        made says so in its description.
    type: bool
    default: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - API Gateway, EventBridge rules, Step Functions, distributions and programs that name a version by its number are not
    asked. Let them use an alias, or put that version into O(keep_versions).
  - Needs C(lambda:GetFunction), C(lambda:ListVersionsByFunction), C(lambda:ListAliases),
    C(lambda:ListProvisionedConcurrencyConfigs) and C(lambda:DeleteFunction) on the functions and their versions, and
    C(lambda:ListEventSourceMappings).
seealso:
  - module: slipway.aws.lambda_deploy
  - module: slipway.aws.release_info
"""

EXAMPLES = r"""
- name: Read the receipts a rollback may go by
  slipway.aws.release_info:
    ledger: "{{ delivery.ledger }}"
    limit: 20
  register: history

- name: Keep ten versions of each function, and whatever is needed
  slipway.aws.lambda_prune:
    functions: "{{ delivery.functions }}"
    receipts: "{{ history.receipts }}"

- name: See what would go if only three were kept
  slipway.aws.lambda_prune:
    functions:
      chat: {name: course-prod-chat}
    keep: 3
    keep_versions: {chat: [17]}
  check_mode: true
  diff: true
"""

RETURN = r"""
functions:
  description: What became of the versions of each function, by its name.
  returned: always, unless the options were refused
  type: dict
  contains:
    function:
      description: The function.
      returned: always
      type: str
      sample: course-prod-chat
    published:
      description: How many versions there were before.
      returned: always
      type: int
      sample: 14
    deleted:
      description: The versions that were deleted, or would be in check mode, the oldest first.
      returned: always
      type: list
      elements: str
      sample: ["3", "4"]
    kept:
      description: The versions that stay, the oldest first.
      returned: always
      type: list
      elements: dict
      contains:
        version:
          description: Its number.
          returned: always
          type: str
        reasons:
          description:
            - Why it stays. Who uses it is only asked where something could go at all.
            - Empty for what Lambda refused to delete.
          returned: always
          type: list
          elements: str
          sample: [alias live sends callers to it]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.prune import ARGUMENTS, prune


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = prune(module.params, check_mode=module.check_mode, diff=module._diff)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

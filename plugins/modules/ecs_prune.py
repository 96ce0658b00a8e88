#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_prune
short_description: Deregister old revisions of ECS task definitions that nothing needs
version_added: 0.1.0
description:
  - Deregisters the active revisions of a family beyond the newest O(keep), except those that something may still need.
  - A revision stays if a service is set to it, if a deployment or a task set of a service has it, if a running task has
    it, one-off tasks among them, if one of the last five successful deployments of a service went to it or came from
    it, if it is the base of one of O(services), if O(keep_revisions) or O(receipts) name it, and, with O(only_ours), if
    no release of this collection made it.
  - What cannot be found out stops it before anything is deregistered, with one exception. Where an endpoint does not
    know service deployments at all, it says so in RV(not_asked) and goes on.
  - A deregistered revision goes on running where it runs, but no service can be set to it again.
author:
  - Slipway authors (@slipway-aws)
options:
  services:
    description:
      - The services whose families to prune, by any name. Each is a dictionary with C(cluster) and C(service); other
        keys are ignored, except that the revision in C(task_definition) stays. The C(services) of a delivery document
        fit as they are.
    type: dict
    default: {}
  families:
    description: Families to prune besides, without a revision.
    type: list
    elements: str
    default: []
  clusters:
    description:
      - The clusters to ask who uses what, by name or ARN; those of O(services) are always asked. Without this option,
        all clusters of the account and region are.
      - V([]) asks those of O(services) alone, which is enough where their families are used nowhere else.
    type: list
    elements: str
  keep:
    description: How many of the newest active revisions of each family stay in any case.
    type: int
    default: 10
  keep_revisions:
    description: Revisions that stay, as C(family:revision) or ARN.
    type: list
    elements: str
    default: []
  receipts:
    description:
      - Receipts of releases, as RV(slipway.aws.release_info#module:receipts) has them. Every revision whose ARN stands
        in one of them stays.
    type: list
    elements: dict
    default: []
  keep_receipts:
    description: Go by so many of the newest O(receipts) only. Without it, by all of them.
    type: int
  only_ours:
    description:
      - Whether revisions stay that no release of this collection made, for instance those of the infrastructure. What
        it made has the tag C(slipway:fingerprint).
    type: bool
    default: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - EventBridge rules, EventBridge Scheduler, Step Functions and programs that start tasks are not asked. If one of them
    names a revision, and not just a family, put that revision into O(keep_revisions).
  - Services of other accounts and regions are not asked; a task definition is known in its own only.
  - Needs C(ecs:ListTaskDefinitions), C(ecs:DeregisterTaskDefinition), C(ecs:DescribeTaskDefinition),
    C(ecs:ListServices), C(ecs:DescribeServices), C(ecs:ListTasks), C(ecs:DescribeTasks),
    C(ecs:ListServiceDeployments), C(ecs:DescribeServiceDeployments), C(ecs:DescribeServiceRevisions), and
    C(ecs:ListClusters) unless O(clusters) is given.
seealso:
  - module: slipway.aws.ecs_deploy
  - module: slipway.aws.release_info
"""

EXAMPLES = r"""
- name: Read the receipts a rollback may go by
  slipway.aws.release_info:
    ledger: "{{ delivery.ledger }}"
    limit: 20
  register: history

- name: Keep ten revisions of each service, and whatever is needed
  slipway.aws.ecs_prune:
    services: "{{ delivery.services }}"
    receipts: "{{ history.receipts }}"

- name: See what would go if only three were kept
  slipway.aws.ecs_prune:
    services:
      backend: {cluster: chatbot-dev, service: chatbot-dev-backend}
    clusters: []
    keep: 3
  check_mode: true
  diff: true

- name: Clear up after jobs, but not the revision that a schedule names
  slipway.aws.ecs_prune:
    families: [nightly-report]
    keep: 5
    keep_revisions: ["nightly-report:17"]
    only_ours: false
"""

RETURN = r"""
deregistered:
  description: The ARNs of the revisions that were deregistered, or would be in check mode.
  returned: always, unless the options were refused
  type: list
  elements: str
  sample: ["arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:7"]
families:
  description: What became of each family, by its name.
  returned: always, unless the options were refused
  type: dict
  contains:
    active:
      description: How many revisions were active before.
      returned: always
      type: int
      sample: 14
    kept:
      description: The revisions that stay, the oldest first.
      returned: always
      type: list
      elements: dict
      contains:
        revision:
          description: Its ARN.
          returned: always
          type: str
        reasons:
          description:
            - Why it stays. Who uses it is only asked where something could go at all.
            - Empty for what ECS refused to deregister, or was not asked to because it had refused another.
          returned: always
          type: list
          elements: str
          sample: [service chatbot-dev-backend in cluster chatbot-dev is set to it]
    deregistered:
      description: The ARNs of those that went, or would go in check mode.
      returned: always
      type: list
      elements: str
not_asked:
  description: What this endpoint could not be asked, as sentences.
  returned: always, unless the options were refused
  type: list
  elements: str
  sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune import ARGUMENTS, prune
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = prune(module.params, check_mode=module.check_mode, diff=module._diff)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_diagnose
short_description: Say why an ECS service does not come up
version_added: 0.1.0
description:
  - Gathers what ECS, the load balancer and the logs say about one deployment of a service, and names the cause, with
    the words that prove it and what to do next. It works at any time, also for services that nobody shipped with this
    collection.
  - ECS forgets stopped tasks after about an hour, so ask soon.
  - What may not be read is named in the answer, and never hides the failure itself.
  - Log lines, reasons and commands are returned without what looks like a secret. The values of environment variables
    whose names look like one are masked wherever they show up.
author:
  - Slipway authors (@slipway-aws)
options:
  cluster:
    description: The cluster, by name or ARN.
    type: str
    required: true
  service:
    description: The service, by name or ARN.
    type: str
    required: true
  deployment:
    description:
      - The deployment to look at, as C(ecs-svc/<number>).
      - Without this option it is one that failed, as long as the service still lists it, and else the primary one.
    type: str
  task_definition:
    description:
      - The revision that O(deployment) deploys. Needed only for its roles and secrets, and only when the service lists
        the deployment no more and none of its tasks is left to ask.
    type: str
  log_lines:
    description:
      - Read at most this many of the last lines of each container. V(0) reads no logs.
    type: int
    default: 50
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
notes:
  - Needs C(ecs:DescribeServices), C(ecs:DescribeTaskDefinition), C(ecs:ListTasks), C(ecs:DescribeTasks),
    C(logs:GetLogEvents), C(elasticloadbalancing:DescribeTargetHealth) and C(elasticloadbalancing:DescribeTargetGroups).
    With C(iam:ListRolePolicies), C(iam:GetRolePolicy), C(iam:ListAttachedRolePolicies), C(iam:GetPolicy) and
    C(iam:GetPolicyVersion) it also shows which statement of the task role is wrong when S3 denies access.
seealso:
  - module: slipway.aws.ecs_deploy
"""

EXAMPLES = r"""
- name: Ask why the service does not come up
  slipway.aws.ecs_diagnose:
    region: ap-northeast-1
    cluster: chatbot-dev
    service: chatbot-dev-backend
  register: why

- name: Show it
  ansible.builtin.debug:
    msg: "{{ why.summary.splitlines() }}"

- name: Look at a deployment that was rolled back
  slipway.aws.ecs_diagnose:
    cluster: chatbot-dev
    service: chatbot-dev-backend
    deployment: ecs-svc/1234567890123456789
"""

RETURN = r"""
healthy:
  description:
    - Whether the deployment is complete, everything it should run runs, and its tasks do not die again and again.
  returned: success
  type: bool
  sample: false
diagnoses:
  description: The causes, the best explanation first. Empty when nothing is wrong, or nothing has gone wrong yet.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: The cause by name. The documentation page on diagnosis lists them all.
      type: str
      returned: always
      sample: aws_access_denied
    confidence:
      description: How sure it is. One of V(certain), V(likely), V(possible).
      type: str
      returned: always
      sample: certain
    explanation:
      description: The cause, in a sentence or two.
      type: str
      returned: always
    fix:
      description: What to do next, with names, ARNs and policy statements.
      type: str
      returned: always
    fatal:
      description: Whether waiting will not mend it.
      type: bool
      returned: always
    tasks:
      description: The tasks that died of it.
      type: list
      elements: str
      returned: always
    evidence:
      description: What says so, word for word, each as C(where) and C(text).
      type: list
      elements: dict
      returned: always
    statement:
      description: The policy statement that would allow what was denied.
      type: dict
      returned: always, null for other causes
    faulty_statement:
      description: The statement of the task role that was meant to allow it, if it could be read.
      type: dict
      returned: always, null for other causes
summary:
  description: Cause, evidence and fix as text.
  returned: success
  type: str
  sample: "Service chatbot in cluster dev is healthy: 2 of 2 tasks running."
evidence:
  description: What was gathered. C(unreadable) names what was not.
  returned: success
  type: dict
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnose import examine
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "deployment": {"type": "str"},
            "task_definition": {"type": "str"},
            "log_lines": {"type": "int", "default": 50},
        },
        supports_check_mode=True,
    )
    try:
        result = examine(module.params, Clients(module.params))
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

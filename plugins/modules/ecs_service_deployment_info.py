#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_service_deployment_info
short_description: Tell how the deployments of an ECS service went
version_added: 0.1.0
description:
  - Reads the service deployments of one service, each with its status, its revisions and why it ended as it did.
  - ECS keeps them for 90 days. Where there are none, because the service is older than them or the endpoint does not
    know them, it returns what the service itself says about its latest deployments, and says so in RV(source).
author:
  - Slipway authors (@slipway-aws)
options:
  cluster:
    description: The cluster, by name or ARN. Required without O(deployments).
    type: str
  service:
    description: The service, by name or ARN. Required without O(deployments).
    type: str
  deployments:
    description: The ARNs of the service deployments to read. All other options then count for nothing.
    type: list
    elements: str
  statuses:
    description: Only deployments in one of these states. Without it, all of them.
    type: list
    elements: str
    choices:
      - PENDING
      - IN_PROGRESS
      - SUCCESSFUL
      - STOP_REQUESTED
      - STOPPED
      - ROLLBACK_REQUESTED
      - ROLLBACK_IN_PROGRESS
      - ROLLBACK_SUCCESSFUL
      - ROLLBACK_FAILED
  created_after:
    description:
      - Only deployments that were created at this time or later, in ISO 8601, for instance V(2026-01-31T12:00:00Z).
        Without an offset it is in UTC.
    type: str
  created_before:
    description: Only deployments that were created at this time or earlier, written as O(created_after) is.
    type: str
  max_results:
    description: Return at most this many deployments.
    type: int
    default: 20
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
notes:
  - Needs C(ecs:ListServiceDeployments) and C(ecs:DescribeServiceDeployments), and C(ecs:DescribeServices) where
    there are none.
seealso:
  - module: slipway.aws.ecs_service_revision_info
  - module: slipway.aws.ecs_diagnose
"""

EXAMPLES = r"""
- name: How did the latest deployment go?
  slipway.aws.ecs_service_deployment_info:
    cluster: chatbot-dev
    service: chatbot-dev-backend
    max_results: 1
  register: latest

- name: Everything that was rolled back since the beginning of the year
  slipway.aws.ecs_service_deployment_info:
    cluster: chatbot-dev
    service: chatbot-dev-backend
    statuses: [ROLLBACK_SUCCESSFUL, ROLLBACK_FAILED]
    created_after: "2026-01-01"
    max_results: 100
"""

RETURN = r"""
source:
  description:
    - Where the deployments were read. V(service_deployments) are what ECS recorded of each, V(service) is what the
      service itself lists, which is less and only of the latest.
  returned: success
  type: str
  sample: service_deployments
source_reason:
  description: Why RV(source) is V(service). Null otherwise.
  returned: success
  type: str
  sample: ECS lists no service deployment of this service.
deployments:
  description:
    - The deployments, the newest first. Keys of the API that are not described here are returned too, in snake case.
    - What RV(source) does not tell is null or empty.
  returned: success
  type: list
  elements: dict
  contains:
    service_deployment_arn:
      description: The ARN. Null with RV(source=service).
      returned: always
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/chatbot-dev/backend/0123456789abcdef
    id:
      description: The id that the service lists it under, with RV(source=service).
      returned: always
      type: str
      sample: ecs-svc/1234567890123456789
    status:
      description:
        - The state, one of the choices of O(statuses).
        - With RV(source=service) also V(FAILED), because the service does not say whether a failed one was rolled back.
      returned: always
      type: str
      sample: SUCCESSFUL
    status_reason:
      description: Why it is in that state.
      returned: always
      type: str
      sample: "Service deployment rolled back because the circuit breaker threshold was exceeded."
    lifecycle_stage:
      description: How far a blue/green, linear or canary deployment has come.
      returned: always
      type: str
      sample: BAKE_TIME
    created_at:
      description: When it was created, in UTC.
      returned: always
      type: str
      sample: "2026-01-31T12:00:00Z"
    started_at:
      description: When it was started.
      returned: always
      type: str
    finished_at:
      description: When it ended.
      returned: always
      type: str
    stopped_at:
      description: When it was stopped.
      returned: always
      type: str
    updated_at:
      description: When something about it last changed.
      returned: always
      type: str
    task_definition:
      description: The task definition it brings, with RV(source=service). Otherwise ask for the revision.
      returned: always
      type: str
    target_service_revision:
      description:
        - The revision it brings, with C(arn), C(requested_task_count), C(running_task_count) and C(pending_task_count).
      returned: always
      type: dict
    source_service_revisions:
      description: The revisions it replaces, in the same shape.
      returned: always
      type: list
      elements: dict
    rollback:
      description: The way back, with C(reason), C(started_at) and C(service_revision_arn).
      returned: always
      type: dict
    deployment_circuit_breaker:
      description: The circuit breaker, with C(status), C(failure_count) and C(threshold).
      returned: always
      type: dict
    alarms:
      description: The alarms, with C(status), C(alarm_names) and C(triggered_alarm_names).
      returned: always
      type: dict
    deployment_configuration:
      description: How it was to be done.
      returned: always
      type: dict
    lifecycle_hook_details:
      description: Hooks that hold it up, with C(hook_id), C(status) and C(expires_at).
      returned: always
      type: list
      elements: dict
missing:
  description: Those ARNs of O(deployments) that ECS does not know.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.service_deployments import (
    DEPLOYMENT_ARGUMENTS,
    deployments,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(argument_spec=DEPLOYMENT_ARGUMENTS, supports_check_mode=True)
    try:
        result = deployments(Clients(module.params)("ecs"), module.params)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

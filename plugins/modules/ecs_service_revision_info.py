#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_service_revision_info
short_description: Tell what a revision of an ECS service consists of
version_added: 0.1.0
description:
  - Reads service revisions, which are what ECS recorded of a service for one deployment, with its task definition, its
    network and the digests of the images that run, whatever their tags are moved to.
  - ECS made none before October 25, 2024.
author:
  - Slipway authors (@slipway-aws)
options:
  revisions:
    description: The ARNs of the revisions. Without it, those that run in O(service) now.
    type: list
    elements: str
  cluster:
    description: The cluster, by name or ARN. Required without O(revisions).
    type: str
  service:
    description: The service, by name or ARN. Required without O(revisions).
    type: str
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
notes:
  - Needs C(ecs:DescribeServiceRevisions), and without O(revisions) C(ecs:DescribeServices) and
    C(ecs:ListServiceDeployments).
seealso:
  - module: slipway.aws.ecs_service_deployment_info
"""

EXAMPLES = r"""
- name: Which images run now?
  slipway.aws.ecs_service_revision_info:
    cluster: chatbot-dev
    service: chatbot-dev-backend
  register: current

- name: Show them
  ansible.builtin.debug:
    msg: "{{ current.revisions | map(attribute='images') }}"

- name: What did a deployment bring?
  slipway.aws.ecs_service_revision_info:
    revisions: ["{{ latest.deployments[0].target_service_revision.arn }}"]
"""

RETURN = r"""
source:
  description:
    - Where the ARNs came from. V(revisions) is the option, V(service) the service itself, V(service_deployments) its
      newest deployment, where the service names none, and V(none) means that there are none.
  returned: success
  type: str
  sample: service
source_reason:
  description: Why RV(source) is V(service_deployments) or V(none). Null otherwise.
  returned: success
  type: str
revisions:
  description:
    - The revisions, the newest first. Keys of the API that are not described here are returned too, in snake case.
  returned: success
  type: list
  elements: dict
  contains:
    service_revision_arn:
      description: The ARN.
      returned: always
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:service-revision/chatbot-dev/backend/1234567890123456789
    service_arn:
      description: The service.
      returned: always
      type: str
    created_at:
      description: When it was created, in UTC.
      returned: always
      type: str
      sample: "2026-01-31T12:00:00Z"
    task_definition:
      description: The task definition.
      returned: always
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:42
    images:
      description: By container, the C(image) as the task definition has it and the C(digest) that runs.
      returned: always
      type: dict
      sample:
        app:
          image: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chatbot:latest
          digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    container_images:
      description: The same as ECS answers it, a list with C(container_name), C(image) and C(image_digest).
      returned: when ECS knows them
      type: list
      elements: dict
    requested_task_count:
      description: How many tasks of it are wanted. Null unless RV(source=service).
      returned: always
      type: int
      sample: 2
    running_task_count:
      description: How many tasks of it run. Null unless RV(source=service).
      returned: always
      type: int
      sample: 2
    pending_task_count:
      description: How many tasks of it are about to run. Null unless RV(source=service).
      returned: always
      type: int
      sample: 0
    network_configuration:
      description: Subnets, security groups and whether it has public addresses.
      returned: for the network mode C(awsvpc)
      type: dict
    load_balancers:
      description: The target groups it is registered with.
      returned: when there are any
      type: list
      elements: dict
missing:
  description: Those ARNs that ECS does not know.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.service_deployments import (
    REVISION_ARGUMENTS,
    revisions,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(argument_spec=REVISION_ARGUMENTS, supports_check_mode=True)
    try:
        result = revisions(Clients(module.params)("ecs"), module.params)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()

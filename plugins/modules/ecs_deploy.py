#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_deploy
short_description: Ship images to ECS services and watch each deployment to its end
version_added: 0.1.0
description:
  - Lays image digests and environment over the task definition that the infrastructure owns, registers a revision only
    when that changes what would run, updates each service once, and follows that very deployment to its outcome.
  - A deployment that the circuit breaker rolled back is a failure here, although the service is stable again.
  - Services ship in waves, in the order the key C(after) in O(services) asks for; a failed one stops what comes after.
  - Never sends a desired count or load balancers, and never deregisters a revision.
author:
  - Slipway authors (@slipway-aws)
options:
  services:
    description:
      - The services to ship, by the name people know them by.
      - "Keys of each: C(cluster), C(service) and C(container) say where; C(image) (with its digest) says what;
        C(task_definition) is the base to lay it over, by default the running one; C(environment) is added to the
        container's; C(after) lists services of this task that must be up first."
      - C(revision) instead of C(image) ships a registered revision exactly as it is, which is how a rollback is made.
    type: dict
    required: true
  release_id:
    description:
      - The release, as it should call itself. Reaches the container as the environment variable C(RELEASE_ID).
      - A new name alone changes nothing, so it never causes a deployment.
    type: str
    required: true
  git_sha:
    description:
      - The commit the release was made from. Reaches the container as the environment variable C(GIT_SHA).
    type: str
  wait_timeout:
    description:
      - How many seconds each wave of services may take.
      - A deployment still under way then is reported as V(timed_out) and goes on; nothing is undone behind your back.
    type: int
    default: 900
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - On a local connection the work is done in the controller process, and every change of state is printed as it
    happens. Set the variable C(slipway_progress) to V(false) for silence.
seealso:
  - module: slipway.aws.ecr_push
"""

EXAMPLES = r"""
- name: Ship one service
  slipway.aws.ecs_deploy:
    region: ap-northeast-1
    release_id: 4f2a9c1
    services:
      backend:
        cluster: chatbot-dev
        service: chatbot-dev-backend
        container: app
        image: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chatbot@sha256:{{ digest }}

- name: Workers ship only after the queue is up
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    services:
      redis: {cluster: agents, service: redis, container: redis, image: "{{ images.redis.uri }}"}
      worker: {cluster: agents, service: worker, container: worker, image: "{{ images.worker.uri }}", after: [redis]}

- name: Go back to the revision that ran before
  slipway.aws.ecs_deploy:
    release_id: "{{ receipt.previous_release_id }}"
    services:
      backend:
        cluster: chatbot-dev
        service: chatbot-dev-backend
        container: app
        revision: "{{ receipt.units.services.backend.before }}"
"""

RETURN = r"""
services:
  description: How each service came out, by its name.
  returned: always, unless the options were refused
  type: dict
  contains:
    outcome:
      description: One of V(succeeded), V(no_op), V(rolled_back), V(superseded), V(stopped), V(timed_out), V(failed).
      returned: always
      type: str
      sample: succeeded
    changed:
      description: Whether anything was written for this service.
      returned: always
      type: bool
      sample: true
    before:
      description: The revision that ran before.
      returned: always
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:41
    after:
      description: The revision the service is set to now.
      returned: always
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:42
    ran_before:
      description: Whether the service ran tasks before. When it did not, there is nothing to go back to.
      returned: always
      type: bool
      sample: true
    release_id:
      description: The release that runs now. After a no-op this is the one that shipped the same content before.
      returned: always
      type: str
      sample: 4f2a9c1
    deployment_id:
      description: The deployment that was watched.
      returned: when one was started or joined
      type: str
      sample: ecs-svc/1234567890123456789
    cause:
      description: The likeliest cause of a failure, as one sentence.
      returned: on failure
      type: str
      sample: "Container app of backend exited with code 1. Its last words: KeyError: 'DATABASE_URL'"
    evidence:
      description: Stopped tasks, exit codes, last log lines and service events behind the cause.
      returned: on failure
      type: dict
    seconds:
      description: How long it took.
      returned: always
      type: float
      sample: 41.2
failed_services:
  description: Names of the services that did not get there.
  returned: always, unless the options were refused
  type: list
  elements: str
  sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import ARGUMENTS, deploy
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def silent(name: str, line: str) -> None:
    """Report to nobody: a module cannot speak before it ends."""


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = deploy(module.params, check_mode=module.check_mode, diff=module._diff, report=silent)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

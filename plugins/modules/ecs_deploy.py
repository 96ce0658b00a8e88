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
  - Each service starts as soon as those are up that its key C(after) in O(services) names. A failed one stops what
    comes after it, and nothing else.
  - While it waits, it looks closer at a deployment whose tasks die, says why they do, and gives up at once where
    waiting will not mend it.
  - Run again after it was killed, it follows the deployment it started instead of starting another.
  - Never sends a desired count or load balancers, and never deregisters a revision.
  - Services with the deployment controller C(CODE_DEPLOY) are deployed by CodeDeploy, with an AppSpec that changes the
    revision and nothing else. CodeDeploy makes one deployment of a service at a time, so another one under way is
    refused before anything is written. Services with the controller C(EXTERNAL) are refused.
author:
  - Slipway authors (@slipway-aws)
options:
  services:
    description:
      - The services to ship, by the name people know them by.
      - "Keys of each that say where: C(cluster), C(service), C(container)."
      - "Keys that say what: C(image) for that container, by digest or tag, and C(images) for others, by container;
        C(environment), C(secrets) (a name, and the ARN of its value) and C(command) of that container; C(cpu) and
        C(memory) of the task. C(override) is laid over the definition last, lists of named things by name, and
        passes through untouched; a null takes a key away."
      - C(task_definition) is the revision to lay all this over, by default the running one. C(template) is a whole
        task definition instead.
      - C(revision) alone ships a registered revision exactly as it is, which is how a rollback is made.
      - C(force_new_deployment) starts the tasks anew also where nothing changed, for tags that moved and secrets that
        have a new value.
      - C(after) lists services of this task that must be up first.
      - "C(codedeploy) says where CodeDeploy has a service with that deployment controller: C(application) and
        C(deployment_group), which are looked for in the account where they are not said, C(config) for another
        deployment configuration than the group's, and C(hooks), a list of lifecycle events and functions. Without
        C(hooks) those of the last deployment stay."
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
      - How many seconds each deployment may take, from when it started.
      - What O(rollback) says decides about one that is still under way then.
    type: int
    default: 900
  rollback:
    description:
      - What goes back to the revision before, when a service does not get there and ECS did not bring it back itself.
      - V(service) brings back each service that failed; V(release) also those that this task had shipped well, the
        last first; V(none) leaves everything as it is.
      - What somebody else deployed meanwhile is never touched, and a service that ran nothing before stays.
    type: str
    choices: [release, service, none]
    default: service
  max_parallel:
    description:
      - How many services may be under way at once. As many as can be, if it is not given.
    type: int
  fail_fast:
    description:
      - Whether to give up a deployment as soon as two of its tasks died of one cause that waiting will not mend,
        instead of waiting for the circuit breaker or the timeout.
    type: bool
    default: true
  pin_images:
    description:
      - Whether a tag becomes the digest it has now, for images in ECR. What is shipped is then what runs, and a tag
        that moved is a change like any other.
      - Images elsewhere keep their tags, and the progress says so.
    type: bool
    default: true
  preflight:
    description:
      - How serious each check of the look before the first write is. Each key is a check, its value V(error), V(warn)
        or V(off). What is not named has its usual severity; V(off) for C(all) turns the look off altogether.
      - "The checks: C(capacity_provider_exists), C(cpu_memory_valid), C(efs_reachable), C(image_exists),
        C(image_platform), C(log_group), C(percents_cannot_stall), C(revision_active), C(role_may_be_passed),
        C(roles_exist), C(roles_trust_ecs_tasks), C(secret_json_keys), C(secrets_exist),
        C(secrets_readable_by_execution_role), C(subnets_have_addresses), C(target_group_port), C(timeout_long_enough),
        C(way_back)."
      - C(all) sets those not named; C(unchecked) is how serious it is at most that a check could not be made (V(warn)),
        for instance for want of a permission; C(read_secrets) (V(false)) permits reading secrets, to look for JSON
        keys. Their values are never shown.
      - All problems are found before anything is written, and told at once. Services that already run what they should
        are not looked at.
    type: dict
    default: {}
  suspend_autoscaling:
    description:
      - Whether Application Auto Scaling leaves the services alone while they are deployed. Services it does not scale
        are not touched.
      - What was suspended before is noted in two tags on the scalable target, restored when the deployment has its
        outcome, is brought back or is interrupted, and the tags are removed.
      - A run that was killed leaves the tags. The next run with the same service restores what they say, whatever
        this option is then and also where nothing else changes. For that, every run asks Application Auto Scaling
        once for fifty services; where it may not, it goes on without.
    type: bool
    default: false
  on_pause:
    description:
      - What to do when a blue/green, linear, canary or CodeDeploy deployment pauses and waits for somebody to decide.
      - V(report) ends this service with the outcome V(paused) and its RV(services.hook); running the task again with
        V(continue) or V(roll_back) joins the deployment and gives that answer.
    type: str
    choices: [report, continue, roll_back]
    default: report
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - "O(suspend_autoscaling) needs C(application-autoscaling:DescribeScalableTargets), C(RegisterScalableTarget),
    C(TagResource), C(UntagResource) and C(ListTagsForResource)."
  - "Services of CodeDeploy need C(codedeploy:BatchGetDeploymentGroups), C(ListDeployments), C(BatchGetDeployments),
    C(BatchGetDeploymentTargets), C(CreateDeployment), C(ContinueDeployment), C(StopDeployment),
    C(GetDeploymentConfig), C(GetApplicationRevision) and C(RegisterApplicationRevision); to look for their group also
    C(ListApplications), C(BatchGetApplications) and C(ListDeploymentGroups)."
  - On a local connection the work is done in the controller process, and every change of state is printed as it
    happens. Set the variable C(slipway_progress) to V(false) for silence.
seealso:
  - module: slipway.aws.ecr_push
  - module: slipway.aws.ecs_diagnose
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

- name: Change more than the image, and bring everything back if one of them fails
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    rollback: release
    services:
      api:
        cluster: shop
        service: api
        container: app
        image: "{{ images.api.uri }}"
        environment: {LOG_LEVEL: info}
        secrets: {DB_PASSWORD: "{{ database_secret_arn }}:password::"}
        override: {ephemeralStorage: {sizeInGiB: 40}}

- name: Ship without asking IAM, and warn about everything else that looks wrong instead of stopping
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    preflight: {all: warn, role_may_be_passed: "off", secrets_readable_by_execution_role: "off"}
    services:
      api: {cluster: shop, service: api, container: app, image: "{{ images.api.uri }}"}

- name: Ship a service that CodeDeploy deploys, and leave the decision about its traffic to somebody
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    suspend_autoscaling: true
    on_pause: report
    services:
      api:
        cluster: shop
        service: api
        container: app
        image: "{{ images.api.uri }}"
        codedeploy: {application: shop, deployment_group: api}

- name: Ship a task definition of one's own, from a Jinja template in YAML or JSON
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    services:
      api:
        cluster: shop
        service: api
        container: app
        image: "{{ images.api.uri }}"
        template: "{{ lookup('ansible.builtin.template', 'task.yml.j2') | from_yaml }}"

- name: Start the tasks anew, because a secret has a new value
  slipway.aws.ecs_deploy:
    release_id: "{{ release_id }}"
    services:
      api: {cluster: shop, service: api, container: app, force_new_deployment: true}

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
      description:
        - V(succeeded) and V(no_op) are good.
        - V(rolled_back) runs what ran before, V(superseded) what somebody else deployed meanwhile.
        - V(paused) waits for an answer; see O(on_pause).
        - V(stopped) was not started or is gone, V(timed_out) may still be under way, V(failed) needs somebody to look.
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
      description: The deployment that was watched; the task set of it, where CodeDeploy made it.
      returned: when one was started or joined
      type: str
      sample: ecs-svc/1234567890123456789
    service_deployment:
      description: The ARN of the service deployment, where ECS tells of it, or CodeDeploy's id of its deployment.
      returned: when one was started or joined
      type: str
      sample: arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/chatbot-dev/chatbot-dev-backend/abcdef
    hook:
      description: The hook that a paused deployment waits for.
      returned: when it is paused
      type: str
      sample: 2f1b6c0e
    autoscaling:
      description:
        - V(restored) where autoscaling was held still and is as it was before.
        - V(suspended) where it could not be restored; running the task again tries once more.
      returned: where it was held still
      type: str
      sample: restored
    reason:
      description: What ended the deployment, such as ECS's own words about its circuit breaker.
      returned: on failure
      type: str
      sample: "ECS deployment circuit breaker: tasks failed to start."
    cause:
      description: The likeliest cause of a failure in one line, with what to do next.
      returned: on failure
      type: str
      sample: "backend: Container app exited with code 1: KeyError: 'DATABASE_URL' [application_exit, certain] Set it."
    diagnoses:
      description:
        - Everything that may explain the failure, the likeliest first.
        - See RV(slipway.aws.ecs_diagnose#module:diagnoses).
      returned: always
      type: list
      elements: dict
      sample: []
    evidence:
      description: Stopped tasks, exit codes, last log lines, service events and target health behind the cause.
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
preflight:
  description: What the look before the first write found, in check mode as well; see O(preflight).
  returned: always, unless the options were refused
  type: list
  elements: dict
  sample: []
  contains:
    check:
      description: The check, by its key in O(preflight).
      returned: always
      type: str
      sample: timeout_long_enough
    severity:
      description: An V(error) stops the release before anything is written; a V(warn) is told, and it goes on.
      returned: always
      type: str
      sample: warn
    service:
      description: The service it is about.
      returned: always
      type: str
      sample: backend
    message:
      description: What is wrong, or why the check could not be made.
      returned: always
      type: str
      sample: "There is no way back to chatbot:41: it is deregistered."
    hint:
      description: What to do about it.
      returned: always
      type: str
      sample: Keep the last revisions registered.
    unchecked:
      description: Whether the check could not be made.
      returned: always
      type: bool
      sample: false
    lacks:
      description: The IAM action that was denied, where that is why the check could not be made.
      returned: always
      type: str
      sample: iam:GetRole
paused_services:
  description: Names of the services whose deployment waits for an answer.
  returned: always, unless the options were refused
  type: list
  elements: str
  sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._ecs.options import ARGUMENTS, deploy
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._signals import told_to_end


def silent(name: str, line: str) -> None:
    """Report to nobody: a module cannot speak before it ends."""


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        with told_to_end():
            result = deploy(module.params, check_mode=module.check_mode, diff=module._diff, report=silent)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    except KeyboardInterrupt:
        module.fail_json(msg="Interrupted. What is under way goes on by itself; run this again to follow it.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()

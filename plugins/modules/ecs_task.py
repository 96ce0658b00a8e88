#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_task
short_description: Run a one-off ECS task, such as a migration, once for each release
version_added: 0.1.0
description:
  - Starts one task and follows it to its end. It succeeded if its main container exited with code 0, and only then.
    A task that never started has no exit code, and that is a failure too.
  - With O(service), network, launch type and task definition are those of the service.
  - With O(release_id), the same task runs once for each release. A second run, after the first was killed or its
    connection was lost, joins the task while it runs, and reports how it ended when it has ended.
  - ECS remembers a stopped task for about an hour. A second run after that starts the task again, so a job should
    stand being run twice.
author:
  - Slipway authors (@slipway-aws)
options:
  name:
    description:
      - What the task is called in its release and in what is printed, for instance the name of a migration. By default
        it is called after O(service), or after its task definition.
      - Tasks of one release that differ in their names only are different tasks.
    type: str
  cluster:
    description: The cluster to run it in, by name or ARN.
    type: str
    required: true
  service:
    description: The service to take what is not given from, by name or ARN. It must be active, but need not run.
    type: str
  task_definition:
    description:
      - The task definition, as C(family), C(family:revision) or ARN. Without it, that of O(service).
      - With O(image), it is the base that the image is laid over.
    type: str
  image:
    description:
      - The image to run, best with its digest. It is laid over O(task_definition), or over the newest revision of the
        service's family that was not made by a release, and that is registered as a new revision, unless a revision
        with just this content was found.
      - Only the twenty newest revisions are searched. If all of them were made by releases, the base is the revision
        that the service runs.
    type: str
  container:
    description:
      - The main container. Its exit code is the task's, and O(command) and O(environment) are for it.
      - It must be essential, so that the task ends with it. May be left out when only one container is.
    type: str
  command:
    description: What to run instead of the container's own command, word by word.
    type: list
    elements: str
  environment:
    description:
      - Environment variables for this run, added to those of the task definition. Their values are masked wherever this
        module shows them, but the console shows them to who may describe tasks. Keep secrets in the secrets of the
        task definition.
    type: dict
    default: {}
  cpu:
    description: CPU for the whole task, for instance V(1024), instead of what the task definition says.
    type: str
  memory:
    description:
      - Memory for the whole task, for instance V(2048), instead of what the task definition says.
      - A limit that the task definition sets for a single container stays as it is.
    type: str
  network:
    description: The network of the task, instead of that of O(service). Only for the network mode C(awsvpc).
    type: dict
    suboptions:
      subnets:
        description: The IDs of the subnets.
        type: list
        elements: str
        required: true
      security_groups:
        description: The IDs of the security groups. Without any, it is the default group of the VPC.
        type: list
        elements: str
        default: []
      assign_public_ip:
        description: Whether the task gets a public address.
        type: bool
        default: false
  launch_type:
    description: The launch type, instead of that of O(service). Excludes O(capacity_provider_strategy).
    type: str
    choices: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]
  capacity_provider_strategy:
    description: The capacity providers, instead of those of O(service). Excludes O(launch_type).
    type: list
    elements: dict
    suboptions:
      capacity_provider:
        description: The name of the provider.
        type: str
        required: true
      weight:
        description: Its share of the tasks.
        type: int
      base:
        description: How many tasks it takes at least.
        type: int
  platform_version:
    description: The Fargate platform version, instead of that of O(service).
    type: str
  release_id:
    description:
      - The release that the task belongs to. For the same release, name, cluster, service, task definition, image,
        container, command, environment, CPU and memory, the task runs once. Where it runs and how long it may take do
        not count.
      - With O(image), it also reaches the container as the environment variable C(RELEASE_ID).
      - Without it, every run starts a task.
    type: str
  git_sha:
    description: The commit of the release. With O(image), it reaches the container as C(GIT_SHA).
    type: str
  attempt:
    description:
      - A higher number runs the task anew although this release ran it before, for instance after it failed and the
        cause is mended.
    type: int
    default: 1
  wait:
    description: Whether to wait until the task has ended. Without waiting, nobody stops it when O(timeout) is over.
    type: bool
    default: true
  timeout:
    description:
      - How long the task may take, from when this run began to follow it, for instance V(90s), V(15m) or V(1h30m). A
        number without a unit is seconds.
      - A task that takes longer is stopped.
    type: str
    default: 15m
  stream_logs:
    description:
      - Whether to print what the main container writes while it runs, up to a thousand lines. The container must log
        with C(awslogs) and a stream prefix. Only where progress is shown, see the notes.
    type: bool
    default: true
  log_lines:
    description: How many of the last lines of its log to return. V(0) reads none.
    type: int
    default: 50
  tags:
    description: Tags for the task. Tagging needs C(ecs:TagResource).
    type: dict
    default: {}
  enable_execute_command:
    description: Whether C(aws ecs execute-command) may open a shell in it.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
attributes:
  check_mode:
    support: full
    details:
      - Says what would run, and how the task of this release ended if there is one. It does not wait for one that runs.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(release_id), as long as ECS remembers the task, which is about an hour after it stopped.
notes:
  - On a local connection the work is done in the controller process, and every change of state is printed as it
    happens. Set the variable C(slipway_progress) to V(false) for silence.
  - When the play is interrupted, the task goes on. The command that stops it is printed when it starts.
  - Needs C(ecs:RunTask), C(ecs:StopTask), C(ecs:ListTasks), C(ecs:DescribeTasks) and C(ecs:DescribeTaskDefinition),
    C(iam:PassRole) on the task's roles, C(ecs:DescribeServices) with O(service), C(ecs:ListTaskDefinitions),
    C(ecs:RegisterTaskDefinition) and C(ecs:TagResource) with O(image), and C(logs:GetLogEvents) for the log.
seealso:
  - module: slipway.aws.ecs_deploy
"""

EXAMPLES = r"""
- name: Migrate the database with the new image, before the service ships it
  slipway.aws.ecs_task:
    cluster: chatbot-dev
    service: chatbot-dev-backend
    image: "{{ ecr_push_result.images.backend.uri }}"
    command: [python, -m, chatbot.migrate]
    release_id: "{{ release_id }}"
    timeout: 20m

- name: A job of its own, with its own network
  slipway.aws.ecs_task:
    cluster: chatbot-dev
    task_definition: nightly-report
    container: report
    launch_type: FARGATE
    network:
      subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]
      security_groups: [sg-0a1b2c3d]
    environment:
      REPORT_DATE: "2026-01-31"
    memory: "4096"

- name: Once more for this release, after the cause of the failure is mended
  slipway.aws.ecs_task:
    cluster: chatbot-dev
    service: chatbot-dev-backend
    command: [python, -m, chatbot.migrate]
    release_id: "{{ release_id }}"
    attempt: 2
"""

RETURN = r"""
outcome:
  description:
    - V(succeeded) if the main container exited with code 0 by itself, V(failed) if it did not, V(timed_out) if it took
      longer than O(timeout), V(not_started) if ECS did not start it. All but the first are failures of the task.
    - V(running) if nobody waited for it, and V(planned) in check mode.
  returned: always, unless the options were refused
  type: str
  sample: succeeded
reattached:
  description: Whether this release had started the task before, so that this run only followed it.
  returned: always, unless the options were refused
  type: bool
  sample: false
cluster:
  description: The cluster, as it was given.
  returned: always, unless the options were refused
  type: str
  sample: chatbot-dev
task_arn:
  description: The task.
  returned: always, unless the options were refused; null if none was started
  type: str
  sample: arn:aws:ecs:ap-northeast-1:123456789012:task/chatbot-dev/0123456789abcdef0123456789abcdef
task_definition:
  description: The revision it runs.
  returned: always, unless the options were refused; null if it is still to be registered
  type: str
  sample: arn:aws:ecs:ap-northeast-1:123456789012:task-definition/chatbot:42
container:
  description: The main container.
  returned: always, unless the options were refused
  type: str
  sample: app
exit_code:
  description: The exit code of the main container. Null if it never started, was not waited for, or is unknown.
  returned: always, unless the options were refused
  type: int
  sample: 0
containers:
  description: All containers of the task, as they ended.
  returned: always, unless the options were refused
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      returned: always
      type: str
      sample: app
    exit_code:
      description: Its exit code, or null if it has none.
      returned: always
      type: int
      sample: 0
    reason:
      description: What ECS says about its end.
      returned: always
      type: str
      sample: "OutOfMemoryError: Container killed due to memory usage"
    image:
      description: Its image.
      returned: always
      type: str
    image_digest:
      description: The digest of the image that ran.
      returned: always
      type: str
stop_code:
  description: What kind of event stopped the task, in the words of ECS.
  returned: always, unless the options were refused
  type: str
  sample: EssentialContainerExited
stopped_reason:
  description: Why the task stopped, in the words of ECS.
  returned: always, unless the options were refused
  type: str
  sample: Essential container in task exited
started_by:
  description: The mark by which ECS finds the task of this release, its C(startedBy).
  returned: always, unless the options were refused
  type: str
  sample: slipway/4f2a9c1/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c
log:
  description: The end of the main container's log.
  returned: always, unless the options were refused
  type: dict
  contains:
    group:
      description: The log group, or null if the container does not log to CloudWatch under a name that can be told.
      returned: always
      type: str
      sample: /ecs/chatbot-dev
    stream:
      description: The log stream.
      returned: always
      type: str
      sample: app/app/0123456789abcdef0123456789abcdef
    lines:
      description: The last lines, without what looks like a secret.
      returned: always
      type: list
      elements: str
      sample: ["applied 3 migrations"]
cause:
  description: What went wrong, in a sentence or two. Null if nothing did.
  returned: always, unless the options were refused
  type: str
  sample: "Container app exited with code 1. ECS says: Essential container in task exited (EssentialContainerExited)."
request:
  description: What ECS was asked to run, or would be, with the values of the environment masked.
  returned: always, unless the options were refused; null if an earlier task was found
  type: dict
stop_command:
  description: The command that stops the task, while it may still run.
  returned: always, unless the options were refused
  type: str
  sample: aws ecs stop-task --region ap-northeast-1 --cluster chatbot-dev --task arn:aws:ecs:...
seconds:
  description: How long this run took.
  returned: always, unless the options were refused
  type: float
  sample: 41.2
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off import ARGUMENTS, Mode, run_one_off
from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import masked_arguments
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def silent(unit: str, line: str) -> None:
    """Report to nobody: a module cannot speak before it ends."""


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    # As values of no_log options, the words and numbers in the environment would be masked in every other place too:
    # "1" in an exit code, "dev" in a cluster's name. The result is masked by us, where the values are.
    module._module.no_log_values -= {str(value) for value in module.params["environment"].values()}
    shown = {"module_args": masked_arguments(module.params)}
    mode = Mode(check=module.check_mode, diff=module._diff, live=False)
    try:
        result = run_one_off(module.params, mode=mode, report=silent)
    except SlipwayError as error:
        module.fail_json(invocation=shown, **error.as_result())
    module.exit_json(invocation=shown, **result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lambda_deploy
short_description: Ship images and packages to Lambda functions, and move their callers step by step
version_added: 0.1.0
description:
  - Updates a function's configuration, then its code, waits until Lambda has accepted both, publishes a version, tries
    it out by its number, and only then moves the alias that callers use, by and by where a canary is wanted.
  - A canary that goes bad, and a version that does with all of the traffic, is brought back.
  - What is not given stays as the function has it, so a change of the infrastructure goes out with the next release.
    Nothing is written where callers get already what they should get.
  - Ends at once, with its reason, where Lambda says that an update failed. What somebody else changed meanwhile is left
    alone.
  - Run again after it was killed, it goes on where it stood, and publishes no second version.
  - Never makes or removes functions, and publishes nothing that is not used.
author:
  - Slipway authors (@slipway-aws)
options:
  functions:
    description:
      - The functions to ship, by the name people know them by.
      - "Keys of each that say where: C(name), and C(alias) (V(live)), which its callers use and which points at a
        published version. It must be there; C(create_alias) has it made on the first release."
      - "Keys that say what, one of: C(image), by digest or tag; C(zip_file), a file where the module runs;
        C(s3_bucket), C(s3_key), and perhaps C(s3_object_version) and C(code_sha256), which saves reading the object.
        C(architecture) is for code that was built for another one than before."
      - "Keys for the configuration: C(environment) (a variable set to null is taken away), C(parameters) (a variable,
        and the name of the SSM parameter its value is kept in), C(memory_size), C(timeout), C(handler), C(runtime),
        C(command) of an image, C(layers). C(override) is in the spelling of UpdateFunctionConfiguration, laid over
        last, and passes through untouched."
      - C(version) alone sends all callers to a published version, which is how a rollback is made.
      - C(smoke) is a list of calls to the new version before any caller gets it. Each has a C(payload), and may have
        C(name), C(json) (paths in the answer, such as C(statusCode), and their values), C(text_contains) and
        C(max_seconds). The function must not fail in any case.
      - C(canary) is a dictionary. C(steps) are percents that the new version gets, each for C(bake) seconds (V(60));
        C(bake_after) (V(0)) is how long it is looked at with all of the traffic, every C(interval) seconds (V(15)).
      - "In C(canary), C(alarms) must stay quiet, and without data count as C(insufficient_data) says, V(fail) or
        V(pass). C(errors) has C(rate), the share of failed invocations that is still good, C(invocations), how many it
        takes to tell (V(10)), and C(no_data), what fewer mean, V(fail) or V(pass)."
      - C(release_environment) puts C(RELEASE_ID), C(GIT_SHA) and C(IMAGE_DIGEST) into the environment. The release is
        in the version's description in any case.
      - C(after) lists functions of this task that must have got there first.
    type: dict
    required: true
  release_id:
    description:
      - The release, as it should call itself. It is kept in the description of the version.
      - A new name alone changes nothing.
    type: str
    required: true
  git_sha:
    description:
      - The commit the release was made from, for functions with C(release_environment).
    type: str
  wait_timeout:
    description:
      - How many seconds each step may take in which Lambda works, such as an update. Canaries take their own time.
    type: int
    default: 600
  rollback:
    description:
      - What goes back to the version before, when a function does not get there after callers got its new version.
      - V(function) brings back each function that failed; V(release) also those that this task had shipped well, the
        last first; V(none) leaves everything as it is, also a share of the traffic.
    type: str
    choices: [release, function, none]
    default: function
  max_parallel:
    description:
      - How many functions may be under way at once. Up to 16, if it is not given.
    type: int
  show_environment:
    description:
      - Whether a diff shows the values of environment variables. Those called like a secret stay masked.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
notes:
  - On a local connection the work is done in the controller process, and every change of state is printed as it
    happens. Set the variable C(slipway_progress) to V(false) for silence.
  - Lambda shares no traffic on an alias that keeps instances warm (provisioned concurrency). Such an alias is moved at
    once, and the module waits until the instances of the new version are warm.
seealso:
  - module: slipway.aws.ecr_push
  - module: slipway.aws.ecs_deploy
  - module: slipway.aws.lambda_prune
"""

EXAMPLES = r"""
- name: Ship an image, after one call to it
  slipway.aws.lambda_deploy:
    region: ap-northeast-1
    release_id: 4f2a9c1
    functions:
      chat:
        name: course-prod-chat
        alias: live
        image: 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chat@sha256:{{ digest }}
        parameters: {LLM_KEY: /chatbot/prod/llm-key}
        smoke:
          - payload: {httpMethod: GET, path: /health}
            json: {statusCode: 200}

- name: Move callers by and by, and back if more than one in a hundred fails
  slipway.aws.lambda_deploy:
    release_id: "{{ release_id }}"
    functions:
      chat:
        name: course-prod-chat
        image: "{{ images.chat.uri }}"
        canary:
          steps: [5, 25, 50]
          bake: 180
          bake_after: 300
          alarms: [course-prod-chat-errors]
          errors: {rate: 0.01, invocations: 50, no_data: fail}

- name: Ship a package, with more memory
  slipway.aws.lambda_deploy:
    release_id: "{{ release_id }}"
    functions:
      resize: {name: shop-resize, zip_file: build/resize.zip, memory_size: 2048}
      notify: {name: shop-notify, s3_bucket: shop-packages, s3_key: "notify-{{ release_id }}.zip", after: [resize]}

- name: Go back to the version before
  slipway.aws.lambda_deploy:
    release_id: "{{ receipt.previous_release_id }}"
    functions:
      chat: {name: course-prod-chat, version: "{{ receipt.units.functions.chat.before }}"}
"""

RETURN = r"""
functions:
  description: How each function came out, by its name.
  returned: always, unless the options were refused
  type: dict
  contains:
    outcome:
      description:
        - V(succeeded) and V(no_op) are good.
        - V(rolled_back) sends callers where it sent them before, V(superseded) where somebody else wants them.
        - V(stopped) was not started or is gone, V(timed_out) may still be under way, V(failed) needs somebody to look.
        - C(cause) says what callers get.
      returned: always
      type: str
      sample: succeeded
    changed:
      description: Whether anything was written for this function.
      returned: always
      type: bool
      sample: true
    alias:
      description: The alias that callers use.
      returned: always
      type: str
      sample: live
    before:
      description: The version that the alias sent its callers to before.
      returned: always
      type: str
      sample: "41"
    after:
      description: The version that the alias sends its callers to now.
      returned: always
      type: str
      sample: "42"
    weights:
      description: Which share of the callers other versions get. Empty unless a canary was left where it stood.
      returned: always
      type: dict
      sample: {}
    ran_before:
      description: Whether callers had a version before. When they had not, there is nothing to go back to.
      returned: always
      type: bool
      sample: true
    version:
      description: The version that was published or taken for this release, also when callers do not get it.
      returned: when there is one
      type: str
      sample: "42"
    code:
      description: What the code is known by. The digest of an image, or the hash of a package.
      returned: always
      type: str
      sample: sha256:3f8a...
    release_id:
      description: The release that callers get now. After a no-op this is the one that shipped the same content before.
      returned: always
      type: str
      sample: 4f2a9c1
    smoke:
      description: How each call to the new version went.
      returned: always
      type: list
      elements: dict
      sample: [{name: smoke 1, passed: true, seconds: 2.1, version: "42"}]
    canary:
      description: How each step of the canary went, and what was seen last.
      returned: always
      type: list
      elements: dict
      sample: [{passed: true, percent: 5.0, seconds: 180.2, seen: 0 of 512 invocations failed, version: "42"}]
    reason:
      description: What ended it, such as Lambda's own words about an update.
      returned: on failure
      type: str
      sample: Lambda does not have permission to access the ECR image.
    cause:
      description: The likeliest cause of a failure in one line, with what to do next, and what callers get.
      returned: on failure
      type: str
      sample: Lambda may not pull the image. [image_pull_denied, certain] Allow it. Callers still get version 41.
    diagnoses:
      description: What may explain the failure, as RV(slipway.aws.ecs_diagnose#module:diagnoses) has it.
      returned: always
      type: list
      elements: dict
      sample: []
    seconds:
      description: How long it took.
      returned: always
      type: float
      sample: 18.4
failed_functions:
  description: Names of the functions that did not get there.
  returned: always, unless the options were refused
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.common.warnings import warn  # AnsibleAWSModule.warn ends in a deprecation notice
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda.options import ARGUMENTS, deploy


def silent(name: str, line: str) -> None:
    """Report to nobody: a module cannot speak before it ends."""


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = deploy(module.params, check_mode=module.check_mode, diff=module._diff, report=silent)
    except SlipwayError as error:
        failure = error.as_result()
        for warning in failure.pop("warnings", []):
            warn(warning)
        module.fail_json(**failure)
    for warning in result.pop("warnings"):
        warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

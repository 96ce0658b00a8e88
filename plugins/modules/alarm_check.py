#!/usr/bin/python

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alarm_check
short_description: Prove that CloudWatch alarms exist and stay quiet after a release
version_added: 0.1.0
description:
  - Looks at the metric and composite alarms of one account and region by their names.
  - The module fails unless each of them exists and has state C(OK), at every look until O(bake) is over.
    The first look at which one of them does not ends the check.
  - A name that does not exist is a failure. CloudWatch itself answers a question for it with silence.
  - All alarms are read together, a hundred per call, because ECS polls alarms on the same quota while it deploys.
  - The only action it needs is C(cloudwatch:DescribeAlarms).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.read_only
options:
  required:
    description: The names of the alarms. A name that is given twice counts once.
    type: list
    elements: str
    required: true
  allow_empty:
    description: Whether an empty list of alarms may pass. By default it is V(inconclusive), and the module fails.
    type: bool
    default: false
  insufficient_data:
    description:
      - What the state C(INSUFFICIENT_DATA) counts as. It is not C(OK); a new metric, no traffic or wrong dimensions
        all look like this.
      - With V(inconclusive) the module fails too, and says so in RV(outcome).
    type: str
    choices: [fail, inconclusive, ok]
    default: fail
  overrides:
    description:
      - What is different for single alarms, by their names. An alarm that is not in O(required) is an error.
      - The only key is C(insufficient_data).
    type: dict
    default: {}
  bake:
    description:
      - For how many seconds the alarms must stay as they should be. It is rounded up to whole intervals.
      - With V(0) they are looked at once.
    type: float
    default: 0
  interval:
    description: The number of seconds between two looks. Keep it gentle, see above.
    type: float
    default: 15
  not_before:
    description:
      - When the release began, in ISO 8601, for instance V(2026-01-31T12:00:00Z). Without an offset it is in UTC.
      - An alarm whose state is older is marked as RV(alarms.stale) in the result.
    type: str
seealso:
  - module: slipway.aws.smoke_gate
author:
  - Slipway authors (@slipway-aws)
"""

EXAMPLES = r"""
- name: No alarm may be on
  slipway.aws.alarm_check:
    required:
      - chatbot-dev-elb-5xx
      - chatbot-dev-healthy-hosts

- name: Watch the alarms for five minutes after a release
  slipway.aws.alarm_check:
    required: "{{ delivery.alarms.required }}"
    bake: 300
    insufficient_data: inconclusive
    overrides:
      chatbot-dev-elb-5xx:
        insufficient_data: ok # without errors there is no data
    not_before: "{{ release_started_at }}"
"""

RETURN = r"""
outcome:
  description: How the check ended. C(error) means that the alarms could not be read.
  type: str
  returned: always
  sample: passed
  choices: [passed, failed, error, inconclusive]
passed:
  description: Whether the check passed. It is C(true) only if RV(outcome) is V(passed).
  type: bool
  returned: always
  sample: true
alarms:
  description: The alarms, by their names, as they were at the last look.
  type: dict
  returned: when the options made sense
  contains:
    outcome:
      description: How the check of this alarm ended, in the same words as RV(outcome).
      type: str
      returned: always
      sample: failed
    required:
      description: Whether the check depends on this alarm.
      type: bool
      returned: always
      sample: true
    state:
      description: The state of the alarm, or nothing if there is no such alarm.
      type: str
      returned: always
      sample: ALARM
    reason:
      description: The reason that CloudWatch gives for the state, or why there is none.
      type: str
      returned: always
      sample: "Threshold Crossed: 1 datapoint [12.0] was greater than or equal to the threshold (5.0)."
    since:
      description: When the state was last updated.
      type: str
      returned: always
      sample: "2026-01-31T12:00:00Z"
    type:
      description: Whether the alarm is on a V(metric) or V(composite).
      type: str
      returned: always
      sample: metric
    actions_enabled:
      description: Whether the alarm would tell anybody. If not, there is a warning.
      type: bool
      returned: always
      sample: true
    stale:
      description: Whether the state is older than O(not_before), so that it says nothing about the release.
      type: bool
      returned: always
      sample: false
    attempts:
      description: Every look, with when it was (C(at)), its C(outcome), C(state), what was C(expected) and C(got).
      type: list
      elements: dict
      returned: always
      sample:
        - at: "2026-01-31T12:00:05Z"
          seconds: 0.12
          outcome: passed
          state: OK
          expected: state OK
          got: OK
duration:
  description: The seconds that the check took.
  type: float
  returned: when the options made sense
  sample: 300.8
evidence:
  description: One line for each alarm, fit for a log or a summary.
  type: list
  elements: str
  returned: when the options made sense
  sample:
    - "PASSED chatbot-dev-elb-5xx: passed 21 times in a row [21x, 0.31 s]"
"""

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.alarm_watch import AlarmGate
from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import SystemClock

OPTIONS = {
    "required": {"type": "list", "elements": "str", "required": True},
    "allow_empty": {"type": "bool", "default": False},
    "insufficient_data": {"type": "str", "choices": ["fail", "inconclusive", "ok"], "default": "fail"},
    "overrides": {"type": "dict", "default": {}},
    "bake": {"type": "float", "default": 0},
    "interval": {"type": "float", "default": 15},
    "not_before": {"type": "str"},
}


def main() -> None:
    module = AnsibleAWSModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        gate = AlarmGate.from_options(module.params)
        result = gate.run(Clients(module.params)("cloudwatch"), SystemClock())
    except SlipwayError as error:
        module.fail_json(**{"outcome": "error", "passed": False, **error.as_result()})
    # AnsibleAWSModule.warn would hand them to exit_json once more, which ansible-core calls deprecated.
    for warning in result.warnings:
        warn(warning)
    if not result.passed:
        module.fail_json(msg=result.message, **result.values)
    module.exit_json(changed=False, **result.values)


if __name__ == "__main__":
    main()

#!/usr/bin/python

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smoke_gate
short_description: Prove from outside that a release answers as it should
version_added: 0.1.0
description:
  - Sends HTTP requests to the public entry point of a service and compares the answers with what is expected of them.
  - All checks run side by side. Each of them is attempted again and again until it is decided.
  - The module fails unless every required check passed. A gate that measured nothing, that has no check at all,
    or that has only best-effort checks never passes.
  - An answer that is not as expected counts as V(failed). No complete answer, for instance because a name does not
    resolve, a connection is refused, a certificate is not trusted or time runs out, counts as V(error).
  - The first required check that ends as V(failed) or V(error) ends the gate.
  - It needs nothing beyond the Python standard library where it runs. Proxy settings in the environment are not used.
extends_documentation_fragment:
  - slipway.aws._attributes
attributes:
  check_mode:
    support: partial
    details:
      - The requests may have effects, so none of them is sent in check mode. The options are read and verified.
      - The result says V(skipped), never V(passed).
  diff_mode:
    support: N/A
    details:
      - This module changes nothing by itself.
  idempotent:
    support: N/A
    details:
      - This module sends the same requests each time. It never reports a change.
options:
  url:
    description:
      - The URL that the C(path) of each check is joined to, for instance V(https://www.example.com).
      - Credentials do not belong here. Send them with O(headers).
    type: str
    required: true
  connect_to:
    description:
      - Connects to another place than the URL says, for instance to test before the name of a service points to it.
      - Keys are C(host) or C(host:port) as in the URL, values are the C(host:port) to connect to.
      - The C(Host) header, and the name that TLS asks for and verifies, stay those of the URL.
    type: dict
    default: {}
  headers:
    description:
      - Headers that all checks send.
      - The values of all headers except well-known harmless ones such as C(Accept) are taken for secrets. They are
        masked in everything this module returns, and are not sent to another host after a redirect.
    type: dict
    default: {}
  checks:
    description:
      - The checks. An unknown key is an error.
      - C(name), required, is a name of its own.
      - C(path) is joined to O(url); C(url) is a complete URL. One of them is required.
      - C(method) is V(GET) unless there is something to send, and V(POST) if there is.
      - C(json), C(form) or C(body) is what to send, as JSON, as a form, or as the text given.
      - C(headers) are sent in addition to O(headers), and are treated alike.
      - C(expect.status) is a status or a list of them, and V(200) by default. Redirects are followed, five at the most,
        unless their status is expected.
      - C(expect.json) maps paths such as C(items[0].name) to the values expected there. Values and their types are
        compared as in JSON, so V("1") is not V(1).
      - C(expect.text_contains) is a text or a list of texts that must appear in the answer.
      - C(expect.headers) maps names of headers to the values they must have.
      - C(expect.max_seconds) is the longest time the whole answer may take.
      - C(required) is V(true) by default. With V(false) the check is a best effort, which is reported as a warning.
      - C(attempts), V(5) by default, is how often the check is attempted at the most.
      - C(interval), V(3) by default, is the number of seconds between attempts. C(Retry-After) of an answer with status
        429 or 503 makes it longer, up to 30 seconds.
      - C(timeout), V(10) by default, is the number of seconds that one attempt may take, from the look-up of the name
        to the last byte of the answer.
      - C(consecutive_success), V(1) by default, is how many attempts in a row must pass.
      - C(failure_limit), C(error_limit) and C(inconclusive_limit) are how many attempts may end that way before the
        check gives up early. By default only C(attempts) bounds it.
      - At most 1 MiB of an answer is read. What was not read cannot fulfil an expectation.
    type: list
    elements: dict
    default: []
  expect_release:
    description:
      - The id of the release that must answer. It must do so O(release_consecutive_success) times in a row, because
        a load balancer sends requests to old and new tasks in turn as long as there are both.
      - This becomes a required check named C(release). The other checks start when it has passed; before that,
        they would test the old release.
      - With an empty text there is no such check.
    type: str
    default: ""
  release_path:
    description: Where the service tells its release, joined to O(url).
    type: str
    default: /api/health
  release_field:
    description: The path to the id of the release in the JSON found at O(release_path).
    type: str
    default: release_id
  release_consecutive_success:
    description: How many times in a row the expected release must answer.
    type: int
    default: 5
  release_attempts:
    description: How often to ask for the release at the most.
    type: int
    default: 120
  release_interval:
    description: The number of seconds between two questions for the release.
    type: float
    default: 0.5
  validate_certs:
    description: Whether the certificates of servers must be trusted. V(false) is for trials only.
    type: bool
    default: true
  ca_path:
    description: A file with certificates of authorities to trust, in addition to those of the system.
    type: path
seealso:
  - module: slipway.aws.alarm_check
author:
  - Slipway authors (@slipway-aws)
"""

EXAMPLES = r"""
- name: Prove that the new release answers, and that it can chat
  slipway.aws.smoke_gate:
    url: https://www.example.com
    expect_release: 2f1c9ab
    checks:
      - name: front-end
        path: /
        required: false
        expect: {text_contains: "<title>"}
      - name: health
        path: /api/health
        expect: {json: {status: ok}, max_seconds: 2}
      - name: chat
        path: /api/chat
        json: {message: "What time is it?"}
        expect: {json: {source: deterministic}}

- name: Test before the name points to the new load balancer
  slipway.aws.smoke_gate:
    url: https://www.example.com
    connect_to:
      www.example.com: green-123456.ap-northeast-1.elb.amazonaws.com:443
    headers:
      Authorization: "Bearer {{ probe_token }}"
    checks:
      - name: health
        path: /api/health
        attempts: 20
        consecutive_success: 3
        interval: 1
"""

RETURN = r"""
outcome:
  description: How the gate ended.
  type: str
  returned: always
  sample: passed
  choices: [passed, failed, error, inconclusive, skipped]
passed:
  description: Whether the gate passed. It is C(true) only if RV(outcome) is V(passed).
  type: bool
  returned: always
  sample: true
checks:
  description: How each check ended, by its name.
  type: dict
  returned: when the options made sense
  contains:
    outcome:
      description: How the check ended, in the same words as RV(outcome).
      type: str
      returned: always
      sample: passed
    required:
      description: Whether the gate depends on this check.
      type: bool
      returned: always
      sample: true
    reason:
      description: Why the check ended so.
      type: str
      returned: always
      sample: passed 5 times in a row
    attempts:
      description:
        - Every attempt, with when it began (C(at)), how long it took (C(seconds)), its C(outcome), the HTTP C(status),
          what was C(expected) and what it C(got).
        - Where they apply, C(redirects) lists the URLs it was led to, C(error) says why there was no answer, and
          C(excerpt) shows how an answer that was not as expected begins.
      type: list
      elements: dict
      returned: always
      sample:
        - at: "2026-01-31T12:00:00Z"
          seconds: 0.031
          outcome: passed
          status: 200
          expected: status 200, status = "ok"
          got: as expected
duration:
  description: The seconds that the gate took.
  type: float
  returned: when the options made sense
  sample: 2.41
evidence:
  description: One line for each check, fit for a log or a summary.
  type: list
  elements: str
  returned: when the options made sense
  sample:
    - "PASSED health: passed [1x, 0.03 s]"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.clock import SystemClock
from ansible_collections.slipway.aws.plugins.module_utils._gate.smoke import SmokeGate

OPTIONS = {
    "url": {"type": "str", "required": True},
    "connect_to": {"type": "dict", "default": {}},
    "headers": {"type": "dict", "default": {}},
    "checks": {"type": "list", "elements": "dict", "default": []},
    "expect_release": {"type": "str", "default": ""},
    "release_path": {"type": "str", "default": "/api/health"},
    "release_field": {"type": "str", "default": "release_id"},
    "release_consecutive_success": {"type": "int", "default": 5},
    "release_attempts": {"type": "int", "default": 120},
    "release_interval": {"type": "float", "default": 0.5},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}


def main() -> None:
    # no_log keeps the invocation, with headers and bodies in it, out of the system log of the host.
    # It does not hide the result: what is secret in there is known only after reading the checks.
    module = AnsibleModule(OPTIONS, supports_check_mode=True, no_log=True)
    try:
        gate = SmokeGate.from_options(module.params)
        module.no_log_values.update(gate.secrets)
        if module.check_mode:
            module.exit_json(changed=False, skipped=True, **gate.skipped())
        result = gate.run(SystemClock())
    except SlipwayError as error:
        module.fail_json(**{"outcome": "error", "passed": False, **error.as_result()})
    for warning in result.warnings:
        module.warn(warning)
    if not result.passed:
        module.fail_json(msg=result.message, **result.values)
    module.exit_json(changed=False, **result.values)


if __name__ == "__main__":
    main()

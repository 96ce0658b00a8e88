#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_invalidate
version_added: 0.1.0
short_description: Make a CloudFront distribution forget paths, once per release
description:
  - Creates one invalidation that covers all given paths. Without paths it does nothing, and asks AWS nothing.
  - Paths are spelled as CloudFront compares them, doubles are dropped, and paths that a wildcard covers anyway too.
  - A path that no invalidation can spell (one with C(~), or with C(*) before its end) is widened to the wildcard
    before that character.
  - Where the paths exceed the limits of CloudFront or O(max_paths), folders of them are replaced by wildcards.
  - Running it again for the same release and paths meets the same invalidation and costs nothing.
options:
  distribution:
    description: The id of the distribution.
    type: str
    required: true
  paths:
    description:
      - The URL paths to invalidate, encoded or not, each with its leading slash. V(*) at the end is a wildcard.
      - RV(slipway.aws.site_publish#module:changed_paths) is meant for this.
      - V(/) and V(/index.html) are two different paths.
    type: list
    elements: str
    required: true
  release:
    description:
      - The name of the release. Together with the paths it makes the caller reference, by which CloudFront recognises
        a repeated request.
      - It has to be new for every release, also when an earlier commit ships again. A commit alone is not enough,
        because CloudFront would then answer with the invalidation of the first time and forget nothing.
      - Either this or O(caller_reference) is required.
    type: str
  caller_reference:
    description: The caller reference, instead of the one made from O(release) and the paths.
    type: str
  max_paths:
    description:
      - The most paths to send. AWS charges by the path, and a wildcard counts as one.
      - CloudFront accepts 3000 in progress for a distribution, of which 15 wildcards. More than that is never sent.
    type: int
    default: 3000
  wait:
    description:
      - Whether to wait until the invalidation is completed. It can take from seconds to many minutes.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait at most, for room among the invalidations in progress and, with O(wait), for
        completion.
    type: int
    default: 600
notes:
  - C(changed) and RV(outcome) tell whether the invalidation was created by this run. One that was there more than
    three seconds
    before the request, by the clock of AWS, was not.
  - In check mode the ten latest invalidations are looked at, to tell whether the request would meet one of them.
  - Needs the IAM actions C(cloudfront:CreateInvalidation) and, with O(wait), C(cloudfront:GetInvalidation).
    Check mode needs C(cloudfront:ListInvalidations) and C(cloudfront:GetInvalidation) instead.
seealso:
  - module: slipway.aws.site_publish
author:
  - Slipway authors (@slipway-aws)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - slipway.aws._attributes
  - slipway.aws._attributes.planned
"""

EXAMPLES = r"""
- name: Publish the site
  slipway.aws.site_publish:
    source: frontend/dist
    bucket: chatbot-dev-frontend
  register: site

- name: Have the edges fetch the changed pages again
  slipway.aws.cloudfront_invalidate:
    distribution: E1EXAMPLE23456
    paths: "{{ site.changed_paths }}"
    release: 2026-11-21-1
    wait: true

- name: Forget a whole folder
  slipway.aws.cloudfront_invalidate:
    distribution: E1EXAMPLE23456
    paths:
      - /images/*
    caller_reference: images-moved
"""

RETURN = r"""
outcome:
  description:
    - V(succeeded) when this run created the invalidation, V(no_op) when there were no paths or the invalidation
      existed already,
      V(timed_out) when it was not completed in time, V(failed) when the run failed otherwise.
  returned: always
  type: str
  sample: succeeded
invalidation_id:
  description: The id of the invalidation. V(null) when there is none, also in check mode when it would be created.
  returned: success and when timed out
  type: str
  sample: I2J0I21PCUYOIK
status:
  description: The state of the invalidation when last seen, C(InProgress) or C(Completed). V(null) when there is none.
  returned: success and when timed out
  type: str
  sample: Completed
caller_reference:
  description: The caller reference of the request.
  returned: success and when timed out
  type: str
  sample: slipway-2026-11-21-1-0a1b2c3d4e5f60718293a4b5c6d7e8f9
paths:
  description: The paths as they were sent.
  returned: success and when timed out
  type: list
  elements: str
  sample: [/, /index.html]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidate import invalidate, make_order
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "distribution": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "str", "required": True},
            "release": {"type": "str"},
            "caller_reference": {"type": "str"},
            "max_paths": {"type": "int", "default": 3000},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 600},
        },
        required_one_of=[("release", "caller_reference")],
        mutually_exclusive=[("release", "caller_reference")],
        supports_check_mode=True,
    )
    try:
        order = make_order(module.params)
        result = invalidate(Clients(module.params)("cloudfront"), order, check=module.check_mode)
    except SlipwayError as error:
        module.fail_json(**{"outcome": "failed", **error.as_result()})
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()

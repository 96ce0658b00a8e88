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
  - With O(verify) it looks at what is really served, which is the only proof; a completed invalidation is none.
  - On a local connection it works in the controller process and shows what it waits for; the variable
    C(slipway_progress) turns that off.
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
      - The most paths to send, which is the most this run can cost. AWS charges by the path, and a wildcard counts as
        one.
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
      - How many seconds to wait at most, for room among the invalidations in progress, while CloudFront is asked too
        often, and with O(wait) for completion.
    type: int
    default: 600
  verify:
    description:
      - What to see at the edge before the task is done, after O(wait) if both are asked for.
      - Nothing is verified in check mode, or when C(digests) is empty.
    type: dict
    suboptions:
      url:
        description: The URL of the distribution, such as V(https://www.example.com). The paths are joined to it.
        type: str
        required: true
      digests:
        description:
          - The SHA-256 of the body that has to be served, by path. RV(slipway.aws.site_publish#module:digests) is meant
            for this.
          - Of bodies longer than 1 MiB, the hash is read from the header that M(slipway.aws.site_publish) stores.
        type: dict
        required: true
      times:
        description: How often in a row all of them have to be served. Each time is a connection of its own.
        type: int
        default: 3
      most_paths:
        description: How many of the paths to look at, those nearest to the front page first.
        type: int
        default: 20
      timeout:
        description: How many seconds to go on looking.
        type: int
        default: 300
      connect_to:
        description:
          - Where to connect instead, by the host or host and port of the URL, such as C(www.example.com) to
            V(127.0.0.1:8080). The URL's host is still asked for.
        type: dict
        default: {}
notes:
  - C(changed) and RV(outcome) tell whether the invalidation was created by this run. One that was there more than
    three seconds
    before the request, by the clock of AWS, was not.
  - In check mode the ten latest invalidations are looked at, to tell whether the request would meet one of them.
  - Either O(release) or O(caller_reference) is required, not both.
  - Needs the IAM actions C(cloudfront:CreateInvalidation) and, with O(wait), C(cloudfront:GetInvalidation).
    Check mode needs C(cloudfront:ListInvalidations) and C(cloudfront:GetInvalidation) instead.
  - Where O(verify) fails, C(cloudfront:GetDistribution) lets the message say that the distribution itself is being
    updated.
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

- name: Have the changed pages forgotten for at most ten paths' money, and see that visitors get the new ones
  slipway.aws.cloudfront_invalidate:
    distribution: E1EXAMPLE23456
    paths: "{{ site.changed_paths }}"
    release: 2026-11-21-1
    max_paths: 10
    verify:
      url: https://www.example.com
      digests: "{{ site.digests }}"

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
      V(timed_out) when it was not completed, or not seen at the edge, in time, V(failed) when the run failed otherwise.
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
verified:
  description: The paths that were seen to serve what was published. Empty in check mode.
  returned: success
  type: list
  elements: str
  sample: [/index.html]
wrong:
  description: What was wrong when last seen, by path.
  returned: when not seen at the edge in time
  type: dict
  sample:
    /index.html: is other content, sha256 2c26b46b68ff…, 1200 s old
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidate import ARGUMENTS, invalidate_paths
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import silent
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = invalidate_paths(module.params, check=module.check_mode, diff=module._diff, report=silent)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: site_publish
version_added: 0.1.0
short_description: Publish a built static site into an S3 bucket, assets first and pages last
description:
  - Compares a folder with a bucket by content and uploads what differs.
  - Assets, whose names carry a hash of their content, go up first; pages follow; the front page is the very last.
    So no visitor is ever sent a page whose assets are not there yet, and when an asset cannot be uploaded no page
    changes.
  - In a release with a back end, run it twice. With O(phase=assets) before the back end ships, and with O(phase=pages)
    after.
  - With O(restore) it puts back the pages that an earlier publication replaced.
  - On a local connection it works in the controller process and shows how far it has come; the variable
    C(slipway_progress) turns that off.
options:
  source:
    description:
      - The folder with the built site. Every file below it is published.
      - A symbolic link is followed when it leads to something inside the folder, and refused otherwise.
    type: path
  bucket:
    description: The name of the bucket.
    type: str
    required: true
  prefix:
    description:
      - The folder inside the bucket, and the start of the URL path, under which the site lives.
      - Objects outside of it are neither compared nor deleted.
    type: str
    default: ""
  phase:
    description:
      - V(assets) uploads assets only. Nothing a visitor is served now changes.
      - V(pages) uploads everything else. It refuses to start while an asset of the same build is missing in the bucket.
      - V(all) does one after the other.
      - A file counts as an asset when its C(Cache-Control) contains C(immutable) and it is not HTML.
    type: str
    choices: [assets, pages, all]
    default: all
  rules:
    description:
      - Headers for the files whose path, relative to O(source), matches a glob.
      - Each header comes from the first matching rule that names it.
      - Files that no rule names get C(public, max-age=31536000, immutable) when their name carries a hash
        (C(app.3f2a9c1b.js), C(index-BwF3x9aQ.css)), and C(no-cache) otherwise; their content type follows from the
        extension.
      - Headers are written with the content. A changed rule reaches a file with the next change of its content.
        Only C(compress) changes what is stored, and reaches it at once.
    type: list
    elements: dict
    default: []
    suboptions:
      pattern:
        description: A glob. V(*) also matches slashes, so V(*.html) matches HTML in every folder.
        type: str
        required: true
      cache_control:
        description: The C(Cache-Control) header.
        type: str
      content_type:
        description: The C(Content-Type) header, with a charset if it needs one.
        type: str
      content_encoding:
        description:
          - The C(Content-Encoding) header of files that the build has compressed already.
          - Mutually exclusive with O(rules[].compress).
        type: str
      compress:
        description:
          - Stores the files compressed under their own names, with the C(Content-Encoding) header. S3 does not
            negotiate, so everyone is served the compressed form; every browser takes V(gzip), and V(br) over https.
          - V(br) needs the Python package brotli where the task runs.
          - V(none) exempts files from a later rule.
        type: str
        choices: [gzip, br, none]
  precompress:
    description:
      - Also stores a compressed form beside each file of a type that compresses well and has at least 1000 bytes,
        C(app.js.gz) and C(app.js.br) beside C(app.js), with its headers and a C(Content-Encoding).
      - It takes a CloudFront function that picks one by C(Accept-Encoding); nothing else asks for them.
      - The same content gives the same bytes. What compressing gave is noted in the bucket, so that an unchanged file
        is not compressed again.
    type: list
    elements: str
    choices: [gzip, br]
    default: []
  delete:
    description:
      - Whether to delete objects below O(prefix) that are not in O(source), after everything else is done.
      - Never happens with O(phase=assets).
      - HTML is deleted at once. What a page that is still open somewhere may refer to is deleted O(delete_after)
        seconds after it was first found missing.
      - What waits to be deleted is noted in the object C(.slipway/site.json) below O(prefix). Writing that counts as a
        change.
    type: bool
    default: false
  delete_after:
    description:
      - How many seconds what is not HTML stays after it was first found missing in O(source), by the clock of AWS.
      - It is deleted by the first run with O(delete) after that time; V(0) deletes it at once.
    type: int
    default: 86400
  keep_copies:
    description:
      - How many copies to keep of each page that was replaced or deleted, as the way back in a bucket that does not
        keep versions. V(0) keeps none. Where the bucket keeps versions, no copies are made.
      - They are kept under C(.slipway/kept/) below O(prefix), named after their content.
    type: int
    default: 0
  index_document:
    description:
      - The path of the front page, relative to O(source). A source without it is refused, because it is hardly a built
        site.
      - Set it to an empty string for a folder that has no front page.
    type: str
    default: index.html
  concurrency:
    description: How many files to upload at a time.
    type: int
    default: 16
  restore:
    description:
      - The list that an earlier run returned as RV(before). Each page becomes again what it was then.
      - Everything is looked up before anything is changed, so a version that is gone stops the run with nothing done.
    type: list
    elements: dict
    suboptions:
      key:
        description: The key of the object.
        type: str
        required: true
      version_id:
        description: The version to put back. Without it, and without a copy, the page was new and is removed again.
        type: str
      kept_key:
        description: The key of the copy to put back, from a bucket that does not keep versions.
        type: str
notes:
  - Listing the bucket is all it takes to find that nothing changed. One more request is made for each object that
    would be replaced, and one for the notes where there are any.
  - Objects below C(.slipway/) in the prefix are Slipway's own. A site cannot hold a folder of that name.
  - Either O(source) or O(restore) is required, not both.
  - Needs the IAM actions C(s3:ListBucket), C(s3:GetObject) and C(s3:PutObject). O(delete) and O(restore) also need
    C(s3:DeleteObject), and O(restore) C(s3:GetObjectVersion).
seealso:
  - module: slipway.aws.cloudfront_invalidate
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
- name: Publish a site in one go
  slipway.aws.site_publish:
    source: frontend/dist
    bucket: chatbot-dev-frontend
  register: site

- name: Upload the assets of the next release, before its back end ships
  slipway.aws.site_publish:
    source: frontend/dist
    bucket: chatbot-dev-frontend
    phase: assets

- name: Flip the pages, once the back end is up
  slipway.aws.site_publish:
    source: frontend/dist
    bucket: chatbot-dev-frontend
    phase: pages
    rules:
      - pattern: "images/*"
        cache_control: public, max-age=3600
      - pattern: .well-known/security
        content_type: text/plain; charset=utf-8
  register: pages

- name: Publish compressed, tidy up after a week, and keep a way back without versions
  slipway.aws.site_publish:
    source: frontend/dist
    bucket: chatbot-dev-frontend
    rules:
      - pattern: "*.wasm"
        compress: gzip
    delete: true
    delete_after: 604800
    keep_copies: 5

- name: Put the replaced pages back
  slipway.aws.site_publish:
    bucket: chatbot-dev-frontend
    restore: "{{ pages.before }}"
"""

RETURN = r"""
outcome:
  description:
    - V(succeeded) when something was published, V(no_op) when the bucket held everything already, V(failed) when the
      run failed.
  returned: always
  type: str
  sample: succeeded
changed_paths:
  description:
    - The URL paths under which a cache may still hold something else, percent-encoded, for
      M(slipway.aws.cloudfront_invalidate).
    - New assets are left out, because nothing has ever asked for them.
  returned: always, except when the run failed before it changed anything
  type: list
  elements: str
  sample: [/, /index.html]
uploaded:
  description: How many files were uploaded or, with O(restore), put back.
  returned: always, except when the run failed before it changed anything
  type: int
  sample: 3
unchanged:
  description: How many files were there already. Files of the other phase are not counted.
  returned: success
  type: int
  sample: 12
expiring:
  description: How many objects wait to be deleted by a later run.
  returned: success
  type: int
  sample: 0
digests:
  description:
    - What an edge has to serve under each path that changed, as the SHA-256 of its body, by path; for the option
      O(slipway.aws.cloudfront_invalidate#module:verify) of M(slipway.aws.cloudfront_invalidate).
    - Deleted paths are left out, and the paths of folders such as C(/), which not every distribution serves.
  returned: always, except when the run failed before it changed anything
  type: dict
  sample:
    /index.html: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
deleted:
  description: How many objects were deleted.
  returned: always, except when the run failed before it changed anything
  type: int
  sample: 0
bytes:
  description: The size of what was uploaded or put back.
  returned: always, except when the run failed before it changed anything
  type: int
  sample: 48213
before:
  description:
    - What O(restore) needs to undo this run. One entry for each replaced or deleted object and for each new page.
    - Empty, with a warning, when the bucket keeps no versions of what was replaced and O(keep_copies) is V(0).
  returned: always, except when the run failed before it changed anything
  type: list
  elements: dict
  contains:
    key:
      description: The key of the object.
      type: str
      sample: index.html
    version_id:
      description: The version that was live. V(null) when the page is new or there is a copy of it.
      type: str
      sample: 3HL4kqtJvjVBH40Nrjfkd
    kept_key:
      description: The key of the copy of what was live, where there is one.
      type: str
      sample: .slipway/kept/8c7dd922ad47494fc02c388e12c00eac/index.html
manifest_digest:
  description: One hash over the paths, contents and headers of the whole site, whatever the phase. V(null) with
    O(restore).
  returned: success
  type: str
  sample: sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
"""

from ansible.module_utils.common.warnings import warn  # AnsibleAWSModule.warn ends in a deprecation notice
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_options import ARGUMENTS, publish_site
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import silent
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


def main() -> None:
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = publish_site(module.params, check=module.check_mode, diff=module._diff, report=silent)
    except SlipwayError as error:
        module.fail_json(**error.as_result())
    for warning in result.pop("warnings", ()):
        warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()

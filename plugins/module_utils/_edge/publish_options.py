# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""The options and the result of C(site_publish), for its module and its action plugin alike."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish import make_site, publish
from ansible_collections.slipway.aws.plugins.module_utils._edge.restore import make_way_back, restore
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Report

RULE = {
    "pattern": {"type": "str", "required": True},
    "cache_control": {"type": "str"},
    "content_type": {"type": "str"},
    "content_encoding": {"type": "str"},
    "compress": {"type": "str", "choices": ["gzip", "br", "none"]},
}
WAY_BACK = {
    "key": {"type": "str", "required": True, "no_log": False},
    "version_id": {"type": "str"},
    "kept_key": {"type": "str", "no_log": False},
}
ARGUMENTS: dict[str, t.Any] = {
    "source": {"type": "path"},
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "phase": {"type": "str", "choices": ["assets", "pages", "all"], "default": "all"},
    "rules": {"type": "list", "elements": "dict", "default": [], "options": RULE},
    "precompress": {"type": "list", "elements": "str", "choices": ["gzip", "br"], "default": []},
    "delete": {"type": "bool", "default": False},
    "delete_after": {"type": "int", "default": 86400},
    "keep_copies": {"type": "int", "default": 0},
    "index_document": {"type": "str", "default": "index.html"},
    "concurrency": {"type": "int", "default": 16},
    "restore": {"type": "list", "elements": "dict", "options": WAY_BACK},
}


def publish_site(params: Mapping[str, t.Any], *, check: bool, diff: bool, report: Report) -> dict[str, t.Any]:
    """Publish a site or put pages back, and return the task's result."""
    if (params["source"] is None) == (params["restore"] is None):
        raise SlipwayError("site_publish needs either source or restore.", details={"outcome": "failed"})
    try:
        client = Clients(params)("s3")
        if params["restore"] is None:
            result = publish(client, make_site(params), check=check, report=report)
        else:
            result = restore(client, make_way_back(params), check=check, report=report)
    except SlipwayError as error:
        raise SlipwayError(error.message, hint=error.hint, details={"outcome": "failed", **error.details}) from error
    if not diff:
        del result["diff"]
    if not result["warnings"]:
        del result["warnings"]
    return result


__all__ = ("ARGUMENTS", "publish_site")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What IAM says when it refuses, the statement that would allow it, and the one that was meant to."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Statement
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Policy

REFUSED = re.compile(
    r"(?:User: (?P<user>\S+) )?is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: [\"']?(?P<resource>[^\s\"']+)[\"']?)?(?: (?P<because>(?:because|with an explicit deny)[^\n]*))?"
)


@dataclasses.dataclass(frozen=True)
class Denial:
    """One refusal, in IAM's own words."""

    action: str
    resource: str = ""
    principal: str = ""
    because: str = ""

    @property
    def explicit(self) -> bool:
        """Tell whether a statement forbids it: then allowing it elsewhere changes nothing."""
        return "explicit deny" in self.because


def denial(text: str) -> Denial | None:
    match = REFUSED.search(text)
    if not match:
        return None
    return Denial(
        action=match["action"],
        resource=(match["resource"] or "").rstrip(".,"),
        principal=match["user"] or "",
        because=(match["because"] or "").strip(),
    )


def statement(actions: t.Sequence[str], resource: str | t.Sequence[str]) -> Statement:
    """Return the statement that allows actions on a resource."""
    resources = [resource] if isinstance(resource, str) else list(resource)
    return {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": resources[0] if len(resources) == 1 else resources,
    }


def as_text(value: t.Mapping[str, t.Any] | None) -> str:
    return json.dumps(value, default=str) if value else ""


# Actions on the objects in a bucket: their resource is the bucket's ARN with a path behind it.
ON_OBJECTS = re.compile(
    r"s3:(?:(?:Get|Put|Delete|Restore)Object\w*|\*Object\*?|(?:Get|Put|Delete)\*|AbortMultipartUpload"
    r"|ListMultipartUploadParts)$",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A statement that was meant to allow something and does not, and how it should read."""

    policy: Policy
    faulty: Statement
    corrected: Statement


def bucket_without_objects(policies: t.Iterable[Policy], action: str, bucket_arn: str) -> Mistake | None:
    """Return the statement that allows an action on objects, but names only their bucket."""
    for policy in policies:
        document = policy.document.get("Statement")
        for item in reading.mappings([document] if isinstance(document, dict) else document):
            resources = list(reading.words(item.get("Resource")))
            if item.get("Effect") != "Allow" or not _fits(action, reading.words(item.get("Action"))):
                continue
            if bucket_arn not in resources or any(resource.startswith(f"{bucket_arn}/") for resource in resources):
                continue
            return Mistake(policy, item, {**item, "Resource": _with_objects(item, resources, bucket_arn)})
    return None


def _with_objects(item: Statement, resources: list[str], bucket_arn: str) -> str | list[str]:
    objects = f"{bucket_arn}/*"
    only_objects = all(ON_OBJECTS.match(action) for action in reading.words(item.get("Action")))
    corrected: list[str] = []
    for resource in resources:
        if resource != bucket_arn:
            corrected.append(resource)
        else:
            # The bucket itself stays where the statement is also about the bucket, for instance s3:ListBucket.
            corrected += [objects] if only_objects else [bucket_arn, objects]
    return corrected[0] if len(corrected) == 1 else corrected


def _fits(action: str, patterns: t.Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


__all__ = ("Denial", "Mistake", "as_text", "bucket_without_objects", "denial", "statement")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The fingerprint of what an image is built from, known before anything is built.

A build is rarely reproducible, so a digest cannot say "nothing changed" without building; this can.
The base image is not part of it: its name is (in the Dockerfile), what the name points to is not.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.context import entries, ignore_views

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec

# Part of every fingerprint: when its recipe changes, this does, and nothing built before is taken for the same.
RECIPE = "slipway.aws image fingerprint 1"
SOURCE_TAG_PREFIX = "src-"
SOURCE_TAG_DIGITS = 24


def fingerprint(spec: ImageSpec) -> str:
    """Return the fingerprint of everything the image is built from, as 64 hexadecimal digits."""
    _require_sources(spec)
    total = hashlib.sha256()
    _add(total, RECIPE)
    _add(total, "platform", spec.platform)
    _add(total, "target", spec.target)
    _add(total, "dockerfile", hashlib.sha256(spec.dockerfile.read_bytes()).hexdigest())
    for name, value in sorted(spec.build_args.items()):
        _add(total, "argument", name, hashlib.sha256(value.encode()).hexdigest())
    for entry in entries(spec.context, ignore_views(spec.context, spec.dockerfile)):
        _add(total, entry.kind, entry.path, entry.executable, entry.content)
    return total.hexdigest()


def source_tag(value: str) -> str:
    """Return the tag an image carries in the registry to be found again by its sources."""
    return f"{SOURCE_TAG_PREFIX}{value[:SOURCE_TAG_DIGITS]}"


def _add(total: t.Any, *facts: str | bool | None) -> None:
    # JSON keeps facts apart whatever is in them, and spells names that are not UTF-8 in ASCII.
    total.update(json.dumps(facts).encode() + b"\n")


def _require_sources(spec: ImageSpec) -> None:
    if not spec.context.is_dir():
        raise SlipwayError(
            f"The build context of image {spec.name} is missing: {spec.context} is not a folder.",
            hint="Correct context, or project_dir, which relative paths start from.",
        )
    if not spec.dockerfile.is_file():
        raise SlipwayError(
            f"The Dockerfile of image {spec.name} is missing: {spec.dockerfile} is not a file.",
            hint="Correct dockerfile, which is relative to the context.",
        )


__all__ = ("SOURCE_TAG_PREFIX", "fingerprint", "source_tag")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What makes two runs the same one-off task: the marks by which ECS and we recognise it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import uuid

from ansible_collections.slipway.aws.plugins.module_utils._ecs.one_off_options import Job, last_part

TOKEN_LENGTH = 64
STARTED_BY_LENGTH = 128

# The marks show up in results and in the console, and environment values are among what they stand for. Many rounds
# make it dear to guess a value from its mark.
ROUNDS = 100_000
SALT = b"slipway.aws.ecs_task"

NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")


@dataclasses.dataclass(frozen=True)
class Identity:
    """The client token and the mark C(startedBy) of a task."""

    token: str
    started_by: str
    repeatable: bool
    """Whether the same options lead to the same identity."""


def identity(job: Job) -> Identity:
    """Return the identity of a job: what runs, for which release; never where it runs or how long it may take."""
    if job.release_id is None:
        once = uuid.uuid4().hex
        return Identity(f"slipway-{once}", f"slipway/{once}", repeatable=False)
    what = {
        "release": job.release_id,
        "attempt": job.attempt,
        "cluster": last_part(job.cluster),
        "service": last_part(job.service or ""),
        "task_definition": last_part(job.task_definition or ""),
        "image": job.image,
        "container": job.container,
        "command": job.command,
        "environment": dict(job.environment),
        "cpu": job.cpu,
        "memory": job.memory,
        **({"name": job.name} if job.name else {}),
    }
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    digest = hashlib.pbkdf2_hmac("sha256", text.encode(), SALT, ROUNDS).hex()
    readable = NOT_ALLOWED.sub("-", job.release_id)[:64]
    return Identity(
        token=f"slipway-{digest[:48]}"[:TOKEN_LENGTH],
        started_by=f"slipway/{readable}/{digest[:48]}"[:STARTED_BY_LENGTH],
        repeatable=True,
    )


__all__ = ("STARTED_BY_LENGTH", "TOKEN_LENGTH", "Identity", "identity")

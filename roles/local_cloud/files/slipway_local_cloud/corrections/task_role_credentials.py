# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may do in the account."""

from __future__ import annotations

import time
import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record

# On AWS they last for hours and are renewed; here nobody renews what stands in an environment.
LIFETIME = 10 * 365 * 86400


def task_role_credentials(place: Place) -> None:
    """A task with a task role has credentials of a session of that role, and knows its region.

    AWS: a task gets its region, and the credentials of its task role from a link-local address; a task without a
    task role gets none.
    MiniStack: every task is pointed to an endpoint whose host name the SDKs refuse, so no task has credentials.
    """
    ecs, sts = service("ecs"), service("sts")
    register = original(ecs, "_register_metadata")
    for name in ("_gen_session_access_key", "_gen_secret", "_gen_session_token", "_role_id", "register_session"):
        original(sts, name)

    def register_metadata(
        task: str, cluster: str, definition: Record, container: Record, launch_type: str, environment: dict[str, str],
        *rest: t.Any,
    ) -> t.Any:  # fmt: skip
        token = register(task, cluster, definition, container, launch_type, environment, *rest)
        environment.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI", None)
        environment.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN", None)
        environment.setdefault("AWS_REGION", place.region)
        environment.setdefault("AWS_DEFAULT_REGION", place.region)
        if definition.get("taskRoleArn") and "AWS_ACCESS_KEY_ID" not in environment:
            environment |= _session(sts, definition["taskRoleArn"], task.rpartition("/")[2])
        return token

    replace(ecs, "_register_metadata", register_metadata)


def _session(sts: ModuleType, role: str, task: str) -> dict[str, str]:
    """Open a session as AssumeRole does, for the service that starts tasks, and return it as environment."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    access_key, secret_key, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{task}",
            "UserId": f"{sts._role_id(role)}:{task}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
            "Expiration": time.time() + LIFETIME,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SessionTags": [],
            "SessionPolicies": None,
        },
    )
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_SESSION_TOKEN": token}

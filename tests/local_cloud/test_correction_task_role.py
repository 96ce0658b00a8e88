# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task may do in the account."""

from __future__ import annotations

import json
import typing as t

import boto3
from definitions import container, define, run, stopped
from ecs import ROLE, log_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

TELL = "import json, os; print('TOLD ' + json.dumps(dict(os.environ)), flush=True)"


def test_task_role_credentials(cloud: Home, pushed: str) -> None:
    """What botocore finds in a task's environment is a session of its role, named after the task."""
    task = stopped(cloud, run(cloud, define(cloud, "session", container(pushed, TELL), taskRoleArn=ROLE)))
    line = wait_for("output", lambda: "TOLD " in log_of(cloud, "session") and log_of(cloud, "session"))
    found = json.loads(line.partition("TOLD ")[2].splitlines()[0])
    identity = t.cast(t.Any, boto3).client(
        "sts",
        endpoint_url=cloud.endpoints["endpoint_url"],
        region_name=found["AWS_REGION"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=found["AWS_SESSION_TOKEN"],
    ).get_caller_identity()  # fmt: skip
    name = task["taskArn"].rpartition("/")[2]
    assert identity["Arn"] == f"arn:aws:sts::000000000000:assumed-role/task/{name}"
    assert identity["Account"] == "000000000000"
    assert not [name for name in found if name.startswith("AWS_CONTAINER_")]

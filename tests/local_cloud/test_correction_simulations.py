# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM's simulation of policies, with the client that asks it."""

from __future__ import annotations

import json
import typing as t

if t.TYPE_CHECKING:
    from home import Home

OURS, OTHER, SECRET = (f"arn:aws:iam::000000000000:role/{name}" for name in ("ours", "other", "secret"))
TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": [OURS, SECRET], "Condition": TASKS},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": SECRET},
    ],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}


def decisions(home: Home, source: str, service: str, *resources: str) -> dict[str, str]:
    entry = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string", "ContextKeyValues": [service]}
    answer = home.client("iam").simulate_principal_policy(
        PolicySourceArn=source, ActionNames=["iam:PassRole"], ResourceArns=list(resources), ContextEntries=[entry]
    )
    (result,) = answer["EvaluationResults"]
    found = {item["EvalResourceName"]: item["EvalResourceDecision"] for item in result["ResourceSpecificResults"]}
    return {**found, "all": result["EvalDecision"]}


def test_simulations_read_their_request(cloud: Home) -> None:
    iam = cloud.client("iam")
    source = iam.create_role(RoleName="simulated", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="simulated", PolicyName="pass", PolicyDocument=json.dumps(POLICY))
    told = decisions(cloud, source, "ecs-tasks.amazonaws.com", OURS, OTHER, SECRET)
    assert told == {OURS: "allowed", OTHER: "implicitDeny", SECRET: "explicitDeny", "all": "explicitDeny"}
    assert decisions(cloud, source, "lambda.amazonaws.com", OURS) == {OURS: "implicitDeny", "all": "implicitDeny"}

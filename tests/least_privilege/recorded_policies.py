# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print every policy document of every stack as JSON, from the programs run under Pulumi's mocks."""

from __future__ import annotations

import json
import re
import sys
import typing as t
from pathlib import Path

INFRA = Path(__file__).resolve().parents[2] / "pulumi_infra"
sys.path[:0] = [str(INFRA)]

from tests.recorded_program import ACCOUNT, REGION, Program, Recorded, record

VERSION = "2012-10-17"
# The mocks call every resource arn:aws:<service>:<region>:<account>:<name>. This is what AWS calls them.
REGIONAL, GLOBAL = f"{REGION}:{ACCOUNT}", f":{ACCOUNT}"
ARNS = {
    "aws:appautoscaling/target:Target": f"arn:aws:application-autoscaling:{REGIONAL}:scalable-target/{{name}}",
    "aws:cloudfront/distribution:Distribution": f"arn:aws:cloudfront:{GLOBAL}:distribution/{{name}}",
    "aws:cloudwatch/dashboard:Dashboard": f"arn:aws:cloudwatch:{GLOBAL}:dashboard/{{name}}",
    "aws:dynamodb/table:Table": f"arn:aws:dynamodb:{REGIONAL}:table/{{name}}",
    "aws:ecr/repository:Repository": f"arn:aws:ecr:{REGIONAL}:repository/{{name}}",
    "aws:ecs/cluster:Cluster": f"arn:aws:ecs:{REGIONAL}:cluster/{{name}}",
    "aws:efs/accessPoint:AccessPoint": f"arn:aws:elasticfilesystem:{REGIONAL}:access-point/{{name}}",
    "aws:efs/fileSystem:FileSystem": f"arn:aws:elasticfilesystem:{REGIONAL}:file-system/{{name}}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        f"arn:aws:iam:{GLOBAL}:oidc-provider/token.actions.githubusercontent.com"
    ),
    "aws:iam/policy:Policy": f"arn:aws:iam:{GLOBAL}:policy/{{name}}",
    "aws:iam/role:Role": f"arn:aws:iam:{GLOBAL}:role/{{name}}",
    "aws:lambda/function:Function": f"arn:aws:lambda:{REGIONAL}:function:{{name}}",
    "aws:rds/cluster:Cluster": f"arn:aws:rds:{REGIONAL}:cluster:{{name}}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:secretsmanager/secret:Secret": f"arn:aws:secretsmanager:{REGIONAL}:secret:{{name}}-a1B2c3",
    "aws:wafv2/webAcl:WebAcl": f"arn:aws:wafv2:{REGIONAL}:regional/webacl/{{name}}/1",
}
# AWS takes these without a resource, for it is what they are put on.
ON_THEMSELVES = {"assumeRolePolicy": "aws:iam/role:Role", "RepositoryPolicy.policy": "aws:ecr/repository:Repository"}


def documents(stack: str, program: Program) -> t.Iterator[dict[str, t.Any]]:
    """Yield every input of every resource that is a policy document, whatever it is called."""
    spelled = _spelled(program)
    for resource in program.resources:
        for name, value in resource.inputs.items():
            document = _document(value)
            if document is None:
                continue
            text = json.dumps(document)
            for made_up in sorted(spelled, key=len, reverse=True):
                text = text.replace(made_up, spelled[made_up])
            kind = f"{resource.type.rpartition(':')[2]}.{name}"
            yield {
                "stack": stack,
                # Names begin with the stack's and end with what they are.
                "name": re.sub(rf"^{re.escape(stack)}-", "", resource.name),
                "kind": kind,
                "document": _with_resource(json.loads(text), kind, resource),
            }


def _spelled(program: Program) -> dict[str, str]:
    """Return what AWS calls each resource, by what the mocks call it."""
    return {
        f"arn:aws:{each.type.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{each.name}": (
            ARNS[each.type].format(name=each.name)
        )
        for each in program.resources
        if each.type in ARNS
    }


def _with_resource(document: dict[str, t.Any], kind: str, resource: Recorded) -> dict[str, t.Any]:
    for ending, type_ in ON_THEMSELVES.items():
        if kind.endswith(ending):
            for statement in document["Statement"]:
                statement.setdefault("Resource", ARNS[type_].format(name=resource.name))
    return document


def _document(value: t.Any) -> dict[str, t.Any] | None:
    if isinstance(value, str) and VERSION in value:
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, dict) and "Statement" in value and value.get("Version") == VERSION:
        return value
    return None


def main() -> None:
    stacks = sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in INFRA.glob("Pulumi.*.yaml"))
    json.dump([found for stack in stacks for found in documents(stack, record(stack))], sys.stdout)


if __name__ == "__main__":
    main()

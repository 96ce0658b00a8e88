# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The calls a look before the release makes, one function each. None of them writes, and no value of a secret
leaves this file.
"""

from __future__ import annotations

import dataclasses
import json
import os.path
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._image.api import MANIFEST_TYPES

try:
    import botocore.awsrequest
    import botocore.exceptions
    import botocore.httpsession
    import botocore.utils
except ImportError:  # the module or action plugin says so, with the interpreter's name
    pass

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Answer = dict[str, t.Any]

# A real configuration has a few kilobytes.
LARGEST_CONFIG = 4 * 1024 * 1024
# Ten is what one page of parameters has by itself.
MOST_PARAMETERS = 50


@aws_call("ask who we are")
def caller_arn(sts: t.Any) -> str:
    return str(sts.get_caller_identity()["Arn"])


@aws_call("read images from ECR")
def batch_get_image(
    ecr: t.Any, account: str | None, repository: str, identities: Sequence[Mapping[str, str]]
) -> Answer:
    request: Answer = {"repositoryName": repository, "imageIds": list(identities), "acceptedMediaTypes": MANIFEST_TYPES}
    if account:
        request["registryId"] = account
    return t.cast("Answer", ecr.batch_get_image(**request))


@aws_call("ask ECR where a layer is")
def layer_address(ecr: t.Any, account: str | None, repository: str, digest: str) -> str:
    request = {"repositoryName": repository, "layerDigest": digest}
    if account:
        request["registryId"] = account
    return str(ecr.get_download_url_for_layer(**request)["downloadUrl"])


def download_config(address: str) -> Answer:
    """Return an image's configuration. The address is signed, so it is in no error."""
    try:
        session = botocore.httpsession.URLLib3Session(timeout=10, proxies=botocore.utils.get_environ_proxies(address))
        request = botocore.awsrequest.AWSRequest("GET", address, stream_output=True)
        answer = session.send(request.prepare())
        content = answer.raw.read(LARGEST_CONFIG, decode_content=True)
    except (botocore.exceptions.BotoCoreError, OSError) as error:
        kind = type(error).__name__
        raise AwsError("download the image's configuration", kind, f"{kind}.") from None
    if answer.status_code != 200:
        raise AwsError("download the image's configuration", "Download", f"it was answered {answer.status_code}.")
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AwsError("read the image's configuration", "Download", "it is no JSON object.")
    return found


@aws_call("read the role")
def get_role(iam: t.Any, name: str) -> Answer:
    return t.cast("Answer", iam.get_role(RoleName=name)["Role"])


@dataclasses.dataclass(frozen=True)
class Verdict:
    """IAM's decision, C(allowed), C(explicitDeny) or C(implicitDeny), and the context it would have liked to know."""

    decision: str
    missing: tuple[str, ...] = ()


@aws_call("simulate a policy")
def simulate(
    iam: t.Any, principal: str, action: str, resources: Sequence[str], context: Mapping[str, str]
) -> dict[str, Verdict]:
    """Return the decision for each resource, as far as the answer names it."""
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal,
        ActionNames=[action],
        ResourceArns=list(resources),
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
            for key, value in sorted(context.items())
        ],
    )
    found: dict[str, Verdict] = {}
    for result in (item for page in pages for item in page["EvaluationResults"]):
        # AWS tells decision and missing context of a resource here, and of all of them together one level up.
        specific = result.get("ResourceSpecificResults") or []
        for each in specific:
            found[each["EvalResourceName"]] = _verdict(each["EvalResourceDecision"], each)
        if not specific:
            found[result.get("EvalResourceName") or resources[0]] = _verdict(result["EvalDecision"], result)
    return found


def _verdict(decision: str, told: Mapping[str, t.Any]) -> Verdict:
    return Verdict(decision, tuple(sorted(told.get("MissingContextValues") or ())))


@aws_call("describe the secret")
def describe_secret(secrets: t.Any, identifier: str) -> Answer:
    return t.cast("Answer", secrets.describe_secret(SecretId=identifier))


@aws_call("read the secret's resource policy")
def secret_policy(secrets: t.Any, identifier: str) -> str | None:
    return t.cast("str | None", secrets.get_resource_policy(SecretId=identifier).get("ResourcePolicy"))


@aws_call("read the names of the secret's JSON keys")
def secret_keys(secrets: t.Any, identifier: str, version: Mapping[str, str]) -> frozenset[str] | None:
    """Return the names of the keys of a secret in JSON, or None if it is something else."""
    try:
        found = json.loads(secrets.get_secret_value(SecretId=identifier, **version).get("SecretString") or "")
    except ValueError:
        return None
    return frozenset(map(str, found)) if isinstance(found, dict) else None


@aws_call("look up parameters")
def missing_parameters(ssm: t.Any, names: Sequence[str]) -> frozenset[str]:
    """Return which of the parameters are not there. What is encrypted stays so."""
    answer = ssm.get_parameters(Names=list(names), WithDecryption=False)
    return frozenset(answer.get("InvalidParameters", ()))


@aws_call("describe parameters")
def described_parameters(ssm: t.Any, names: Sequence[str]) -> frozenset[str]:
    """Return which of the parameters are there, for which nobody has to be allowed to read them."""
    by_name = [{"Key": "Name", "Option": "Equals", "Values": list(names)}]
    pages = ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=by_name, PaginationConfig={"PageSize": MOST_PARAMETERS}
    )
    return frozenset(item["Name"] for page in pages for item in page.get("Parameters", ()))


@aws_call("list log groups")
def log_groups(logs: t.Any, names: Sequence[str]) -> frozenset[str]:
    """Return which of the log groups are there. The API knows prefixes only: ask for the one all names share."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=os.path.commonprefix(list(names)))
    return frozenset(item["logGroupName"] for page in pages for item in page.get("logGroups", ()))


@aws_call("describe the target groups")
def target_groups(elb: t.Any, arns: Sequence[str]) -> dict[str, Answer]:
    answer = elb.describe_target_groups(TargetGroupArns=list(arns))
    return {item["TargetGroupArn"]: item for item in answer.get("TargetGroups", ())}


@aws_call("read the attributes of the target group")
def target_group_attributes(elb: t.Any, arn: str) -> dict[str, str]:
    answer = elb.describe_target_group_attributes(TargetGroupArn=arn)
    return {item["Key"]: item.get("Value", "") for item in answer.get("Attributes", ())}


@aws_call("describe the subnets")
def subnets(ec2: t.Any, identifiers: Sequence[str]) -> dict[str, Answer]:
    return {item["SubnetId"]: item for item in ec2.describe_subnets(SubnetIds=list(identifiers)).get("Subnets", ())}


@aws_call("describe the ECS clusters")
def clusters(ecs: t.Any, arns: Sequence[str]) -> dict[str, Answer]:
    return {item["clusterArn"]: item for item in ecs.describe_clusters(clusters=list(arns)).get("clusters", ())}


@aws_call("describe the capacity providers")
def capacity_providers(ecs: t.Any, names: Sequence[str]) -> dict[str, Answer]:
    answer = ecs.describe_capacity_providers(capacityProviders=list(names))
    return {item["name"]: item for item in answer.get("capacityProviders", ())}


@aws_call("describe the file system")
def file_system(efs: t.Any, identifier: str) -> Answer | None:
    found = efs.describe_file_systems(FileSystemId=identifier).get("FileSystems") or [None]
    return t.cast("Answer | None", found[0])


@aws_call("describe the mount targets")
def mount_targets(efs: t.Any, identifier: str) -> list[Answer]:
    return list(efs.describe_mount_targets(FileSystemId=identifier).get("MountTargets", ()))


def beside(endpoint: str, address: str) -> str:
    """Return the address at an emulator of AWS: it may name the true host, and must not send us there."""
    told, own = urllib.parse.urlsplit(address), urllib.parse.urlsplit(endpoint)
    return urllib.parse.urlunsplit((own.scheme, own.netloc, told.path, told.query, ""))


__all__ = (
    "Verdict", "batch_get_image", "beside", "caller_arn", "capacity_providers", "clusters", "describe_secret",
    "described_parameters", "download_config", "file_system", "get_role", "layer_address", "log_groups",
    "missing_parameters", "mount_targets", "secret_keys", "secret_policy", "simulate", "subnets",
    "target_group_attributes", "target_groups",
)  # fmt: skip

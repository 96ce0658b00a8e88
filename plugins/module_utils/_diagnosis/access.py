# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""AWS refused a call of the program: which one, and the policy statement that would allow it."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.dependency import heard
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Confidence, Diagnosis, Quote
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Evidence
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import (
    Denial,
    as_text,
    bucket_without_objects,
    denial,
    statement,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = (
    r"(?:AccessDenied\w*|403|Forbidden|UnauthorizedOperation|AuthorizationError\w*|KMSAccessDenied\w*|NotAuthorized\w*)"
)
CALL = re.compile(rf"An error occurred \({REFUSAL}\) when calling the (?P<operation>\w+) operation")
GO_CALL = re.compile(r"operation error (?P<service>[\w ]+): (?P<operation>\w+), .*(?:StatusCode: 403|AccessDenied)")
BARE = re.compile(r"\bAccessDenied(?:Exception)?\b: |AmazonS3Exception: (?:Access Denied|Forbidden)|StatusCode: 403")
DENIED = re.compile(
    rf"An error occurred \({REFUSAL}\) when calling|is not authorized to perform: |{GO_CALL.pattern}|{BARE.pattern}"
)
MODEL = re.compile(
    r"don't have access to the model|access to the model .{0,80}(?:not|denied)|bedrock:\w+"
    r"|when calling the (?:InvokeModel\w*|Converse\w*) operation"
)
NO_MODEL_ACCESS = re.compile(r"don't have access to the model|model access is denied", re.IGNORECASE)

# What an API operation needs, where that is not <service>:<operation>.
ACTIONS = {
    "HeadObject": ("s3", "GetObject"),
    "HeadBucket": ("s3", "ListBucket"),
    "ListObjects": ("s3", "ListBucket"),
    "ListObjectsV2": ("s3", "ListBucket"),
    "ListBuckets": ("s3", "ListAllMyBuckets"),
    "CopyObject": ("s3", "PutObject"),
    "CreateMultipartUpload": ("s3", "PutObject"),
    "UploadPart": ("s3", "PutObject"),
    "CompleteMultipartUpload": ("s3", "PutObject"),
    "Converse": ("bedrock", "InvokeModel"),
    "ConverseStream": ("bedrock", "InvokeModelWithResponseStream"),
}
SERVICES = {
    "s3": "GetObject PutObject DeleteObject DeleteObjects GetObjectTagging PutObjectTagging GetBucketLocation",
    "bedrock": "InvokeModel InvokeModelWithResponseStream Retrieve RetrieveAndGenerate InvokeAgent ApplyGuardrail",
    "secretsmanager": "GetSecretValue DescribeSecret BatchGetSecretValue",
    "ssm": "GetParameter GetParameters GetParametersByPath PutParameter",
    "dynamodb": "GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactWriteItems "
    "TransactGetItems DescribeTable",
    "sqs": "SendMessage SendMessageBatch ReceiveMessage DeleteMessage GetQueueUrl GetQueueAttributes",
    "sns": "Publish PublishBatch",
    "kms": "Decrypt Encrypt GenerateDataKey",
    "events": "PutEvents",
    "sts": "AssumeRole",
}
SERVICE_OF = {operation: service for service, operations in SERVICES.items() for operation in operations.split()}
BUCKET_ACTIONS = frozenset({"s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketVersions"})

S3_URL = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<key>[^\s\"'|;&)]*))?")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PROFILE = re.compile(
    r"arn:aws[\w-]*:bedrock:(?P<region>[\w-]*):(?P<account>\d*):(?:application-)?inference-profile/(?P<name>[\w.:-]+)"
)
MODEL_NAME = re.compile(
    r"\b(?:(?:us|eu|apac|jp|au|global|us-gov)\.)?"
    r"(?:amazon|anthropic|meta|mistral|cohere|ai21|deepseek|openai|qwen)\.[\w.:-]+"
)


@dataclasses.dataclass(frozen=True)
class Place:
    """A bucket the task works with, maybe with an object in it, and where that is written."""

    bucket: str
    key: str
    where: Quote


def access(case: Case) -> Iterator[Diagnosis]:
    for quote, confidence in (*heard(case, DENIED), *heard(case, NO_MODEL_ACCESS)):
        refused = denial(quote.text) or _from_call(quote.text)
        if MODEL.search(quote.text) or (refused and refused.action.startswith("bedrock:")):
            yield _bedrock(case, quote, confidence, refused)
        elif refused and refused.action.startswith("s3:"):
            yield _s3(case, quote, confidence, refused)
        else:
            yield _plain(case, quote, confidence, refused)
        return


def _from_call(text: str) -> Denial | None:
    match = CALL.search(text) or GO_CALL.search(text)
    if not match:
        return None
    operation = match["operation"]
    service, action = ACTIONS.get(operation) or (SERVICE_OF.get(operation, ""), operation)
    return Denial(action=f"{service or '<service>'}:{action}")


def _plain(case: Case, quote: Quote, confidence: Confidence, refused: Denial | None) -> Diagnosis:
    if refused is None:
        return case.diagnosis(
            "aws_access_denied",
            "possible" if confidence == "possible" else "likely",
            "AWS refused a call of the program; its words do not say which.",
            f"Let the program log operation and resource, and compare with the policies of {_role(case)}. "
            "CloudTrail names both for most services.",
            quote,
        )
    if refused.explicit:
        return _explicit(case, quote, confidence, refused)
    allowed = statement([refused.action], refused.resource or "<arn of the resource>")
    return case.diagnosis(
        "aws_access_denied",
        confidence,
        f"The task role may not {refused.action} on {refused.resource or 'the resource it asked for'}.",
        f"Allow it in {_role(case)}: {as_text(allowed)}",
        quote,
        fatal=confidence != "possible",
        statement=allowed,
    )


def _explicit(case: Case, quote: Quote, confidence: Confidence, refused: Denial) -> Diagnosis:
    return case.diagnosis(
        "aws_access_denied",
        confidence,
        f"A statement forbids {refused.action} on {refused.resource or 'the resource'} to the task role: "
        f"{refused.because}.",
        "No further Allow helps against a Deny: find the statement (identity policy, permissions boundary, bucket or "
        "endpoint policy, service control policy, whichever the reason names) and narrow its condition.",
        quote,
        fatal=confidence != "possible",
    )


def _s3(case: Case, quote: Quote, confidence: Confidence, refused: Denial) -> Diagnosis:
    if refused.explicit:
        return _explicit(case, quote, confidence, refused)
    bucket_arn = refused.resource.split("/", 1)[0] if refused.resource else ""
    quotes = [quote]
    others = ""
    if not bucket_arn:
        arns = _buckets(case, quote, refused.action)
        bucket_arn = next(iter(arns), "arn:aws:s3:::<bucket>")
        quotes += [arns[bucket_arn]] if arns else []
        # The refusal names no bucket, so with several of them ours is the likeliest only.
        others = f" The task also works with {', '.join(list(arns)[1:])}." if len(arns) > 1 else ""
    on_bucket = refused.action in BUCKET_ACTIONS
    allowed = statement([refused.action], bucket_arn if on_bucket else f"{bucket_arn}/*")
    mistake = None if on_bucket else bucket_without_objects(case.evidence.policies, refused.action, bucket_arn)
    what = f"{refused.action} on {refused.resource or (bucket_arn if on_bucket else f'the objects of {bucket_arn}')}"
    if mistake:
        quotes.append(Quote(f"policy {mistake.policy.name} of role {mistake.policy.role}", as_text(mistake.faulty)))
        return case.diagnosis(
            "aws_access_denied",
            "certain" if confidence != "possible" else confidence,
            f"The task role may not {what}: its statement names the bucket, and not the objects in it.",
            f"In policy {mistake.policy.name} of role {mistake.policy.role}, write {as_text(mistake.corrected)} "
            f"instead of {as_text(mistake.faulty)}, in the infrastructure's code, and deploy again.",
            *quotes,
            fatal=True,
            statement=mistake.corrected,
            faulty_statement=mistake.faulty,
        )
    hint = (
        ""
        if on_bucket
        else " The commonest mistake is a statement whose Resource is the bucket's ARN without /* behind it. "
        "S3 also answers 403 for an object that does not exist, to a role without s3:ListBucket on the bucket."
    )
    return case.diagnosis(
        "aws_access_denied",
        confidence,
        f"The task role may not {what}.",
        f"Allow it in {_role(case)}: {as_text(allowed)}{others}{hint}",
        *quotes,
        fatal=confidence != "possible",
        statement=allowed,
    )


def _buckets(case: Case, quote: Quote, action: str) -> dict[str, Quote]:
    """Return the buckets the task works with and where they are named, one with a faulty statement first."""
    partition = _partition(case.evidence)
    arns: dict[str, Quote] = {}
    for place in s3_places(case.evidence, quote):
        arns.setdefault(f"arn:{partition}:s3:::{place.bucket}", place.where)
    faulty = [arn for arn in arns if bucket_without_objects(case.evidence.policies, action, arn)]
    return {arn: arns[arn] for arn in (*faulty, *(arn for arn in arns if arn not in faulty))}


def _bedrock(case: Case, quote: Quote, confidence: Confidence, refused: Denial | None) -> Diagnosis:
    if NO_MODEL_ACCESS.search(quote.text):
        model = _model(case, quote.text)
        return case.diagnosis(
            "bedrock_access_denied",
            confidence,
            f"The account has no access to the model {model or 'the program asks for'} in this region.",
            "Ask for access to the model (Amazon Bedrock, Model access) in the region the program calls. No policy of "
            "the task role replaces that.",
            quote,
            fatal=confidence != "possible",
        )
    if refused and refused.explicit:
        return dataclasses.replace(_explicit(case, quote, confidence, refused), code="bedrock_access_denied")
    action = refused.action if refused and refused.action.startswith("bedrock:") else "bedrock:InvokeModel"
    resources = _model_resources(case, refused.resource if refused else "", quote.text)
    allowed = statement([action], resources)
    return case.diagnosis(
        "bedrock_access_denied",
        confidence,
        f"The task role may not {action} on {refused.resource if refused and refused.resource else 'the model'}.",
        f"Allow it in {_role(case)}: {as_text(allowed)} An inference profile needs both itself and the "
        "foundation model in every region it may choose.",
        quote,
        fatal=confidence != "possible",
        statement=allowed,
    )


def _model_resources(case: Case, resource: str, text: str) -> list[str]:
    profile = PROFILE.search(resource) or PROFILE.search(text)
    if profile:
        name = profile["name"]
        model = name.split(".", 1)[1] if name.count(".") > 1 else "<model>"
        return [profile[0], f"arn:aws:bedrock:*::foundation-model/{model}"]
    if resource:
        return [resource]
    model = _model(case, text)
    return [f"arn:aws:bedrock:*::foundation-model/{model or '<model>'}"]


def _model(case: Case, text: str) -> str:
    values = [text, *(value for item in case.evidence.definition.containers for value in item.environment.values())]
    return next((match[0] for match in map(MODEL_NAME.search, values) if match), "")


def s3_places(evidence: Evidence, about: Quote) -> list[Place]:
    """Return the buckets the task works with, the most telling first: its log, its command, its environment."""
    found: list[Place] = []
    for task in evidence.tasks:
        for container in task.containers:
            where = f"task {task.id}, container {container.name}, log"
            # The line nearest to the refusal knows best.
            ordered = sorted(container.log, key=lambda line: line.text.strip() != about.text)
            found += [place for line in ordered for place in _urls(line.text, Quote(where, line.text.strip()))]
    for item in evidence.definition.containers:
        for word in (*item.entry_point, *item.command):
            found += _urls(word, Quote(f"task definition, command of container {item.name}", word.strip()))
        for name, value in sorted(item.environment.items()):
            where = f"task definition, environment of container {item.name}"
            found += _urls(value, Quote(where, f"{name}={value}"))
            if "BUCKET" in name.upper() and BUCKET_NAME.fullmatch(value):
                found.append(Place(value, "", Quote(where, f"{name}={value}")))
    return found


def _urls(text: str, where: Quote) -> list[Place]:
    return [Place(match["bucket"], match["key"] or "", where) for match in S3_URL.finditer(text)]


def _role(case: Case) -> str:
    role = case.evidence.definition.task_role
    return (
        f"the task role {role}"
        if role
        else "a task role (the task definition names none, so the program has no rights)"
    )


def _partition(evidence: Evidence) -> str:
    arn = evidence.definition.task_role or evidence.service.arn
    return arn.split(":")[1] if arn.startswith("arn:") and arn.count(":") > 1 else "aws"


__all__ = ("access", "s3_places")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Why a function does not get there: what Lambda says, as a cause with its evidence and what to do next."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Confidence, Quote, Statement
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import denial, statement

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import Invocation
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Snapshot

LOG_LINES = 12


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """A cause, how sure we are of it, what says so, and what to do next: as M(slipway.aws.ecs_diagnose) spells it."""

    code: str
    confidence: Confidence
    explanation: str
    fix: str
    evidence: tuple[Quote, ...] = ()
    fatal: bool = True
    """Waiting will not mend it: the same again ends the same way."""
    statement: Statement | None = None
    """The policy statement that would allow what was denied."""

    def as_result(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)

    @property
    def told(self) -> str:
        return f"{self.explanation} [{self.code}, {self.confidence}] {self.fix}"


@dataclasses.dataclass(frozen=True)
class Known:
    """What a reason code of Lambda means to us."""

    code: str
    explanation: str
    fix: str
    fatal: bool = True
    confidence: Confidence = "certain"


NETWORK = "Mend the function's network in the infrastructure, and run this again."
KEY = "Mend the key's policy or state, or the key the function names, in the infrastructure."
FILES = "Check mount target, access point and security groups (2049/tcp) of the file system."
START = "Start the image locally with the same command and look at what it says."

# Keyed by LastUpdateStatusReasonCode and StateReasonCode, which are the same words.
REASONS: dict[str, Known] = {
    "EniLimitExceeded": Known(
        "eni_limit",
        "Lambda could not make a network interface, because the account has as many as it may.",
        "Delete interfaces nobody uses, or raise the quota of network interfaces per Region.",
    ),
    "InsufficientRolePermissions": Known(
        "execution_role_denied",
        "The execution role lacks what Lambda needs to set the function up, usually to make network interfaces.",
        "Attach AWSLambdaVPCAccessExecutionRole, or ec2:CreateNetworkInterface and the rest of it, to the role.",
    ),
    "InvalidConfiguration": Known(
        "invalid_configuration", "Lambda does not accept the configuration.", "Correct what Lambda names in its reason."
    ),
    "InternalError": Known(
        "lambda_internal_error",
        "Lambda failed by itself.",
        "Run this again; if it stays, ask AWS Support with the function's ARN and the time.",
        fatal=False,
        confidence="likely",
    ),
    "SubnetOutOfIPAddresses": Known(
        "subnet_ips_exhausted", "The function's subnets have no free addresses.", "Use larger or more subnets."
    ),
    "InvalidSubnet": Known("invalid_subnet", "A subnet of the function does not exist or cannot be used.", NETWORK),
    "InvalidSecurityGroup": Known(
        "invalid_security_group", "A security group of the function does not exist in its VPC.", NETWORK
    ),
    "ImageDeleted": Known(
        "image_not_found",
        "The image is no longer in ECR.",
        "Push it again, and keep lifecycle policies from removing what runs; or go back to a version that has one.",
    ),
    "ImageAccessDenied": Known(
        "image_pull_denied",
        "Lambda may not pull the image.",
        "Allow lambda.amazonaws.com ecr:BatchGetImage and ecr:GetDownloadUrlForLayer in the repository's policy.",
    ),
    "InvalidImage": Known(
        "invalid_image",
        "Lambda cannot run this image.",
        "Build it for one platform, that of the function, without an index: --platform linux/amd64 --provenance=false.",
    ),
    "KMSKeyAccessDenied": Known("kms_denied", "The function may not use its KMS key.", KEY),
    "KMSKeyNotFound": Known("kms_not_found", "The function's KMS key does not exist.", KEY),
    "InvalidStateKMSKey": Known("kms_invalid_state", "The function's KMS key is in a state that forbids its use.", KEY),
    "DisabledKMSKey": Known("kms_disabled", "The function's KMS key is disabled.", KEY),
    "EFSIOError": Known("efs_mount_failed", "Reading or writing the file system failed.", FILES),
    "EFSMountConnectivityError": Known("efs_mount_failed", "The function cannot reach the file system.", FILES),
    "EFSMountFailure": Known("efs_mount_failed", "The file system could not be mounted.", FILES),
    "EFSMountTimeout": Known("efs_mount_failed", "Mounting the file system took too long.", FILES),
    "InvalidRuntime": Known(
        "invalid_runtime", "Lambda does not have this runtime any more.", "Choose a newer one in the infrastructure."
    ),
    "InvalidZipFileException": Known(
        "invalid_package", "The zip file cannot be unpacked.", "Build it again, and test it with unzip -t."
    ),
    "FunctionError": Known("function_start_failed", "The function could not be started.", START),
    "ServiceQuotaExceededException": Known(
        "quota_exceeded", "A quota of the account is used up.", "Raise the quota that Lambda names."
    ),
    "VcpuLimitExceeded": Known("quota_exceeded", "The account's vCPU quota is used up.", "Raise the quota."),
    "CapacityProviderScalingLimitExceeded": Known(
        "capacity_none", "The capacity provider is at its limit.", "Raise the limit of the capacity provider."
    ),
    "InsufficientCapacity": Known(
        "capacity_none", "AWS has no capacity at the moment.", "Run this again later.", fatal=False
    ),
    "EC2RequestLimitExceeded": Known(
        "ec2_throttled", "EC2 throttles Lambda in this account.", "Run this again later.", fatal=False
    ),
    "FunctionError.InitTimeout": Known(
        "init_timeout",
        "The function did not finish starting in time.",
        "Do less before the handler, or give it more memory, which also means more CPU.",
    ),
    "FunctionError.RuntimeInitError": Known("runtime_exit", "The runtime ended while it started.", START),
    "FunctionError.RuntimeExit": Known("runtime_exit", "The runtime ended by itself.", START),
    "FunctionError.ExtensionInitError": Known(
        "extension_init_failed", "An extension ended while it started.", "Look at the extension's log, or leave it out."
    ),
    "FunctionError.InvalidEntryPoint": Known(
        "command_not_found", "The image's entry point does not exist in it, or is for another architecture.", START
    ),
    "FunctionError.InvalidWorkingDirectory": Known(
        "invalid_working_directory", "The image's working directory does not exist in it.", START
    ),
    "FunctionError.PermissionDenied": Known(
        "command_not_executable",
        "What is to be started may not be executed or read.",
        "Lambda runs as a user of its own: make the files readable, and the entry point executable, for everybody.",
    ),
    "FunctionError.TooManyExtensions": Known(
        "too_many_extensions", "The function has more extensions than Lambda runs.", "Leave some out."
    ),
    "FunctionError.InitResourceExhausted": Known(
        "out_of_memory", "The function ran out of memory or processes while it started.", "Give it more memory."
    ),
    "DisallowedByVpcEncryptionControl": Known(
        "network_encryption_required", "The VPC demands encryption that the function has not.", NETWORK
    ),
    "DependencyError": Known(
        "dependency_failed", "Something the function needs to be set up failed.", "Correct what Lambda names."
    ),
}  # fmt: skip

# What Invoke answers with before any code of the function runs, as far as it is not in REASONS under a similar name.
REFUSALS: dict[str, str] = {
    "CodeArtifactUserDeletedException": "ImageDeleted",
    "CodeArtifactUserFailedException": "InvalidImage",
    "EC2AccessDeniedException": "InsufficientRolePermissions",
    "EC2ThrottledException": "EC2RequestLimitExceeded",
    "EFSIOException": "EFSIOError",
    "EFSMountConnectivityException": "EFSMountConnectivityError",
    "EFSMountFailureException": "EFSMountFailure",
    "EFSMountTimeoutException": "EFSMountTimeout",
    "ENILimitReachedException": "EniLimitExceeded",
    "InvalidRuntimeException": "InvalidRuntime",
    "InvalidSecurityGroupIDException": "InvalidSecurityGroup",
    "InvalidSubnetIDException": "InvalidSubnet",
    "InvalidZipFileException": "InvalidZipFileException",
    "KMSAccessDeniedException": "KMSKeyAccessDenied",
    "KMSDisabledException": "DisabledKMSKey",
    "KMSInvalidStateException": "InvalidStateKMSKey",
    "KMSNotFoundException": "KMSKeyNotFound",
    "SubnetIPAddressLimitReachedException": "SubnetOutOfIPAddresses",
}


def of_state(snapshot: Snapshot, masker: Masker) -> Diagnosis | None:
    """Return why a function or a version could not be set up, if Lambda says that it could not."""
    settings = snapshot.configuration
    for failed, code, reason in (
        (snapshot.update == "Failed", "LastUpdateStatusReasonCode", "LastUpdateStatusReason"),
        (snapshot.state == "Failed", "StateReasonCode", "StateReason"),
    ):
        if failed:
            said = masker.text(str(settings.get(reason) or "no reason given"))
            return of_reason(str(settings.get(code) or ""), Quote(f"version {snapshot.version}, {reason}", said))
    return None


def of_reason(code: str, quote: Quote) -> Diagnosis:
    """Return what a reason code means; one that AWS adds next is told as it is."""
    known = REASONS.get(code) or REASONS.get(code.partition(".")[0])
    if known is None:
        return Diagnosis(
            "unknown", "possible", f"Lambda says {code or 'nothing of the reason'}: {quote.text}",
            "Look the code up in the Lambda documentation.", (quote,),
        )  # fmt: skip
    explanation = f"{known.explanation} Lambda says {code}: {quote.text}".rstrip(".") + "."
    return Diagnosis(known.code, known.confidence, explanation, known.fix, (quote,), known.fatal)


def of_refusal(code: str, message: str) -> Diagnosis | None:
    """Return why Lambda did not even begin to run a function that was called."""
    reason = REFUSALS.get(code)
    return of_reason(reason, Quote(f"Invoke, {code}", message)) if reason else None


@dataclasses.dataclass(frozen=True)
class Symptom:
    """Words in the answer or the log of a function that failed, and what they mean."""

    words: re.Pattern[str]
    known: Known


SYMPTOMS = (
    Symptom(
        re.compile(r"exec format error|cannot execute binary file", re.IGNORECASE),
        Known(
            "exec_format_error",
            "The code was built for another architecture than the function has.",
            "Build it for the function's architecture, or give architecture with the image.",
        ),
    ),
    Symptom(
        re.compile(r"Runtime\.OutOfMemory|signal: killed|MemoryError|JavaScript heap out of memory"),
        Known("out_of_memory", "The function ran out of memory.", "Raise memory_size."),
    ),
    Symptom(
        re.compile(r"Task timed out after|Sandbox\.Timedout"),
        Known(
            "function_timeout",
            "The function did not answer within its timeout.",
            "Look at what it waits for in the log; without a way to AWS's APIs from its subnets every call hangs.",
            confidence="likely",
        ),
    ),
    Symptom(
        re.compile(r"Runtime\.InvalidEntrypoint|fork/exec \S+: no such file"),
        Known("command_not_found", "The image's entry point does not exist in it.", START),
    ),
    Symptom(
        re.compile(r"Runtime\.HandlerNotFound|Handler '[^']*' missing on module|is undefined or not exported"),
        Known(
            "handler_not_found", "The handler does not exist in the code.", "Correct handler, or the image's command."
        ),
    ),
    Symptom(
        re.compile(r"Runtime\.ImportModuleError|No module named|Cannot find module"),
        Known(
            "handler_import_failed",
            "The handler's module, or something it imports, is not in the code.",
            "Add what is missing to the image or the package, and import the handler once after the build.",
        ),
    ),
    Symptom(
        re.compile(r"Runtime\.ExitError|Runtime exited|exit status \d+"),
        Known("runtime_exit", "The runtime ended by itself.", START),
    ),
)


def of_failure(version: str, invocation: Invocation, masker: Masker) -> Diagnosis:
    """Return why a function that was called failed, from its answer and the last lines of its log."""
    kind, message = _error(invocation.payload)
    told = masker.text(f"{kind}: {message}" if kind else message) or "no message"
    log = masker.lines(invocation.log.splitlines())[-LOG_LINES:]
    quotes = (
        Quote(f"version {version}, answer", told),
        *(Quote(f"version {version}, log", line) for line in log if line),
    )
    everything = "\n".join([told, *log])
    refused = denial(everything)
    if refused is not None:
        return Diagnosis(
            "bedrock_access_denied" if refused.action.startswith("bedrock:") else "aws_access_denied",
            "certain",
            f"The function's role may not {refused.action} on {refused.resource or 'what it asked for'}.",
            "Add the statement to the function's role in the infrastructure.",
            quotes,
            statement=statement([refused.action], refused.resource or "*"),
        )
    for symptom in SYMPTOMS:
        if symptom.words.search(everything):
            known = symptom.known
            return Diagnosis(known.code, known.confidence, f"{known.explanation} It says {told}.", known.fix, quotes)
    return Diagnosis(
        "application_error", "certain", f"The function failed with {told}.", "Mend it; the log says where.", quotes
    )


def _error(payload: bytes) -> tuple[str, str]:
    try:
        answer = json.loads(payload)
    except ValueError:
        return "", payload.decode(errors="replace")[:500]
    if not isinstance(answer, dict):
        return "", str(answer)[:500]
    return str(answer.get("errorType") or ""), str(answer.get("errorMessage") or "")[:500]


__all__ = ("REASONS", "REFUSALS", "Diagnosis", "of_failure", "of_reason", "of_refusal", "of_state")

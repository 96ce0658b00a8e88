# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The image could not be had: it is not there, not for this platform, not allowed, or out of reach."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Case, Diagnosis, first_of
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.policy import as_text, denial, statement

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PULL = re.compile(
    r"CannotPull(?:Container|ECRContainer|Image)\w*|failed to resolve ref|digest resolution", re.IGNORECASE
)
REGISTRY_AUTH = re.compile(
    r"(?:ecr )?registry auth(?! *: *execution resource retrieval failed: unable to retrieve (?:secret|json))"
)
DIGEST = re.compile(r"unsuccessful image digest resolution")
PLATFORM = re.compile(
    r"descriptor matching platform '?(?P<platform>[\w/.-]+)|no matching manifest for (?P<wanted>[\w/.-]+)"
    r"|no match for platform|cannot be used on this platform|platform .{0,80}does not match"
)
RATE = re.compile(r"toomanyrequests|pull rate limit|too many requests|\b429\b", re.IGNORECASE)
DENIED = re.compile(
    r"is not authorized to perform|AccessDenied|\b403\b|no basic auth credentials|unauthorized|authentication required"
    r"|authorization failed|authorization token has expired|has the permissions to pull images",
    re.IGNORECASE,
)
NO_ROUTE = re.compile(
    r"i/o timeout|context deadline exceeded|request cancell?ed|TLS handshake timeout|no such host"
    r"|network is unreachable"
    r"|connection (?:issue between|refused|reset|timed out)|Client\.Timeout|dial tcp"
    r"|check your task network configuration",
    re.IGNORECASE,
)
MISSING = re.compile(
    r"not found|manifest unknown|name unknown|does not exist|404 Client Error|NotFound|invalid reference format",
    re.IGNORECASE,
)
REFERENCE = re.compile(
    r"""(?:ref(?:erence)?|manifest for|pull access denied for|image|digest for|pulling)\s+["'`]?"""
    r"""(?P<image>[a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)"""
)
ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.[\w.]+/(?P<repository>[\w./-]+?)(?P<tag>[:@].+)?$"
)


def image_platform_mismatch(case: Case) -> Iterator[Diagnosis]:
    found = case.find(PLATFORM)
    if found:
        quote, match = found
        definition = case.evidence.definition
        wanted = match["platform"] or match["wanted"] or _platform(case)
        yield case.diagnosis(
            "image_platform_mismatch",
            "certain",
            f"The image {_image(case, quote.text)} has no variant for {wanted}, which the task asks for.",
            f"Build it for that platform (docker buildx build --platform {wanted} …), or set runtimePlatform of "
            f"{definition.arn or 'the task definition'} to what the image was built for.",
            quote,
            fatal=True,
        )


def image_rate_limited(case: Case) -> Iterator[Diagnosis]:
    found = _pull(case, RATE)
    if found:
        yield case.diagnosis(
            "image_rate_limited",
            "certain",
            "The registry refuses the pull because there were too many from here; it recovers with time.",
            f"Copy {_image(case, found.text)} to a repository of your own in ECR (or use a pull-through cache), "
            "so that no public registry stands between you and a deployment.",
            found,
        )


def image_pull_denied(case: Case) -> Iterator[Diagnosis]:
    found = _pull(case, DENIED)
    if not found:
        return
    evidence = case.evidence
    denied = denial(found.text)
    role = evidence.definition.execution_role
    allowed = None
    if denied or ".dkr.ecr." in _image(case, found.text):
        allowed = statement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            (denied.resource if denied and denied.resource not in ("", "*") else _repository_arn(case, found.text)),
        )
    if denied and denied.action == "ecr:GetAuthorizationToken":
        allowed = statement([denied.action], "*")
    fix = (
        f"Allow it in the execution role {role}: {as_text(allowed)} "
        "Is the repository in another account, its own policy must allow the pull too."
        if allowed and role
        else "Give the task definition an execution role that may pull from ECR "
        "(policy AmazonECSTaskExecutionRolePolicy)."
        if allowed
        else "Give the container repositoryCredentials with a login the registry accepts, or copy the image to ECR."
    )
    yield case.diagnosis(
        "image_pull_denied",
        "certain",
        f"The registry does not let the task pull {_image(case, found.text)}.",
        fix,
        found,
        fatal=True,
        statement=allowed,
    )


def image_no_route(case: Case) -> Iterator[Diagnosis]:
    found = _pull(case, NO_ROUTE)
    if not found:
        return
    service = case.evidence.service
    subnets = ", ".join(service.subnets) or "its subnets"
    public = "has a public address, so its subnets need a route to an internet gateway"
    private = "has no public address, so its subnets need a route to a NAT gateway, or VPC endpoints"
    yield case.diagnosis(
        "image_no_route",
        "certain",
        f"The task found no way to the registry of {_image(case, found.text)}.",
        f"The task in {subnets} {public if service.public_address else private} "
        "(ecr.api, ecr.dkr and the S3 gateway endpoint for the layers, logs besides). "
        f"Also check that its security groups ({', '.join(service.security_groups) or 'none known'}) let HTTPS out, "
        "and that the endpoints' security groups let it in.",
        found,
        fatal=True,
    )


def image_not_found(case: Case) -> Iterator[Diagnosis]:
    found = _pull(case, MISSING)
    digest = None if found else case.find(DIGEST)
    quote = found or (digest[0] if digest else None)
    if quote is None:
        return
    image = _image(case, quote.text)
    ecr = ECR.search(image)
    look = (
        f"Look what is there: aws ecr describe-images --region {ecr['region']} --repository-name {ecr['repository']}. "
        if ecr
        else ""
    )
    yield case.diagnosis(
        "image_not_found",
        "certain" if found else "likely",
        f"The image {image} is not in its registry.",
        f"{look}Push the image, or ship the digest of one that is there. If it was there once, a lifecycle policy "
        "may have expired it.",
        quote,
        fatal=True,
    )


def image_pull_failed(case: Case) -> Iterator[Diagnosis]:
    found = case.find(re.compile(r"CannotPull(?:Container|ECRContainer|Image)\w*"))
    if found:
        yield case.diagnosis(
            "image_pull_failed",
            "likely",
            f"The image {_image(case, found[0].text)} could not be pulled, for a reason not known here.",
            "Read the reason below; pulling the same image with the execution role's credentials tells more.",
            found[0],
        )


def _pull(case: Case, pattern: re.Pattern[str]) -> t.Any:
    """Return what ECS says about a pull, if it fits the pattern."""
    for quote in case.says:
        if (PULL.search(quote.text) or REGISTRY_AUTH.search(quote.text)) and pattern.search(quote.text):
            return quote
    return None


def _image(case: Case, text: str) -> str:
    images = [item.image for item in case.evidence.definition.containers if item.image]
    named = [image for image in images if image in text]
    if named:
        return max(named, key=len)
    match = REFERENCE.search(text)
    if match and ("/" in match["image"] or ":" in match["image"]):
        return match["image"].rstrip(":.")
    return images[0] if len(images) == 1 else "of the task definition"


def _repository_arn(case: Case, text: str) -> str:
    ecr = ECR.search(_image(case, text))
    return f"arn:aws:ecr:{ecr['region']}:{ecr['account']}:repository/{ecr['repository']}" if ecr else "*"


def _platform(case: Case) -> str:
    architecture = case.evidence.definition.architecture
    return {"ARM64": "linux/arm64"}.get(architecture, "linux/amd64")


image = first_of(
    image_platform_mismatch, image_rate_limited, image_pull_denied, image_no_route, image_not_found, image_pull_failed
)

__all__ = ("image",)

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option, and the refusal."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Finding, Findings, refuse
from ansible_collections.slipway.aws.plugins.module_utils._preflight.inspect import CHECKS
from ansible_collections.slipway.aws.plugins.module_utils._preflight.policy import DEFAULTS, Policy
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject

SUBJECT = Subject("backend", {}, {}, None, 900)
RELYING = Subject("backend", {}, {}, None, 900, rollback=True)


def test_every_check_has_a_default_and_no_other_name_has() -> None:
    assert set(DEFAULTS) == set(CHECKS)


@pytest.mark.parametrize(
    ("options", "check", "level"),
    [
        (None, "image_exists", "error"),
        ({}, "way_back", "warn"),
        ({"all": "warn"}, "image_exists", "warn"),
        ({"all": "off", "image_exists": "error"}, "image_exists", "error"),
        ({"all": "off", "image_exists": "error"}, "log_group", "off"),
        ({"image_exists": False}, "image_exists", "off"),
        ({"secret_json_keys": "error"}, "secret_json_keys", "off"),
        ({"read_secrets": True}, "secret_json_keys", "error"),
    ],
    ids=str,
)
def test_levels(options: dict[str, t.Any] | None, check: str, level: str) -> None:
    assert Policy.from_options(options).level(check, SUBJECT) == level


def test_the_way_back_matters_more_to_who_relies_on_it() -> None:
    assert Policy().level("way_back", RELYING) == "error"
    assert Policy.from_options({"way_back": "off"}).level("way_back", RELYING) == "off"


@pytest.mark.parametrize("unchecked", ["error", "warn", "off"])
@pytest.mark.parametrize("level", ["error", "warn", "off"])
def test_not_knowing_is_never_worse_than_what_is_not_known(account: t.Any, level: str, unchecked: str) -> None:
    account.options |= {"all": level, "unchecked": unchecked}
    account.refusals["DescribeLogGroups"] = "AccessDenied"
    expected = [] if "off" in (level, unchecked) else ["warn" if "warn" in (level, unchecked) else "error"]
    assert [item.severity for item in account.look().found] == expected


def test_what_is_off_is_not_asked(account: t.Any) -> None:
    account.options["all"] = "off"
    account.container["image"] = "broken"
    assert account.look().found == ()
    assert not account.calls


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image": "off"}, "names checks that do not exist: image."),
        ({"image_exists": "warning"}, "preflight.image_exists is 'warning'. Choose error, warn or off."),
        ({"image_exists": True}, "preflight.image_exists is True."),
        ({"read_secrets": "yes"}, "preflight.read_secrets is neither true nor false."),
    ],
    ids=["name", "level", "true", "read"],
)
def test_an_option_that_cannot_be(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(SlipwayError) as caught:
        Policy.from_options(options)
    assert words in str(caught.value)


def finding(service: str, message: str, severity: t.Any = "error") -> Finding:
    return Finding("image_exists", severity, service, message, "Push it.")


def test_a_refusal_lists_every_error_once() -> None:
    findings = Findings.of([
        finding("worker", "A is gone."), finding("backend", "A is gone."), finding("backend", "B is gone."),
        finding("backend", "C may be gone.", "warn"),
    ])  # fmt: skip
    with pytest.raises(SlipwayError) as caught:
        refuse(findings)
    assert str(caught.value) == (
        "Nothing was shipped: 2 problems found in 2 services before the first write.\n"
        "- backend, worker: A is gone. Push it. [image_exists]\n"
        "- backend: B is gone. Push it. [image_exists]"
    )
    result = caught.value.as_result()
    assert (result["changed"], len(result["preflight"])) == (False, 4)
    assert findings.warning_lines() == ["backend: C may be gone. Push it. [image_exists]"]


def unchecked(service: str, check: str, reason: str, lacks: str = "") -> Finding:
    message = f"This could not be checked. {reason}"
    return Finding(check, "warn", service, message, "Allow it.", unchecked=True, lacks=lacks)


def test_all_that_lacks_a_permission_is_one_line_whatever_else_there_is() -> None:
    many = [f"s{number}" for number in range(6)]
    findings = Findings.of([
        *(unchecked(service, "roles_exist", f"{service} is denied.", "iam:GetRole") for service in many),
        unchecked("s0", "log_group", "It is denied.", "logs:DescribeLogGroups"),
        unchecked("s1", "efs_reachable", "EFS is out of reach."),
        unchecked("s2", "efs_reachable", "EFS is out of reach."),
        finding("s3", "C may be gone.", "warn"),
    ])  # fmt: skip
    assert findings.warning_lines() == [
        "s3: C may be gone. Push it. [image_exists]",
        "s1, s2 (efs_reachable): This could not be checked. EFS is out of reach. If you know better, set that to off.",
        "6 services (log_group, roles_exist): This could not be checked for want of iam:GetRole, "
        "logs:DescribeLogGroups. Allow that to whoever releases, or set these checks to off.",
    ]


def test_warnings_refuse_nothing() -> None:
    """Only errors end a release: what is refused is raised."""
    warned = Findings.of([finding("backend", "A may be gone.", "warn")])
    refuse(warned)
    refuse(Findings())
    assert (warned.errors, len(warned.warnings)) == ((), 1)

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Lambda and a function say, as causes."""

from __future__ import annotations

import json

import botocore.session
import pytest
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Quote
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import Invocation
from ansible_collections.slipway.aws.plugins.module_utils._lambda.diagnosis import (
    REASONS,
    REFUSALS,
    of_failure,
    of_reason,
    of_refusal,
    of_state,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Snapshot

LAMBDA = botocore.session.get_session().get_service_model("lambda")


def test_every_reason_lambda_may_give_for_a_failed_update_is_explained() -> None:
    codes = set(LAMBDA.shape_for("LastUpdateStatusReasonCode").enum)
    assert codes - set(REASONS) == set()


def test_every_refusal_is_one_that_invoke_makes() -> None:
    errors = {shape.name for shape in LAMBDA.operation_model("Invoke").error_shapes}
    assert set(REFUSALS) - errors == set()
    assert all(of_refusal(code, "because") for code in REFUSALS)


def test_no_explanation_is_without_a_fix() -> None:
    for known in REASONS.values():
        assert known.explanation.endswith(".") and known.fix.endswith("."), known


def test_a_reason_that_aws_adds_next_is_told_as_it_is() -> None:
    found = of_reason("MoonPhase", Quote("version 2", "wrong moon"))
    assert (found.code, found.confidence) == ("unknown", "possible")
    assert "MoonPhase: wrong moon" in found.explanation
    assert of_reason("FunctionError.NewKind", Quote("version 2", "x")).code == "function_start_failed"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReasonCode": "EniLimitExceeded"}, "eni_limit"),
        ({"State": "Failed", "StateReasonCode": "SubnetOutOfIPAddresses"}, "subnet_ips_exhausted"),
        ({"State": "Failed"}, "unknown"),
        ({"State": "Inactive", "StateReasonCode": "Idle"}, None),
        ({"State": "Active", "LastUpdateStatus": "Successful"}, None),
    ],
    ids=["update", "state", "silent", "idle", "active"],
)
def test_only_what_failed_has_a_cause(settings: dict[str, str], code: str | None) -> None:
    found = of_state(Snapshot(settings), Masker())
    assert (found.code if found else None) == code


@pytest.mark.parametrize(
    ("kind", "message", "log", "code"),
    [
        ("Runtime.ImportModuleError", "main: No module named 'x'", "", "handler_import_failed"),
        ("Runtime.HandlerNotFound", "Handler 'go' missing on module 'main'", "", "handler_not_found"),
        ("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: exit status 1", "", "runtime_exit"),
        ("Runtime.ExitError", "Runtime exited with error: signal: killed", "", "out_of_memory"),
        ("", "2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds", "", "function_timeout"),
        ("Runtime.InvalidEntrypoint", "fork/exec /x: exec format error", "", "exec_format_error"),
        ("Runtime.InvalidEntrypoint", "fork/exec /x: no such file or directory", "", "command_not_found"),
        ("KeyError", "'TABLE'", "", "application_error"),
        ("Error", "it broke", "JavaScript heap out of memory", "out_of_memory"),
        (
            "ClientError",
            "User: arn:aws:sts::123456789012:assumed-role/a/b is not authorized to perform: bedrock:InvokeModel on "
            "resource: arn:aws:bedrock:eu-west-1::foundation-model/m because no identity-based policy allows it",
            "",
            "bedrock_access_denied",
        ),
    ],
    ids=[
        "import", "handler", "exit", "killed", "timeout", "architecture", "entry-point", "own", "log", "bedrock",
    ],
)  # fmt: skip
def test_what_a_failed_call_says_is_a_cause(kind: str, message: str, log: str, code: str) -> None:
    answer = {"errorMessage": message, **({"errorType": kind} if kind else {})}
    found = of_failure("2", Invocation(json.dumps(answer).encode(), "Unhandled", "2", log), Masker())
    assert found.code == code
    assert found.evidence[0].text


def test_secrets_in_what_a_function_says_are_masked() -> None:
    log = "connecting to postgres://app:hunter22-is-no-word@db/app\nwith hunter23-is-none-either"
    answer = json.dumps({"errorType": "OSError", "errorMessage": "token=hunter23-is-none-either"}).encode()
    found = of_failure("2", Invocation(answer, "Unhandled", "2", log), Masker(["hunter23-is-none-either"]))
    assert "hunter2" not in json.dumps(found.as_result())


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"[]", b'"text"', b"{", b"null", b'{"errorMessage": 7}'])
def test_whatever_a_failed_call_answers_is_told(payload: bytes) -> None:
    assert of_failure("2", Invocation(payload, "Unhandled", None, ""), Masker()).code == "application_error"

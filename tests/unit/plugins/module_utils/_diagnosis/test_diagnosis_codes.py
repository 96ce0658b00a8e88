# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One test per code, named after it: what AWS, the emulator or a program said, and what that means."""

from __future__ import annotations

import json
import re
import typing as t

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Callable

    History = t.Callable[[], t.Any]
    Best = Callable[..., t.Any]

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
IMAGE = f"{REGISTRY}/org/chatbot:4f2a9c1"
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:chatbot-AbCdEf"
EXECUTION = "arn:aws:sts::123456789012:assumed-role/chatbot-execution/0123"
TASK = "arn:aws:sts::123456789012:assumed-role/chatbot-task/0123"
START = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
TASK_ID = "0123456789abcdef0123456789abcdef"


def did_not_start(history: History, *reasons: str) -> t.Any:
    recorded = history()
    for number, reason in enumerate(reasons):
        recorded.task(f"task{number}", reason, stop_code="TaskFailedToStart")
    return recorded


def exited(history: History, code: int, *log: str) -> t.Any:
    return history().task("task1", exit_code=code, log=log).task("task2", exit_code=code, log=log)


# --- image ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason",
    [
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {IMAGE}: "
        f"{IMAGE}: not found",
        f"CannotPullContainerError: Error response from daemon: manifest for {IMAGE} not found: manifest unknown: "
        "Requested image not found",
        f"CannotPullContainerError: 404 Client Error for http+docker://localhost/v1.48/images/create: Not Found "
        f'("{IMAGE}")',
    ],
    ids=["fargate", "daemon", "emulator"],
)
def test_image_not_found(history: History, best: Best, reason: str) -> None:
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.confidence, cause.fatal) == ("image_not_found", "certain", True)
    assert IMAGE in cause.explanation and "--repository-name org/chatbot" in cause.fix


def test_image_not_found_when_only_the_deployment_says_so(history: History, best: Best) -> None:
    reason = "ECS deployment circuit breaker was triggered after three unsuccessful image digest resolution attempts."
    cause = best(history().failed(reason))
    assert (cause.code, cause.confidence) == ("image_not_found", "likely")


@pytest.mark.parametrize(
    "words",
    [
        "image Manifest does not contain descriptor matching platform 'linux/amd64'",
        "no matching manifest for linux/amd64 in the manifest list entries",
    ],
)
def test_image_platform_mismatch(history: History, best: Best, words: str) -> None:
    reason = f"CannotPullContainerError: pull image manifest has been retried 7 time(s): {words}"
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("image_platform_mismatch", True)
    assert "--platform linux/amd64" in cause.fix


def test_image_pull_denied(history: History, best: Best) -> None:
    reason = (
        "CannotPullContainerError: The task can't pull the image. Check that the role has the permissions to "
        "pull images "
        f"from the registry. Error response from daemon: pull access denied for {IMAGE}, repository does not exist or "
        f"may require 'docker login': denied: User: {EXECUTION} is not authorized to perform: ecr:BatchGetImage on "
        "resource: arn:aws:ecr:ap-northeast-1:123456789012:repository/org/chatbot because no identity-based policy "
        "allows the ecr:BatchGetImage action"
    )
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("image_pull_denied", True)
    assert cause.statement["Resource"] == "arn:aws:ecr:ap-northeast-1:123456789012:repository/org/chatbot"
    assert "ecr:BatchGetImage" in cause.statement["Action"] and "role/chatbot-execution" in cause.fix


def test_image_pull_denied_at_the_login(history: History, best: Best) -> None:
    reason = (
        f"{START}unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: "
        f"User: {EXECUTION} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no "
        "identity-based policy allows the ecr:GetAuthorizationToken action"
    )
    cause = best(did_not_start(history, reason))
    assert cause.code == "image_pull_denied"
    assert cause.statement == {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}


@pytest.mark.parametrize(
    "reason",
    [
        f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
        f"{IMAGE}: failed "
        f'to do request: Head "https://{REGISTRY}/v2/org/chatbot/manifests/4f2a9c1": dial tcp 10.0.3.17:443: i/o '
        f"timeout",
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to pull registry auth from "
        "Amazon "
        "ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
        f"{START}unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send "
        "request failed caused by: Post https://api.ecr.ap-northeast-1.amazonaws.com/: dial tcp 10.0.0.9:443: "
        "i/o timeout",
    ],
    ids=["layers", "login", "api"],
)
def test_image_no_route(history: History, best: Best, reason: str) -> None:
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("image_no_route", True)
    assert "subnet-0aaa" in cause.fix and "NAT gateway" in cause.fix and "sg-0ccc" in cause.fix


def test_image_rate_limited(history: History, best: Best) -> None:
    reason = (
        "CannotPullContainerError: ref pull has been retried 1 time(s): toomanyrequests: You have reached your "
        "unauthenticated pull rate limit."
    )
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("image_rate_limited", False)


def test_image_pull_failed(history: History, best: Best) -> None:
    reason = (
        "CannotPullContainerError: ref pull has been retried 1 time(s): number of layers and diffIDs don't "
        "match: 3 != 15"
    )
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("image_pull_failed", False)


# --- secrets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason",
    [
        f"{START}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
        f"{SECRET} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        f"{START}unable to retrieve secret {SECRET} for environment variable DATABASE_PASSWORD",
    ],
    ids=["aws", "emulator"],
)
def test_secret_missing(history: History, best: Best, reason: str) -> None:
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("secret_missing", True)
    assert SECRET in cause.explanation and "DATABASE_PASSWORD of container app" in cause.explanation


def test_secret_missing_names_a_parameter(history: History, best: Best) -> None:
    reason = (
        f"{START}unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid "
        f"parameters: /chatbot/dev/key"
    )
    recorded = did_not_start(history, reason)
    recorded.container["secrets"].append({"name": "LLM_KEY", "valueFrom": "/chatbot/dev/key"})
    cause = best(recorded)
    assert cause.code == "secret_missing" and "/chatbot/dev/key" in cause.explanation and "LLM_KEY" in cause.explanation


def test_secret_denied(history: History, best: Best) -> None:
    reason = (
        f"{START}unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch "
        f"secret {SECRET} "
        f"from secrets manager: AccessDeniedException: User: {EXECUTION} is not authorized to perform: "
        f"secretsmanager:GetSecretValue on resource: {SECRET} because no identity-based policy allows the "
        "secretsmanager:GetSecretValue action status code: 400"
    )
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("secret_denied", True)
    assert cause.statement == {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": SECRET}
    assert json.dumps(cause.statement) in cause.fix and "role/chatbot-execution" in cause.fix


def test_secret_denied_by_its_key(history: History, best: Best) -> None:
    reason = (
        f"{START}unable to retrieve secret from asm: failed to fetch secret {SECRET}: "
        f"AccessDeniedException: Access to KMS is not allowed"
    )
    cause = best(did_not_start(history, reason))
    assert cause.code == "secret_denied" and cause.statement["Action"] == "kms:Decrypt"


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        (
            f"{START}unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain "
            f"json key user",
            "user",
        ),
        (
            f"{START}unable to retrieve json key 'zzz' from secret {SECRET} for environment variable DATABASE_PASSWORD",
            "zzz",
        ),
        (
            f"{START}unable to retrieve secret from asm: invalid character 'h' looking for beginning of value",
            "is no JSON",
        ),
    ],
    ids=["aws", "emulator", "not json"],
)
def test_secret_json_key_missing(history: History, best: Best, reason: str, key: str) -> None:
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("secret_json_key_missing", True)
    assert key in cause.explanation and "DATABASE_PASSWORD" in cause.explanation


def test_secret_json_key_missing_names_the_one_secret_that_it_is_asked_of(history: History, best: Best) -> None:
    """ECS names the key alone; of several secrets, the task definition says which one it is taken from."""
    recorded = did_not_start(
        history,
        f"{START}unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from "
        "Secrets Manager did not contain json key payment_key",
    )
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret"
    recorded.container["secrets"] = [
        {"name": "API_KEY", "valueFrom": f"{arn}:shop-AbCdEf:api_key::"},
        {"name": "PAYMENT_KEY", "valueFrom": f"{arn}:payment-AbCdEf:payment_key::"},
        {"name": "PLAIN", "valueFrom": f"{arn}:payment_key-AbCdEf"},
    ]
    explanation = best(recorded).explanation
    assert f"{arn}:payment-AbCdEf:payment_key:: has no JSON key payment_key" in explanation
    assert "PAYMENT_KEY of container app" in explanation


def test_secret_no_route(history: History, best: Best) -> None:
    reason = (
        f"{START}unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch "
        f"secret {SECRET} "
        "from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. "
        "Please check "
        "your task network configuration."
    )
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("secret_no_route", True) and "secretsmanager" in cause.fix


# --- roles ---------------------------------------------------------------------------------------------------------


def test_role_not_assumable(history: History, best: Best) -> None:
    message = (
        "(service chatbot) failed to launch a task with (error ECS was unable to assume the role "
        "'arn:aws:iam::123456789012:role/chatbot-task' that was provided for this task. Please verify that the "
        "role being "
        "passed has the proper trust relationship and permissions and that your IAM user has permissions to pass "
        "this role.)."
    )
    cause = best(history().event(message))
    assert (cause.code, cause.fatal, cause.tasks) == ("role_not_assumable", True, ())
    assert "role/chatbot-task" in cause.explanation and '"sts:AssumeRole"' in cause.fix


# --- exits ---------------------------------------------------------------------------------------------------------


def test_out_of_memory(history: History, best: Best) -> None:
    recorded = history().task(
        "task1", exit_code=137, container_reason="OutOfMemoryError: Container killed due to memory usage"
    )
    recorded.container["memory"] = 256
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("out_of_memory", "certain", True)
    assert "256 MiB" in cause.explanation


def test_killed_without_a_word_about_memory_is_not_out_of_memory(history: History, best: Best) -> None:
    cause = best(exited(history, 137))
    assert (cause.code, cause.confidence, cause.fatal) == ("application_exit", "possible", False)
    assert "nothing says that memory was the reason" in cause.explanation


TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 7, in <module>',
    "    url = os.environ['DATABASE_URL']",
    "KeyError: 'DATABASE_URL'",
)


@pytest.mark.parametrize(
    ("log", "words", "fatal"),
    [
        (("starting", *TRACEBACK, "cleaning up"), "KeyError: 'DATABASE_URL'", True),
        (
            (*TRACEBACK, " ", "During handling of the above exception, another exception occurred:", " ", TRACEBACK[0],
             '  File "/app/main.py", line 9, in <module>', "app.errors.StartupError: no settings", "bye"),
            "app.errors.StartupError: no settings",
            False,
        ),
        (
            ("node:internal/modules/cjs/loader:1143", "  throw err;", "Error: Cannot find module '/app/server.js'",
             "    at Module._resolveFilename (node:internal/modules/cjs/loader:1140:15)", "Node.js v20.1.0"),
            "Error: Cannot find module '/app/server.js'",
            True,
        ),
        (
            ('Exception in thread "main" java.lang.RuntimeException: no '
             'context', "\tat com.example.Main.main(Main.java:3)",
             "Caused by: java.lang.IllegalStateException: no profile", "\t... 3 more"),
            "java.lang.IllegalStateException: no profile",
            False,
        ),
        (
            ("panic: runtime error: index out of range "
             "[3]", " ", "goroutine 1 [running]:", "main.main()", "exit status 2"),
            "panic: runtime error: index out of range [3]",
            False,
        ),
        (
            ('nginx: [emerg] unknown directive "serve" in /etc/nginx/nginx.conf:3',),
            'nginx: [emerg] unknown directive "serve"',
            True,
        ),
        (("warming up", "that was all"), "that was all", False),
    ],
    ids=["python", "python, the last of a chain", "node", "java", "go", "nginx", "last line"],
)  # fmt: skip
def test_application_exit(history: History, best: Best, log: tuple[str, ...], words: str, fatal: bool) -> None:
    cause = best(exited(history, 1, *log))
    assert (cause.code, cause.confidence, cause.fatal) == ("application_exit", "likely", fatal)
    assert words in cause.explanation and words in cause.evidence[0].text
    assert cause.tasks == ("task2", "task1")


def test_application_exit_blames_the_container_that_failed_by_itself(history: History, best: Best) -> None:
    recorded = exited(history, 3, "ERROR: license expired")
    sidecar = {"name": "aaa", "exitCode": 143, "lastStatus": "STOPPED"}
    for task in recorded.tasks:
        task["containers"].insert(0, sidecar)
    cause = best(recorded)
    assert "Container app ended with exit code 3" in cause.explanation and "license expired" in cause.explanation


@pytest.mark.parametrize(
    ("exit_code", "reason", "log"),
    [
        (
            None,
            "CannotStartContainerError: Error response from daemon: failed to create task for container: OCI "
            "runtime create "
            'failed: runc create failed: unable to start container process: exec: "pyton": executable file not '
            "found in "
            "$PATH: unknown",
            (),
        ),
        (127, None, ("/bin/sh: 1: uvicorn: not found",)),
        (255, None, ("exec /entrypoint.sh: no such file or directory",)),
    ],
    ids=["runtime", "shell", "entry point"],
)
def test_command_not_found(
    history: History, best: Best, exit_code: int | None, reason: str | None, log: tuple[str, ...]
) -> None:
    recorded = history().task("task1", exit_code=exit_code, container_reason=reason, log=log)
    recorded.container["command"] = ["pyton", "main.py"]
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("command_not_found", "certain", True)
    assert "`pyton main.py`" in cause.explanation


def test_command_not_found_by_the_exit_code_alone(history: History, best: Best) -> None:
    cause = best(exited(history, 127))
    assert (cause.code, cause.confidence) == ("command_not_found", "likely")


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [
        (126, None),
        (None, 'CannotStartContainerError: OCI runtime create failed: exec: "/app/run.sh": permission denied: unknown'),
    ],
)
def test_command_not_executable(history: History, best: Best, exit_code: int | None, reason: str | None) -> None:
    cause = best(history().task("task1", exit_code=exit_code, container_reason=reason))
    assert (cause.code, cause.fatal) == ("command_not_executable", True)
    assert "chmod +x" in cause.fix


def test_exec_format_error(history: History, best: Best) -> None:
    cause = best(exited(history, 1, "exec /usr/local/bin/python: exec format error"))
    assert (cause.code, cause.fatal) == ("exec_format_error", True)
    assert "X86_64" in cause.explanation


# --- health --------------------------------------------------------------------------------------------------------

ELB = (
    "Task failed ELB health checks in (target-group "
    "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/chatbot/0123456789abcdef)"
)


def failed_health(history: History, reason: str, code: str, *log: str | tuple[float, str], lived: float = 90) -> t.Any:
    recorded = history()
    for identifier in (TASK_ID, TASK_ID[::-1]):
        recorded.task(identifier, ELB, stop_code="ServiceSchedulerInitiated", exit_code=143, log=log, lived=lived)
    recorded.event(
        f"(service chatbot) (task {TASK_ID}) (port 8000) is unhealthy in (target-group chatbot) due to (reason "
        f"{reason})."
    )
    return recorded.unhealthy(code, reason)


READY = "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)"


def test_port_not_open(history: History, best: Best) -> None:
    recorded = failed_health(history, "Health checks failed", "Target.FailedHealthChecks", (2, "migrating"))
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("port_not_open", "likely", False)
    assert "port 8000 of container app" in cause.explanation


def test_port_not_open_but_for_the_program_itself(history: History, best: Best) -> None:
    only = READY.replace("0.0.0.0", "127.0.0.1")
    cause = best(failed_health(history, "Health checks failed", "Target.FailedHealthChecks", (2, only)))
    assert (cause.code, cause.fatal) == ("port_not_open", True)
    assert "only for itself" in cause.explanation and "0.0.0.0" in cause.fix
    assert len(cause.tasks) == 2


def test_port_mismatch(history: History, best: Best) -> None:
    recorded = failed_health(history, "Health checks failed", "Target.FailedHealthChecks")
    recorded.service["loadBalancers"][0]["containerPort"] = 80
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("port_mismatch", "certain", True)
    assert "port 80 of container app, whose port mappings are 8000" in cause.explanation


@pytest.mark.parametrize(
    "line",
    [
        "INFO:     Uvicorn running on http://0.0.0.0:3000 (Press CTRL+C to quit)",
        "[2026-11-21 07:40:12 +0000] [7] [INFO] Listening at: http://0.0.0.0:3000 (7)",
        "Server listening on port 3000",
        "Tomcat started on port(s): 3000 (http) with context path ''",
        "Tomcat started on port 3000 (http)",
        " * Running on http://10.0.20.11:3000",
        "ready - started server on 0.0.0.0:3000, url: http://localhost:3000",
        "      Now listening on: http://[::]:3000",
    ],
    ids=["uvicorn", "gunicorn", "express", "spring 2", "spring 3", "flask", "next", "kestrel"],
)
def test_port_mismatch_by_what_the_program_says(history: History, best: Best, line: str) -> None:
    cause = best(failed_health(history, "Request timed out", "Target.Timeout", (2, line)))
    assert (cause.code, cause.confidence) == ("port_mismatch", "likely")
    assert "listens on 3000" in cause.explanation


@pytest.mark.parametrize("code", ["404", "405"])
def test_health_check_path(history: History, best: Best, code: str) -> None:
    reason = f"Health checks failed with these codes: [{code}]"
    cause = best(failed_health(history, reason, "Target.ResponseCodeMismatch", (2, READY)))
    assert (cause.code, cause.confidence, cause.fatal) == ("health_check_path", "certain", True)
    assert "/health on port 8000" in cause.explanation and code in cause.explanation


@pytest.mark.parametrize(
    ("code", "fatal"), [("301", True), ("401", True), ("403", True), ("502", False), ("500", False)]
)
def test_health_check_code(history: History, best: Best, code: str, fatal: bool) -> None:
    reason = f"Health checks failed with these codes: [{code}]"
    cause = best(failed_health(history, reason, "Target.ResponseCodeMismatch", (2, READY)))
    assert (cause.code, cause.confidence, cause.fatal) == ("health_check_code", "certain", fatal)
    assert code in cause.explanation and "200 counts as healthy" in cause.explanation


def test_health_check_timeout(history: History, best: Best) -> None:
    cause = best(failed_health(history, "Request timed out", "Target.Timeout", (2, READY)))
    assert (cause.code, cause.fatal) == ("health_check_timeout", False)
    assert "within 5 s on port 8000" in cause.explanation and "sg-0ccc" in cause.fix


def test_grace_period_too_short(history: History, best: Best) -> None:
    recorded = failed_health(history, "Request timed out", "Target.Timeout", (3, "loading"), (75, READY))
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("grace_period_too_short", "certain", True)
    assert "needed 75 s" in cause.explanation and "grace period 60 s" in cause.explanation
    assert int(re.findall(r"to (\d+) or more", cause.fix)[0]) >= 75 + 20


def test_grace_period_too_short_is_only_possible_while_the_program_still_starts(history: History, found: t.Any) -> None:
    recorded = failed_health(
        history, "Request timed out", "Target.Timeout", (3, "loading 1"), (64, "loading 2"), lived=65
    )
    codes = {item.code: item for item in found(recorded).diagnoses}
    assert codes["grace_period_too_short"].confidence == "possible"


def test_container_health_check_failed(history: History, best: Best) -> None:
    recorded = history().task(
        "task1", "Task failed container health checks", stop_code="ServiceSchedulerInitiated", exit_code=137,
        health="UNHEALTHY", log=("ready",),
    )  # fmt: skip
    recorded.container["healthCheck"] = {
        "command": ["CMD-SHELL", "curl -f http://localhost:8000/health"],
        "startPeriod": 5,
    }
    cause = best(recorded)
    assert (cause.code, cause.confidence, cause.fatal) == ("container_health_check_failed", "certain", False)
    assert "curl -f http://localhost:8000/health" in cause.explanation and "slim images lack" in cause.fix


def test_an_unhealthy_target_of_the_deployment_before_is_not_ours(history: History, found: t.Any) -> None:
    recorded = history().task("task1", stop_code=None).unhealthy("Target.Timeout", "Request timed out", "10.0.21.99")
    assert found(recorded).diagnoses == ()


# --- dependencies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (
            'psycopg2.OperationalError: could not translate host name "db.dev.local" to address: Name or service '
            "not known",
            "db.dev.local",
        ),
        ("Error: getaddrinfo ENOTFOUND redis.dev.local", "redis.dev.local"),
        ("panic: dial tcp: lookup api.dev.local on 10.0.0.2:53: no such host", "api.dev.local"),
        ('nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:3', "backend"),
    ],
    ids=["python", "node", "go", "nginx"],
)
def test_dependency_dns(history: History, best: Best, line: str, host: str) -> None:
    cause = best(exited(history, 1, line))
    assert (cause.code, cause.confidence, cause.fatal) == ("dependency_dns", "certain", False)
    assert host in cause.explanation


@pytest.mark.parametrize(
    "line",
    [
        'psycopg2.OperationalError: connection to server at "db.dev.local" (10.0.20.7), port 5432 failed: '
        "Connection refused",
        "redis.exceptions.ConnectionError: Error 111 connecting to redis.dev.local:6379. Connection refused.",
        "Error: connect ECONNREFUSED 10.0.20.7:5432",
    ],
    ids=["postgres", "redis", "node"],
)
def test_dependency_refused(history: History, best: Best, line: str) -> None:
    cause = best(exited(history, 1, "starting", line))
    assert (cause.code, cause.confidence, cause.fatal) == ("dependency_refused", "certain", False)


def test_dependency_refused_is_only_possible_where_the_program_went_on(history: History, found: t.Any) -> None:
    log = ["connection refused, trying again", *["connected"] * 20, "KeyError: 'MODEL'"]
    codes = [item.code for item in found(exited(history, 1, *log)).diagnoses]
    assert codes[0] == "application_exit" and "dependency_refused" in codes


def test_dependency_timeout(history: History, best: Best) -> None:
    line = (
        'psycopg2.OperationalError: connection to server at "db.dev.local" (10.0.20.7), port 5432 failed: '
        "Connection timed out"
    )
    cause = best(exited(history, 1, line))
    assert (cause.code, cause.fatal) == ("dependency_timeout", False)
    assert "db.dev.local" in cause.explanation and "sg-0ccc" in cause.fix


@pytest.mark.parametrize(
    "line",
    [
        'psycopg2.OperationalError: FATAL:  password authentication failed for user "chatbot"',
        "pymysql.err.OperationalError: (1045, \"Access denied for user 'chatbot'@'10.0.20.11' (using password: YES)\")",
        "redis.exceptions.AuthenticationError: WRONGPASS invalid username-password pair or user is disabled.",
    ],
    ids=["postgres", "mysql", "redis"],
)
def test_database_auth(history: History, best: Best, line: str) -> None:
    cause = best(exited(history, 1, line))
    assert (cause.code, cause.confidence, cause.fatal) == ("database_auth", "certain", True)
    assert f"DATABASE_PASSWORD from {SECRET}" in cause.fix


# --- what AWS denies -----------------------------------------------------------------------------------------------

SYSTEM_5 = "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"


def system_5(history: History) -> t.Any:
    """The deployment that took a person thirteen minutes: the source comes from S3, and the role may not read it."""
    recorded = exited(history, 1, SYSTEM_5)
    recorded.container["entryPoint"] = ["/bin/sh", "-c"]
    recorded.container["command"] = ["aws s3 cp s3://rag-source/app.tar.gz /tmp/ && tar xf /tmp/app.tar.gz && ./run.sh"]
    return recorded


def test_aws_access_denied(history: History, best: Best) -> None:
    cause = best(system_5(history))
    assert (cause.code, cause.confidence, cause.fatal) == ("aws_access_denied", "certain", True)
    assert cause.statement == {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::rag-source/*"}
    assert json.dumps(cause.statement) in cause.fix and "role/chatbot-task" in cause.fix
    assert [quote.text for quote in cause.evidence][0] == SYSTEM_5
    assert any("s3://rag-source/app.tar.gz" in quote.text for quote in cause.evidence)
    assert cause.faulty_statement is None and len(cause.tasks) == 2


def test_aws_access_denied_shows_the_faulty_statement(history: History, best: Best) -> None:
    recorded = system_5(history)
    faulty = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::rag-source"}
    other = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::rag-source"}
    recorded.policies["source"] = {"Version": "2012-10-17", "Statement": [other, faulty]}
    cause = best(recorded)
    assert (cause.code, cause.confidence) == ("aws_access_denied", "certain")
    assert cause.faulty_statement == faulty
    assert cause.statement == {**faulty, "Resource": "arn:aws:s3:::rag-source/*"}
    assert "policy source of role chatbot-task" in cause.fix


def test_aws_access_denied_leaves_the_bucket_in_a_mixed_statement(history: History, best: Best) -> None:
    recorded = system_5(history)
    mixed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::rag-source"]}
    recorded.policies["source"] = {"Statement": mixed}
    assert best(recorded).statement["Resource"] == ["arn:aws:s3:::rag-source", "arn:aws:s3:::rag-source/*"]


def test_aws_access_denied_finds_no_fault_in_a_right_statement(history: History, best: Best) -> None:
    recorded = system_5(history)
    right = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::rag-source", "arn:aws:s3:::rag-source/*"]}
    recorded.policies["source"] = {"Statement": [right]}
    assert best(recorded).faulty_statement is None


def test_aws_access_denied_among_several_buckets(history: History, best: Best) -> None:
    recorded = system_5(history)
    recorded.container["environment"].append({"name": "MODEL_BUCKET", "value": "models"})
    cause = best(recorded)
    assert (
        cause.statement["Resource"] == "arn:aws:s3:::rag-source/*"
        and "also works with arn:aws:s3:::models" in cause.fix
    )
    faulty = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models"}
    recorded.policies["models"] = {"Statement": [faulty]}
    assert best(recorded).faulty_statement == faulty


def test_aws_access_denied_without_a_look_at_the_policies(history: History, found: t.Any) -> None:
    recorded = system_5(history)
    recorded.refusals["ListRolePolicies"] = ("AccessDenied", "not you")
    finding = found(recorded)
    assert finding.diagnoses[0].code == "aws_access_denied"
    assert any("list the role's own policies" in item for item in finding.evidence.unreadable)


@pytest.mark.parametrize(
    ("line", "action", "resource"),
    [
        (
            "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the GetObject "
            "operation: User: "
            f'{TASK} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::models/a.bin" because no '
            "identity-based policy allows the s3:GetObject action",
            "s3:GetObject",
            "arn:aws:s3:::models/*",
        ),
        (
            "botocore.exceptions.ClientError: An error occurred (AccessDeniedException) when calling the Query "
            "operation: User: "
            f"{TASK} is not authorized to perform: dynamodb:Query on resource: "
            "arn:aws:dynamodb:ap-northeast-1:123456789012:table/jobs because no identity-based policy allows it",
            "dynamodb:Query",
            "arn:aws:dynamodb:ap-northeast-1:123456789012:table/jobs",
        ),
        (
            "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ReceiveMessage "
            "operation: no",
            "sqs:ReceiveMessage",
            "<arn of the resource>",
        ),
        (
            "operation error SSM: GetParameter, https response error StatusCode: 400, RequestID: 1, api error "
            f"AccessDeniedException: User: {TASK} is not authorized to perform: ssm:GetParameter on resource: "
            "arn:aws:ssm:ap-northeast-1:123456789012:parameter/k",
            "ssm:GetParameter",
            "arn:aws:ssm:ap-northeast-1:123456789012:parameter/k",
        ),
    ],
    ids=["s3 in full", "dynamodb", "by the operation", "go"],
)
def test_aws_access_denied_gives_the_statement(
    history: History, best: Best, line: str, action: str, resource: str
) -> None:
    cause = best(exited(history, 1, line))
    assert cause.code == "aws_access_denied"
    assert cause.statement == {"Effect": "Allow", "Action": action, "Resource": resource}


def test_aws_access_denied_by_a_deny_offers_no_statement(history: History, best: Best) -> None:
    line = (
        f"An error occurred (AccessDenied) when calling the PutObject operation: User: {TASK} is not authorized "
        f"to perform: "
        's3:PutObject on resource: "arn:aws:s3:::b/k" with an explicit deny in a service control policy'
    )
    cause = best(exited(history, 1, line))
    assert cause.code == "aws_access_denied" and cause.statement is None
    assert "No further Allow helps" in cause.fix


@pytest.mark.parametrize(
    ("line", "resources"),
    [
        (
            "botocore.errorfactory.AccessDeniedException: An error occurred (AccessDeniedException) when calling "
            "the Converse "
            f"operation: User: {TASK} is not authorized to perform: bedrock:InvokeModel on resource: "
            "arn:aws:bedrock:ap-northeast-1:123456789012:inference-profile/apac.amazon.nova-lite-v1:0 because no "
            "identity-based policy allows the bedrock:InvokeModel action",
            [
                "arn:aws:bedrock:ap-northeast-1:123456789012:inference-profile/apac.amazon.nova-lite-v1:0",
                "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
            ],
        ),
        (
            "An error occurred (AccessDeniedException) when calling the InvokeModel operation: You don't have "
            "access to the "
            "model with the specified model ID.",
            None,
        ),
    ],
    ids=["policy", "model access"],
)
def test_bedrock_access_denied(history: History, best: Best, line: str, resources: list[str] | None) -> None:
    cause = best(exited(history, 1, line))
    assert (cause.code, cause.fatal) == ("bedrock_access_denied", True)
    assert (cause.statement and cause.statement["Resource"]) == resources


# --- capacity and network ------------------------------------------------------------------------------------------


def test_capacity_none(history: History, best: Best) -> None:
    message = (
        "(service chatbot) was unable to place a task. Reason: Capacity is unavailable at this time. Please try "
        "again later "
        "or in a different availability zone."
    )
    cause = best(history().event(message))
    assert (cause.code, cause.confidence, cause.fatal) == ("capacity_none", "certain", False)


def test_capacity_none_for_want_of_quota(history: History, best: Best) -> None:
    message = (
        "(service chatbot) was unable to place a task. Reason: You've reached the limit on the number of "
        "vCPUs you can run concurrently."
    )
    cause = best(history().event(message))
    assert cause.code == "capacity_none" and "quota" in cause.fix


def test_capacity_none_that_began_before_the_deployment(history: History, best: Best) -> None:
    recorded = history()
    recorded.event("(service chatbot) was unable to place a task. Reason: Capacity is unavailable at this time.", -600)
    cause = best(recorded)
    assert (cause.code, cause.confidence) == ("capacity_none", "possible")


def test_capacity_that_was_short_before_the_service_was_steady_is_over(history: History, found: t.Any) -> None:
    recorded = history()
    recorded.event("(service chatbot) was unable to place a task. Reason: Capacity is unavailable at this time.", -600)
    recorded.event("(service chatbot) has reached a steady state.", -300)
    assert found(recorded).diagnoses == ()


@pytest.mark.parametrize(
    ("closest", "lacks"),
    [
        ("has insufficient memory available", "memory"),
        ("has insufficient CPU units available", "CPU"),
        ("is already using a port required by your task", "a free host port"),
        ("is missing an attribute required by your task", "an attribute"),
    ],
)
def test_capacity_no_instance_fits(history: History, best: Best, closest: str, lacks: str) -> None:
    message = (
        "(service chatbot) was unable to place a task because no container instance met all of its requirements. "
        "The closest "
        f"matching (container-instance 0123) {closest}. For more information, see the Troubleshooting section."
    )
    cause = best(history().event(message))
    assert (cause.code, cause.fatal) == ("capacity_no_instance_fits", False)
    assert f"lacks {lacks}" in cause.explanation


def test_eni_limit(history: History, best: Best) -> None:
    message = (
        "(service chatbot) was unable to place a task because no container instance met all of its requirements. "
        "The closest "
        'matching container-instance 0123 encountered error "RESOURCE:ENI".'
    )
    assert best(history().event(message)).code == "eni_limit"


def test_subnet_ips_exhausted(history: History, best: Best) -> None:
    reason = (
        "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in "
        "subnet "
        "'subnet-0aaa': InsufficientFreeAddressesInSubnet"
    )
    cause = best(did_not_start(history, reason))
    assert cause.code == "subnet_ips_exhausted" and "subnet-0aaa" in cause.explanation


# --- storage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "fix", "fatal"),
    [
        ("stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/' : unsuccessful EFS utils "
         "command", "ClientMount", True),
        ('stderr: Failed to resolve "fs-0123456789abcdef0.efs.ap-northeast-1.amazonaws.com"', "mount target", True),
        ("stderr: b'mount.nfs4: mounting fs-0123456789abcdef0.efs:/data failed, reason given by server: No such "
         "file or directory'", "access point", True),
        ("stderr: mount.nfs4: Connection timed out", "TCP 2049", False),
    ],
    ids=["denied", "no mount target", "no folder", "security group"],
)  # fmt: skip
def test_efs_mount_failed(history: History, best: Best, words: str, fix: str, fatal: bool) -> None:
    recorded = did_not_start(
        history, f"ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: {words}"
    )
    recorded.definition["volumes"] = [
        {"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}
    ]
    cause = best(recorded)
    assert (cause.code, cause.fatal) == ("efs_mount_failed", fatal)
    assert fix in cause.fix and "fs-0123456789abcdef0" in cause.explanation


@pytest.mark.parametrize(
    "reason",
    [
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
        "failed to create "
        "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create "
        "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
    ],
    ids=["fargate", "instance"],
)
def test_volume_or_log_driver(history: History, best: Best, reason: str) -> None:
    cause = best(did_not_start(history, reason))
    assert (cause.code, cause.fatal) == ("volume_or_log_driver", True)
    assert "create-log-group --log-group-name /ecs/chatbot" in cause.fix


def test_volume_or_log_driver_for_a_volume(history: History, best: Best) -> None:
    reason = "CannotCreateVolumeError: could not create volume: no plugin named rexray"
    assert best(did_not_start(history, reason)).code == "volume_or_log_driver"


def test_disk_full(history: History, best: Best) -> None:
    reason = "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob1: no space left on device"
    assert best(did_not_start(history, reason)).code == "disk_full"


# --- the deployment as a whole -------------------------------------------------------------------------------------


def test_circuit_breaker_no_cause(history: History, best: Best) -> None:
    cause = best(history().failed())
    assert (cause.code, cause.confidence) == ("circuit_breaker_no_cause", "possible")


def test_tasks_that_died_of_something_new_are_not_gone(history: History, best: Best) -> None:
    """The circuit breaker ended it, and what the tasks said is told, although no rule knows it."""
    cause = best(did_not_start(history, "ResourceInitializationError: the moon is full").failed())
    assert cause.code == "unknown"
    assert "the moon is full" in " ".join(quote.text for quote in cause.evidence)


def test_the_circuit_breaker_is_no_cause_where_there_is_one(history: History, found: t.Any) -> None:
    codes = [item.code for item in found(system_5(history).failed()).diagnoses]
    assert codes == ["aws_access_denied"]
    # Also where all there is to say is that the program ended.
    codes = [item.code for item in found(exited(history, 1, "something went wrong").failed()).diagnoses]
    assert codes == ["application_exit"]


def superseding(history: History) -> t.Any:
    recorded = history()
    deployments = recorded.service["deployments"]
    deployments[0]["status"] = "ACTIVE"
    newer = {**deployments[0], "id": "ecs-svc/3333333333333333333", "status": "PRIMARY"}
    deployments.insert(0, {**newer, "taskDefinition": deployments[0]["taskDefinition"].replace(":42", ":43")})
    return recorded


def test_superseded(history: History, best: Best) -> None:
    cause = best(superseding(history), deployment="ecs-svc/2222222222222222222")
    assert (cause.code, cause.confidence) == ("superseded", "certain")
    assert "ecs-svc/3333333333333333333" in cause.explanation and "chatbot:43" in cause.fix


def test_a_deployment_that_was_rolled_back_is_not_superseded(history: History, found: t.Any) -> None:
    recorded = superseding(history)
    recorded.service["deployments"][1]["rolloutState"] = "FAILED"
    codes = [item.code for item in found(recorded, deployment="ecs-svc/2222222222222222222", failed=True).diagnoses]
    assert codes == ["unknown"]


def test_deployment_alarm(history: History, best: Best) -> None:
    recorded = history().failed("ECS deployment failed: alarm detected.")
    recorded.service["deploymentConfiguration"]["alarms"] = {
        "alarmNames": ["chatbot-5xx"], "enable": True, "rollback": True,
    }  # fmt: skip
    cause = best(recorded)
    assert cause.code == "deployment_alarm" and "chatbot-5xx" in cause.fix


@pytest.mark.parametrize("status", ["DRAINING", "INACTIVE"])
def test_service_gone(history: History, best: Best, status: str) -> None:
    recorded = history()
    recorded.service |= {"status": status, "desiredCount": 0}
    cause = best(recorded)
    assert (cause.code, cause.evidence[0].text) == ("service_gone", f"status {status}")


def test_desired_zero(history: History, best: Best) -> None:
    recorded = history()
    recorded.service["desiredCount"] = recorded.ours["desiredCount"] = 0
    assert best(recorded).code == "desired_zero"


def test_task_stopped_by_person(history: History, best: Best) -> None:
    cause = best(history().task("task1", "Task stopped by user", stop_code="UserInitiated", exit_code=143))
    assert (cause.code, cause.fatal) == ("task_stopped_by_person", False)


def test_spot_interruption(history: History, best: Best) -> None:
    reason = "Your Spot Task was interrupted."
    cause = best(history().task("task1", reason, stop_code="SpotInterruption", exit_code=137))
    assert (cause.code, cause.fatal) == ("spot_interruption", False)


def test_instance_gone(history: History, best: Best) -> None:
    reason = "Host EC2 (instance i-0123456789abcdef0) terminated."
    cause = best(history().task("task1", reason, stop_code="TerminationNotice", exit_code=137))
    assert (cause.code, cause.fatal) == ("instance_gone", False)


def test_ec2_agent_disconnected(history: History, best: Best) -> None:
    message = (
        "(service chatbot) was unable to place a task because no container instance met all of its requirements. "
        "The closest "
        'matching container-instance 0123 encountered error "AGENT".'
    )
    assert best(history().event(message)).code == "ec2_agent_disconnected"


def test_unknown(history: History, best: Best) -> None:
    recorded = did_not_start(history, "QuantumFluxError: the flux is inverted").event("(service chatbot) is puzzled.")
    cause = best(recorded)
    assert (cause.code, cause.fatal, cause.tasks) == ("unknown", False, ("task0",))
    told = [quote.text for quote in cause.evidence]
    assert "QuantumFluxError: the flux is inverted" in told and "(service chatbot) is puzzled." in told

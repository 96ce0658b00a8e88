# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shipped to each service, and how it must end. Words in braces are names of the world it is shipped in."""

from __future__ import annotations

import dataclasses
import typing as t

# A check as AWS lets one write it; the local cloud measures how long it must fail in its own interval.
FAILING_CHECK = {
    "containerDefinitions": [
        {
            "name": "app",
            "healthCheck": {
                "command": ["CMD-SHELL", "python3 -c 'import sys; sys.exit(open(\"/tmp/ready\") is None)'"],
                "interval": 5,
                "timeout": 2,
                "retries": 2,
            },
        }
    ]
}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A release of one service that cannot work: what is wrong with it, and what must be said of it."""

    name: str
    wishes: t.Mapping[str, t.Any]
    code: str
    confidence: str
    cause: tuple[str, ...]
    """Words the explanation or the fix must have: the thing by its name."""
    evidence: str
    """Words that somebody else said, and that must be quoted."""
    task_role: str = "task"
    grace: int = 60
    """Seconds that the load balancer's opinion does not count: a busy machine must not add a second cause."""

    def __str__(self) -> str:
        return self.name


SCENARIOS = (
    Scenario(
        "broken-image",
        {"image": "{broken}"},
        "application_exit",
        "likely",
        ("KeyError: 'DATABASE_POOL_SIZE'", "exit code 1"),
        "exit code 1",
    ),
    Scenario(
        "late-crash",
        {"environment": {"START": "late"}},
        "application_exit",
        "likely",
        ("RuntimeError: the index has 0 of 1200 courses",),
        "RuntimeError: the index has 0 of 1200 courses",
    ),
    Scenario(
        "out-of-memory",
        {"environment": {"START": "leak"}, "override": {"containerDefinitions": [{"name": "app", "memory": 96}]}},
        "out_of_memory",
        "certain",
        ("Container app", "96 MiB"),
        "OutOfMemoryError: Container killed due to memory usage",
    ),
    Scenario(
        "missing-secret",
        {"secrets": {"PAYMENT_KEY": "{absent_secret}"}},
        "secret_missing",
        "certain",
        ("{absent_secret}", "PAYMENT_KEY"),
        "can't find the specified secret",
    ),
    Scenario(
        "missing-json-key",
        {"secrets": {"PAYMENT_KEY": "{secret}:payment_key::"}},
        "secret_json_key_missing",
        "certain",
        ("no JSON key payment_key", "{secret}", "PAYMENT_KEY"),
        "did not contain json key payment_key",
    ),
    Scenario(
        "missing-image",
        {"image": "{absent_image}"},
        "image_not_found",
        "certain",
        ("{absent_image}",),
        "not found",
    ),
    Scenario(
        "command-not-found",
        {"command": ["serve-the-shop", "--port", "8000"]},
        "command_not_found",
        "certain",
        ("serve-the-shop --port 8000",),
        "executable file not found in $PATH",
    ),
    Scenario(
        "command-not-executable",
        {"command": ["/app/not-executable.sh"]},
        "command_not_executable",
        "certain",
        ("/app/not-executable.sh",),
        "permission denied",
    ),
    Scenario(
        "wrong-health-path",
        {"environment": {"HEALTH_PATH": "/healthz"}},
        "health_check_path",
        "certain",
        ("/health", "404"),
        "Health checks failed with these codes: [404]",
        grace=0,
    ),
    Scenario(
        "container-health",
        {"override": FAILING_CHECK},
        "container_health_check_failed",
        "certain",
        ("Container app", "/tmp/ready"),
        "Task failed container health checks",
    ),
    Scenario(
        "port-mismatch",
        {"environment": {"PORT": "9000"}},
        "port_mismatch",
        "likely",
        ("8000", "9000"),
        "listening on 0.0.0.0:9000",
        grace=0,
    ),
    Scenario(
        "source-denied",
        {"environment": {"START": "source", "SOURCE": "s3://{source_bucket}/app/source.zip"}},
        "aws_access_denied",
        "certain",
        ("s3:GetObject", "arn:aws:s3:::{source_bucket}/*", "source-reader"),
        "An error occurred (403) when calling the HeadObject operation: Forbidden",
        task_role="source-reader",
    ),
    Scenario(
        "dependency-refused",
        {"environment": {"START": "database"}},
        "dependency_refused",
        "certain",
        ("127.0.0.1 refused",),
        "Connection refused",
    ),
)


def filled(wishes: t.Any, names: t.Mapping[str, str]) -> t.Any:
    """Return wishes with the names of a world in them."""
    if isinstance(wishes, dict):
        return {key: filled(value, names) for key, value in wishes.items()}
    if isinstance(wishes, list):
        return [filled(value, names) for value in wishes]
    return wishes.format_map(names) if isinstance(wishes, str) else wishes


__all__ = ("SCENARIOS", "Scenario", "filled")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The options and the result of C(lambda_deploy), for its module and its action plugin alike."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options
from ansible_collections.slipway.aws.plugins.module_utils._lambda.canary import Canary
from ansible_collections.slipway.aws.plugins.module_utils._lambda.caution import check_parameters
from ansible_collections.slipway.aws.plugins.module_utils._lambda.journey import Voyage
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import (
    GOOD,
    Code,
    FunctionResult,
    Release,
    Target,
    Wishes,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.prepare import hash_as_lambda_says
from ansible_collections.slipway.aws.plugins.module_utils._lambda.ship import ship
from ansible_collections.slipway.aws.plugins.module_utils._lambda.smoke import smoke_checks

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

ARGUMENTS: dict[str, t.Any] = {
    "functions": {"type": "dict", "required": True},
    "release_id": {"type": "str", "required": True},
    "git_sha": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 600},
    "rollback": {"type": "str", "choices": ["release", "function", "none"], "default": "function"},
    "max_parallel": {"type": "int"},
    "show_environment": {"type": "bool", "default": False},
}

KEYS = (
    "name", "alias", "image", "zip_file", "s3_bucket", "s3_key", "s3_object_version", "code_sha256", "architecture",
    "version", "environment", "parameters", "memory_size", "timeout", "handler", "runtime", "command", "layers",
    "override", "smoke", "canary", "create_alias", "release_environment", "after", "log_group",
)  # fmt: skip
ALIAS = "live"
# A function may take a quarter of an hour to answer.
LONGEST_ANSWER = 910


def deploy(params: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool, report: Report) -> dict[str, t.Any]:
    """Ship what the options ask for and return the result, or raise with it when a function did not get there."""
    if params["max_parallel"] is not None and params["max_parallel"] < 1:
        raise SlipwayError("max_parallel must be at least 1; leave it out to ship all that can be shipped at once.")
    targets = [target_from_options(name, options) for name, options in params["functions"].items()]
    voyage = Voyage(
        release=Release(id=params["release_id"], git_sha=params["git_sha"]),
        timeout=params["wait_timeout"],
        rollback=params["rollback"],
        max_parallel=params["max_parallel"],
        show_environment=params["show_environment"],
        check_mode=check_mode,
    )
    results = ship(Clients(params), invokers(params), targets, voyage, report)
    answer = summary(results)
    if not diff:
        del answer["diff"]
    if answer["failed_functions"]:
        raise SlipwayError(failure_sentence(results), details=answer)
    return answer


def invokers(params: t.Mapping[str, t.Any]) -> Clients:
    """Return clients that wait for a function's answer, and never call it a second time by themselves."""
    config = {**(params.get("aws_config") or {}), "read_timeout": LONGEST_ANSWER, "tcp_keepalive": True}
    return Clients({**params, "aws_config": {**config, "retries": {"mode": "standard", "total_max_attempts": 1}}})


def target_from_options(name: str, given: t.Any) -> Target:
    """Read one function of the option C(functions)."""
    options = Options(f"functions.{name}", given, known=KEYS)
    target = Target(
        name=name,
        function=options.text("name"),
        alias=options.text("alias", default=ALIAS),
        code=_code(name, options),
        wishes=_wishes(name, options),
        version=str(options.value("version")) if options.has("version") else None,
        smoke=smoke_checks(name, options.value("smoke")),
        canary=Canary.from_options(name, options.value("canary")),
        create_alias=options.truth("create_alias", default=False),
        identify=options.truth("release_environment", default=False),
        after=options.texts("after") if options.value("after") else (),
    )
    target.check()
    return target


def _code(name: str, options: Options) -> Code | None:
    given = [key for key in ("image", "zip_file", "s3_bucket") if options.has(key)]
    if len(given) > 1:
        raise SlipwayError(f"functions.{name} has {' and '.join(given)}; its code can come from one of them.")
    architecture = options.text("architecture") if options.has("architecture") else None
    if not given:
        stray = [key for key in ("s3_key", "s3_object_version", "code_sha256", "architecture") if options.has(key)]
        if stray:
            raise SlipwayError(f"functions.{name} has {', '.join(stray)} but no code.")
        return None
    if options.has("s3_bucket") and not options.has("s3_key"):
        raise SlipwayError(f"functions.{name} names a bucket but no s3_key.")
    sha256 = hash_as_lambda_says(name, options.text("code_sha256")) if options.has("code_sha256") else None
    return Code(
        image=options.value("image"),
        path=options.value("zip_file"),
        bucket=options.value("s3_bucket"),
        key=options.value("s3_key"),
        object_version=options.value("s3_object_version"),
        architecture=architecture,
        # Only of what is in S3 it is taken on trust; a file here is looked at.
        identity=sha256 if options.has("s3_bucket") else None,
    )


def _wishes(name: str, options: Options) -> Wishes:
    parameters = options.mapping("parameters")
    check_parameters(name, parameters)
    environment = {
        variable: None if value is None else _text(value) for variable, value in options.mapping("environment").items()
    }
    both = sorted(set(parameters) & set(environment))
    if both:
        raise SlipwayError(f"functions.{name}: {', '.join(both)} is in environment and in parameters.")
    return Wishes(
        environment={**environment, **parameters},
        memory=options.whole_number("memory_size", default=0, minimum=128) or None,
        timeout=options.whole_number("timeout", default=0, minimum=1) or None,
        handler=options.text("handler") if options.has("handler") else None,
        runtime=options.text("runtime") if options.has("runtime") else None,
        command=options.texts("command") if options.has("command") else None,
        layers=_layers(options),
        override=options.mapping("override"),
    )


def _layers(options: Options) -> tuple[str, ...] | None:
    return () if options.value("layers") == [] else options.texts("layers") or None


def _text(value: t.Any) -> str:
    # As people mean it in YAML: true is not True.
    return str(value).lower() if isinstance(value, bool) else str(value)


def summary(results: t.Mapping[str, FunctionResult]) -> dict[str, t.Any]:
    bad = sorted(name for name, result in results.items() if result.outcome not in GOOD)
    diffs = [
        {"before_header": name, "after_header": name, **result.diff} for name, result in results.items() if result.diff
    ]
    return {
        "changed": any(result.changed for result in results.values()),
        "functions": {name: result.as_result() for name, result in results.items()},
        "failed_functions": bad,
        "warnings": [warning for result in results.values() for warning in result.warnings],
        "diff": diffs,
    }


def failure_sentence(results: t.Mapping[str, FunctionResult]) -> str:
    return " ".join(
        f"{name} {result.outcome.replace('_', ' ')}: {result.cause}"
        for name, result in results.items()
        if result.outcome not in GOOD
    )


__all__ = ("ARGUMENTS", "deploy", "target_from_options")

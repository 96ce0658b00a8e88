"""The command line: python -m local_engine up|preview|destroy|output --stack NAME."""

from __future__ import annotations

import argparse
import json
import os
import sys
import typing as t
from pathlib import Path

from local_engine.errors import LocalEngineError
from local_engine.operations import Operations


def main(arguments: t.Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except LocalEngineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; the state says what exists, and up continues from there.", file=sys.stderr)  # noqa: T201
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    backend = options.backend or os.environ.get("PULUMI_BACKEND_URL")
    if not backend:
        raise LocalEngineError("No backend is known: give --backend file:///<path>, or set PULUMI_BACKEND_URL.")
    operations = Operations(Path(options.cwd).absolute(), options.stack, backend=backend, endpoint=options.endpoint)
    match options.verb:
        case "up":
            operations.up(refresh=options.refresh)
        case "preview":
            operations.preview(refresh=options.refresh)
        case "destroy":
            operations.destroy()
        case _:
            outputs = operations.outputs(show_secrets=options.show_secrets)
            print(json.dumps(_select(outputs, options.name), indent=2))  # noqa: T201


def _select(outputs: dict[str, t.Any], name: str | None) -> t.Any:
    if name is None:
        return outputs
    if name not in outputs:
        raise LocalEngineError(f"There is no output {name}; known: {', '.join(sorted(outputs))}.")
    return outputs[name]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_engine", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stack", required=True, help="the stack, as in Pulumi.<stack>.yaml")
    common.add_argument("--backend", help="where the state lives, file:///<path>; default: PULUMI_BACKEND_URL")
    common.add_argument("--cwd", default=".", help="the folder of the Pulumi project; default: the current one")
    cloud = argparse.ArgumentParser(add_help=False)
    cloud.add_argument("--endpoint", help="the local cloud, such as http://127.0.0.1:4566")
    refresh = argparse.ArgumentParser(add_help=False)
    refresh.add_argument(
        "--refresh",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look whether what is recorded is still there; what is not is made again",
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", parents=[common, cloud, refresh], help="create and change what the program asks for")
    verbs.add_parser("preview", parents=[common, cloud, refresh], help="say what up would do")
    verbs.add_parser("destroy", parents=[common, cloud], help="remove everything the stack holds")
    output = verbs.add_parser("output", parents=[common], help="print the stack's outputs as JSON")
    output.add_argument("name", nargs="?", help="one output only")
    output.add_argument("--show-secrets", action="store_true")
    # Accepted so that every verb can be called with the same options.
    output.add_argument("--endpoint", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())

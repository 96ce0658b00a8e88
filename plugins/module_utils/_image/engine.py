# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Find a container engine that works here, among those we know how to drive."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ansible_collections.slipway.aws.plugins.module_utils._image.programs import Programs
    from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository
    from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec

LINES_SHOWN = 20
# An argument given by name alone is read from the environment, which other users of the machine cannot see.
# Those the engine's program itself listens to must not get there; they are written out, and hold no secrets.
HEARD_BY_THE_PROGRAM = re.compile(
    "BUILDKIT_PROGRESS|BUILDX_(BUILDER|CONFIG)|CONTAINERS_CONF|CONTAINER_HOST|HOME|LD_(LIBRARY_PATH|PRELOAD)|PATH"
    "|DOCKER_(API_VERSION|BUILDKIT|CERT_PATH|CONFIG|CONTEXT|DEFAULT_PLATFORM|HOST|TLS|TLS_VERIFY)"
    "|REGISTRY_AUTH_FILE|SSH_AUTH_SOCK|TMPDIR|XDG_RUNTIME_DIR"
)


class Engine(t.Protocol):
    """What building and pushing needs of an engine."""

    def build(self, spec: ImageSpec, reference: str) -> None:
        """Build the image and name it C(reference)."""

    def platform(self, reference: str) -> str:
        """Return the platform a local image says it is for."""

    def push(self, reference: str, repository: Repository, token: str) -> str | None:
        """Push a local image, and return the digest the registry gave it, if the engine tells."""

    def remove(self, reference: str) -> None:
        """Forget the local name of an image, and the image if that was its last."""


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Build arguments as a command line and an environment."""

    options: tuple[str, ...]
    environment: t.Mapping[str, str]

    @classmethod
    def of(cls, build_args: t.Mapping[str, str]) -> Arguments:
        options: list[str] = []
        environment = {}
        for name, value in sorted(build_args.items()):
            written_out = HEARD_BY_THE_PROGRAM.fullmatch(name) is not None
            options += ["--build-arg", f"{name}={value}" if written_out else name]
            if not written_out:
                environment[name] = value
        return cls(tuple(options), environment)


def find_engine(wanted: str, docker_host: str | None, programs: Programs) -> Engine:
    """Return the engine asked for, or the first one that answers."""
    from ansible_collections.slipway.aws.plugins.module_utils._image.docker import find_docker
    from ansible_collections.slipway.aws.plugins.module_utils._image.podman import find_podman

    if wanted == "podman" and docker_host:
        raise SlipwayError(
            "docker_host does not say where podman runs.",
            hint="Leave it out, or use the engine docker: its program also talks to podman's socket.",
        )
    finders: dict[str, Callable[[], Engine]] = {"docker": lambda: find_docker(docker_host, programs)}
    if not docker_host:
        finders["podman"] = lambda: find_podman(programs)
    if wanted != "auto":
        return finders[wanted]()
    reasons = []
    for finder in finders.values():
        try:
            return finder()
        except SlipwayError as error:
            reasons.append(error.message)
    raise SlipwayError(
        f"No container engine works here. {' '.join(reasons)}",
        hint="Install and start Docker (on Debian and Ubuntu the package docker.io) or podman, or set docker_host.",
    )


def locate(program: str, programs: Programs) -> str:
    """Return the path of a program."""
    path = shutil.which(program, path=programs.environment.get("PATH", ""))
    if path is None:
        raise SlipwayError(
            f"The program {program} is not installed.",
            hint="Install it (on Debian and Ubuntu: apt install docker.io or podman), or choose another engine.",
        )
    return path


def read_platform(path: str, reference: str, programs: Programs, environment: t.Mapping[str, str | None]) -> str:
    """Return the platform of a local image, which docker and podman tell alike."""
    code, output, errors = programs.ask([path, "image", "inspect", reference], environment=environment)
    if code != 0:
        raise SlipwayError(f"The image {reference} is not there after its build: {errors.strip()}")
    image = json.loads(output)[0]
    parts = (image.get("Os"), image.get("Architecture"), image.get("Variant"))
    return "/".join(part for part in parts if part)


def build_failed(spec: ImageSpec, lines: list[str], dockerfile: Path) -> SlipwayError:
    """Return the error to raise for a build that ended badly."""
    shown = "\n".join(lines[-LINES_SHOWN:]) or "(nothing)"
    return SlipwayError(
        f"The build of image {spec.name} from {dockerfile} failed. Its last lines:\n{shown}\n",
        hint="Correct the step that failed, and run again.",
        details={"log": lines[-LINES_SHOWN:]},
    )


__all__ = ("Arguments", "Engine", "build_failed", "find_engine", "locate", "read_platform")

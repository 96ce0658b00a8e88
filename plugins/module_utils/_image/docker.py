# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Drive Docker by its own program, old and new."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.engine import (
    Arguments,
    build_failed,
    locate,
    read_platform,
)
from ansible_collections.slipway.aws.plugins.module_utils._image.login import login
from ansible_collections.slipway.aws.plugins.module_utils._image.push_errors import explain_push

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._image.programs import Programs
    from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository
    from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec

# Since this version the program has BuildKit only through its plugin buildx.
BUILDX_SINCE = 23
PUSHED_DIGEST = re.compile(r"\bdigest: (sha256:[0-9a-f]{64})\b")


class Docker:
    """A docker program and the daemon it talks to."""

    def __init__(self, path: str, programs: Programs, *, builder: str, environment: t.Mapping[str, str | None]) -> None:
        self._path = path
        self._programs = programs
        self._environment = dict(environment)
        self.builder = builder

    def build(self, spec: ImageSpec, reference: str) -> None:
        arguments = Arguments.of(spec.build_args)
        command = [self._path, "build", "--platform", spec.platform, "--tag", reference]
        command += ["--file", str(spec.dockerfile), *arguments.options]
        if spec.target:
            command += ["--target", spec.target]
        if self.builder == "buildx":
            # A builder of the user's own may keep its results elsewhere; we need this one in the engine.
            command.append("--load")
        environment = {
            **arguments.environment,
            **self._environment,
            "DOCKER_BUILDKIT": "0" if self.builder == "classic" else "1",
            "BUILDKIT_PROGRESS": "plain",
            # An attestation holds the time of the build, so it would make every digest a new one.
            "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        }
        finished = self._programs.run([*command, str(spec.context)], environment=environment, masked=spec.masked)
        if finished.code != 0:
            raise build_failed(spec, finished.tail(), spec.dockerfile)

    def platform(self, reference: str) -> str:
        return read_platform(self._path, reference, self._programs, self._environment)

    def push(self, reference: str, repository: Repository, token: str) -> str | None:
        with login(repository.host, token, self._programs.environment) as folder:
            environment = {**self._environment, "DOCKER_CONFIG": str(folder)}
            finished = self._programs.run([self._path, "push", reference], environment=environment, masked=[token])
        if finished.code != 0:
            raise explain_push(reference, finished.tail())
        found = PUSHED_DIGEST.findall("\n".join(finished.lines))
        return found[-1] if found else None

    def remove(self, reference: str) -> None:
        # The layers below stay, or the classic builder would have nothing cached for the next build.
        self._programs.ask([self._path, "rmi", "--no-prune", reference], environment=self._environment)


def find_docker(docker_host: str | None, programs: Programs) -> Docker:
    """Return Docker with the builder that works for this program and daemon."""
    path = locate("docker", programs)
    # DOCKER_CONTEXT would win over the address that was asked for.
    environment: dict[str, str | None] = {"DOCKER_HOST": docker_host, "DOCKER_CONTEXT": None} if docker_host else {}
    dummy, output, errors = programs.ask([path, "version", "--format", "{{json .}}"], environment=environment)
    versions = _read_versions(output)
    if not versions.get("Server"):
        words = errors.strip().splitlines()[-1] if errors.strip() else "no daemon answered."
        raise SlipwayError(
            f"Docker is installed, but its daemon does not answer: {words}",
            hint="Start it, ask for the right to use it, or set docker_host.",
        )
    has_buildx = programs.ask([path, "buildx", "version"], environment=environment)[0] == 0
    return Docker(path, programs, builder=choose_builder(versions, has_buildx=has_buildx), environment=environment)


def choose_builder(versions: t.Mapping[str, t.Any], *, has_buildx: bool) -> str:
    """Return V(buildx), V(buildkit) (built into the older programs) or V(classic)."""
    server = versions.get("Server") or {}
    names = " ".join(str(component.get("Name")) for component in server.get("Components") or ())
    if "podman" in names.lower():
        return "classic"  # podman's socket builds, but does not speak BuildKit's protocol
    if has_buildx:
        return "buildx"
    major = re.match(r"\d+", str(versions.get("Client", {}).get("Version", "")))
    return "buildkit" if major and int(major[0]) < BUILDX_SINCE else "classic"


def _read_versions(output: str) -> dict[str, t.Any]:
    try:
        versions = json.loads(output)
    except ValueError:
        return {}
    return versions if isinstance(versions, dict) else {}


__all__ = ("Docker", "choose_builder", "find_docker")

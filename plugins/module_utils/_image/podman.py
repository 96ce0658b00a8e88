# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Drive podman, which needs no daemon."""

from __future__ import annotations

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


class Podman:
    """A podman program and its local store."""

    def __init__(self, path: str, programs: Programs) -> None:
        self._path = path
        self._programs = programs

    def build(self, spec: ImageSpec, reference: str) -> None:
        arguments = Arguments.of(spec.build_args)
        # Its layer cache overlooks an argument that only feeds ENV or LABEL: an old commit's name would ship.
        command = [self._path, "build", "--layers=false", "--platform", spec.platform, "--tag", reference]
        command += ["--file", str(spec.dockerfile), *arguments.options]
        if spec.target:
            command += ["--target", spec.target]
        finished = self._programs.run(
            [*command, str(spec.context)], environment=arguments.environment, masked=spec.masked
        )
        if finished.code != 0:
            raise build_failed(spec, finished.tail(), spec.dockerfile)

    def platform(self, reference: str) -> str:
        return read_platform(self._path, reference, self._programs, {})

    def push(self, reference: str, repository: Repository, token: str) -> str | None:
        with login(repository.host, token, self._programs.environment) as folder:
            # The digest of the local image is not the registry's: layers are compressed on the way.
            digest_file = folder / "digest"
            command = [self._path, "push", "--authfile", str(folder / "config.json"), "--digestfile", str(digest_file)]
            if repository.is_loopback:
                command.append("--tls-verify=false")
            finished = self._programs.run([*command, reference], masked=[token])
            if finished.code != 0:
                raise explain_push(reference, finished.tail())
            return digest_file.read_text(encoding="ascii").strip() if digest_file.is_file() else None

    def remove(self, reference: str) -> None:
        self._programs.ask([self._path, "rmi", reference])


def find_podman(programs: Programs) -> Podman:
    """Return podman, if it can work with its store here."""
    path = locate("podman", programs)
    code, dummy, errors = programs.ask([path, "info", "--format", "{{.Host.Arch}}"])
    if code != 0:
        words = errors.strip().splitlines()[-1] if errors.strip() else f"exit code {code}"
        raise SlipwayError(f"Podman is installed, but does not work: {words}", hint="See what podman info says.")
    return Podman(path, programs)


__all__ = ("Podman", "find_podman")

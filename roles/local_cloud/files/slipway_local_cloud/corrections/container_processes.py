# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container definition says of its process."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record


def container_processes(_place: Place) -> None:
    """A container starts with its ``entryPoint``, in its ``workingDirectory``, as its ``user``.

    AWS: so do ``readonlyRootFilesystem`` and ``linuxParameters.initProcessEnabled``.
    MiniStack: drops them, and the image's own hold.
    """
    ecs = service("ecs")
    build = original(ecs, "_build_run_kwargs")

    def build_run_kwargs(container: Record, *rest: t.Any) -> Record:
        arguments: Record = build(container, *rest)
        given = {
            "entrypoint": container.get("entryPoint"),
            "working_dir": container.get("workingDirectory"),
            "user": container.get("user"),
            "read_only": container.get("readonlyRootFilesystem"),
            "init": (container.get("linuxParameters") or {}).get("initProcessEnabled"),
        }
        return arguments | {key: value for key, value in given.items() if value}

    replace(ecs, "_build_run_kwargs", build_run_kwargs)

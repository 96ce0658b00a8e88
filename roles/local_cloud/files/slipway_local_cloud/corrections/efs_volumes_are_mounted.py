# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes that outlive their tasks."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from types import ModuleType

    from .seams import Place, Record


class VolumeError(Exception):
    """An EFS volume of a task cannot be mounted."""


def efs_volumes_are_mounted(_place: Place) -> None:
    """An EFS volume is there, and holds what the tasks before wrote.

    AWS: the file system, from the access point's folder down, is mounted at the container's path.
    MiniStack: leaves it out, so an application writes into its own container.
    """
    ecs, efs = service("ecs"), service("efs")
    bind = original(ecs, "_docker_binds_from_taskdef")
    original(efs, "_file_systems"), original(efs, "_access_points")
    # The scratch folder of this cloud: what is in it ends with the cloud, like everything else it keeps.
    root = Path(tempfile.gettempdir()) / "efs"

    def docker_binds_from_taskdef(definition: Record, container: Record) -> list[str]:
        binds = list(bind(definition, container))
        volumes = {one["name"]: one.get("efsVolumeConfiguration") for one in definition.get("volumes", [])}
        for mount in container.get("mountPoints", []):
            wanted = volumes.get(mount.get("sourceVolume"))
            if wanted:
                mode = "ro" if mount.get("readOnly") else "rw"
                binds.append(f"{_folder(efs, root, wanted)}:{mount['containerPath']}:{mode}")
        return binds

    replace(ecs, "_docker_binds_from_taskdef", docker_binds_from_taskdef)


def _folder(efs: ModuleType, root: Path, wanted: Record) -> Path:
    """Return the folder on this machine that stands for a file system's; make it as its access point says."""
    system, point_id = wanted["fileSystemId"], (wanted.get("authorizationConfig") or {}).get("accessPointId")
    if system not in efs._file_systems:
        raise VolumeError(f"failed to invoke EFS utils commands to set up EFS volumes: there is no {system}")
    path, owner = wanted.get("rootDirectory") or "/", None
    if point_id:
        point = efs._access_points.get(point_id)
        if point is None or point["FileSystemId"] != system:
            raise VolumeError(f"failed to invoke EFS utils commands to set up EFS volumes: {system} has no {point_id}")
        directory = point.get("RootDirectory") or {}
        path, owner = directory.get("Path") or "/", directory.get("CreationInfo")
    folder = root / str(system) / str(path).strip("/")
    if not folder.exists():
        folder.mkdir(parents=True)
        if owner:
            os.chown(folder, int(owner["OwnerUid"]), int(owner["OwnerGid"]))
            folder.chmod(int(str(owner["Permissions"]), 8))
    return folder

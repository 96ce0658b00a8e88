# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""What all plugins that read stacks share during one run of Ansible."""

from __future__ import annotations

import pathlib
import typing as t

from ansible import constants
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import FolderCache


def run_cache() -> FolderCache:
    """Return the cache of this run.

    It is in the folder that Ansible makes for every run, gives to all its processes, and removes at the end.
    """
    folder: str = constants.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined]  # made when Ansible starts
    return FolderCache(pathlib.Path(folder) / "slipway-pulumi")


def base_folder(variables: t.Mapping[str, t.Any]) -> pathlib.Path:
    """Return the folder relative paths start at: the playbook's, or the working directory where there is none."""
    return pathlib.Path(str(variables.get("playbook_dir") or pathlib.Path.cwd()))


__all__ = ("base_folder", "run_cache")

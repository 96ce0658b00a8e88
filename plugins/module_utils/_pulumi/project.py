# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A project's own file, C(Pulumi.yaml): its name, and the backend it keeps its stacks in."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import load_json
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import CheckpointError, ProjectError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import is_name

try:
    import yaml
except ImportError:
    HAS_YAML = False
else:
    HAS_YAML = True

TEXT, NULL, MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "merge"))
FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


@dataclasses.dataclass(frozen=True)
class Project:
    """What a project says of itself that a reader needs."""

    name: str
    backend: str | None
    folder: pathlib.Path


def read_project(folder: pathlib.Path) -> Project:
    """Read the project of a folder."""
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise ProjectError(f"There is no Pulumi project in {folder}.", hint=f"It has none of {', '.join(FILES)}.")
    content = _content(path)
    name = content.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise ProjectError(f"{path} does not name its project.", hint="Its key name should be the project's name.")
    backend = content.get("backend")
    url = backend.get("url") if isinstance(backend, dict) else None
    if url is not None and not isinstance(url, str):
        raise ProjectError(f"{path}: backend.url is not a text.")
    return Project(name=name, backend=url or None, folder=folder)


def _content(path: pathlib.Path) -> dict[str, t.Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path} cannot be read: {error}.") from error
    content = _json(path, text) if path.suffix == ".json" else _yaml(path, text)
    if not isinstance(content, dict):
        raise ProjectError(f"{path} is not a Pulumi project: it is not an object.")
    return content


def _json(path: pathlib.Path, text: str) -> t.Any:
    try:
        return load_json(text, str(path))
    except CheckpointError as error:
        raise ProjectError(error.message) from None


def _yaml(path: pathlib.Path, text: str) -> t.Any:
    if not HAS_YAML:
        raise ProjectError(f"Reading {path} needs the Python library PyYAML, which is not installed.")
    try:
        members = _members(path, yaml.compose(text, Loader=yaml.SafeLoader))
    # Characters and versions that YAML does not have are errors of Python's own.
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f" in line {line + 1}" if line is not None else ""
        raise ProjectError(f"{path} is not YAML{place}.") from None
    # Nothing is made of the rest. It may be of types Python cannot build, or endless where values refer to each other.
    if members is None:
        return None
    backend = _members(path, members.get("backend"))
    return {"name": _text(path, members.get("name")), "backend": backend and {"url": _text(path, backend.get("url"))}}


def _members(path: pathlib.Path, node: t.Any) -> dict[str, t.Any] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    if any(key.tag == MERGE for key, dummy in node.value):
        raise ProjectError(f"{path} merges objects (<<), which is not supported here.", hint="Write name and url out.")
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _text(path: pathlib.Path, node: t.Any) -> t.Any:
    """Return a text as it is, nothing for nothing, and something that is no text for all else."""
    if node is None or node.tag == NULL:
        return None
    if node.tag not in yaml.SafeLoader.yaml_constructors:
        raise ProjectError(f"{path} is not YAML in line {node.start_mark.line + 1}: it has a tag of some program.")
    return node.value if node.tag == TEXT else node


__all__ = ("Project", "read_project")

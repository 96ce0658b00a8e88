# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The images that are shipped here: built on the local cloud's engine, and pushed to its registry."""

from __future__ import annotations

import importlib.util
import shutil
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from home import Home

APP = Path(__file__).resolve().parent / "app"
SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
# Of the hundreds of services that the SDK can talk to, the program talks to one.
SPOKEN = {"s3", "sts"}
EDITIONS = {
    "good": {"PROGRAM": "app.py", "EDITION": "1"},
    "next": {"PROGRAM": "app.py", "EDITION": "2"},
    "broken": {"PROGRAM": "broken.py", "EDITION": "3"},
}


def context(folder: Path) -> Path:
    """Put together what the Dockerfile copies."""
    shutil.copytree(APP, folder)
    for name in SDK:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise RuntimeError(f"{name} is not installed for {name}'s tests")
        origin = Path(found.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, folder / "sdk" / name, ignore=_left_out)
        else:
            shutil.copy(origin, folder / "sdk" / origin.name)
    return folder


def _left_out(folder: str, names: list[str]) -> set[str]:
    left = {name for name in names if name == "__pycache__"}
    if Path(folder).parts[-2:] == ("botocore", "data"):
        left |= {name for name in names if Path(folder, name).is_dir() and name not in SPOKEN}
    return left


def push_all(home: Home, folder: Path, repository: str) -> dict[str, str]:
    """Build and push every edition, and return each by its digest."""
    engine = home.docker()
    here = str(context(folder))
    found = {}
    for edition, arguments in EDITIONS.items():
        engine.images.build(path=here, tag=f"{repository}:{edition}", buildargs=arguments, rm=True)
        said = list(engine.images.push(repository, edition, stream=True, decode=True))
        wrong = [line for line in said if "error" in line]
        if wrong:
            raise RuntimeError(f"{edition} could not be pushed: {wrong}")
        image = home.client("ecr").describe_images(
            repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": edition}]
        )["imageDetails"][0]
        found[edition] = f"{repository}@{image['imageDigest']}"
    return found


__all__ = ("EDITIONS", "push_all")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the base images that Dockerfiles name: present already, pulled, or a stand-in of the machine's own packages."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

from . import stand_in
from .engine_api import EngineApi, EngineRefusal, EngineSilence
from .errors import LocalCloudError
from .state import Outcome, read_json, write_json

if t.TYPE_CHECKING:
    from .settings import Settings


def ensure(settings: Settings, used: t.Mapping[str, t.Any]) -> Outcome:
    """Have every base image, and say of each where it came from."""
    api = EngineApi(used["docker_host"])
    images = {name: "present" if api.image_id(name) else _obtain(settings, api, name) for name in settings.base_images}
    return Outcome(any(how != "present" for how in images.values()), images)


def are_present(settings: Settings) -> bool:
    """Tell whether the recorded engine has every base image."""
    api = EngineApi(read_json(settings.engine_file)["docker_host"])
    return all(api.image_id(name) for name in settings.base_images)


def _obtain(settings: Settings, api: EngineApi, name: str) -> str:
    """Pull an image, or build its stand-in when no registry can be reached."""
    try:
        api.pull(name, first_word=settings.registry_timeout, patience=settings.pull_timeout)
        if api.image_id(name):
            return "pulled"
        refusal = "the engine said nothing of an error, and has no such image."
    except EngineRefusal as error:
        refusal = str(error)
        if _is_unknown(error):
            raise LocalCloudError(
                f"The registry knows no image {name}: {refusal}", "Correct the name in local_cloud_base_images."
            ) from error
    except EngineSilence as error:
        refusal = str(error)
    if not stand_in.is_possible(name):
        raise LocalCloudError(
            f"{name} could not be pulled: {refusal}",
            f"Load it into the engine by hand; a stand-in is made only for {stand_in.EXAMPLE} and its like.",
        )
    _stand_in(settings, api, name)
    return "stand-in"


def _is_unknown(error: EngineRefusal) -> bool:
    return error.status == 404 and "manifest" in str(error) and ("unknown" in str(error) or "not found" in str(error))


def _stand_in(settings: Settings, api: EngineApi, name: str) -> None:
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.scratch) as folder:
        archive = Path(folder, "image.tar")
        stand_in.write_archive(name, archive)
        api.load(archive)
    image = api.image_id(name)
    if image is None:
        raise LocalCloudError(f"The engine took the stand-in for {name} and does not have it.", "Look at its log.")
    # Remembered by id: a real image that somebody pulls later under this name is not ours to remove.
    write_json(settings.stand_ins_file, {**read_json(settings.stand_ins_file), name: image})


def remove(settings: Settings) -> bool:
    """Take our stand-ins out of an engine that is not ours; a private engine goes with all its images."""
    engine = read_json(settings.engine_file)
    made = read_json(settings.stand_ins_file)
    if not engine or engine.get("kind") == "private":
        return False
    api = EngineApi(engine["docker_host"])
    removed = False
    for name, image in made.items():
        try:
            if api.image_id(name) == image:
                api.untag(name)
                removed = True
        except EngineSilence:
            return removed
    return removed

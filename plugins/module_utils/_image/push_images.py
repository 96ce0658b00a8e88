# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The sequence: find what the registry lacks, then build, push and tag that side by side.

Everything is looked up before anything is built, so that the wrong path or repository
of one image stops the run while it is still free.
"""

from __future__ import annotations

import concurrent.futures
import time
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.engine import Engine, find_engine
from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import fingerprint
from ansible_collections.slipway.aws.plugins.module_utils._image.programs import Programs
from ansible_collections.slipway.aws.plugins.module_utils._image.registry import Registry
from ansible_collections.slipway.aws.plugins.module_utils._image.ship import ship
from ansible_collections.slipway.aws.plugins.module_utils._image.spec import (
    ImageSpec,
    check_sharing,
    check_tags,
    parse_images,
)
from ansible_collections.slipway.aws.plugins.module_utils._image.work import Work, describe_change

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients


def push_images(
    options: t.Mapping[str, t.Any], clients: Clients, *, check_mode: bool, warn: Callable[[str], None]
) -> dict[str, t.Any]:
    """Bring the images of a project to their repositories, and return the module's result."""
    tags = check_tags(options["tags"])
    specs = parse_images(options["images"], Path(options["project_dir"]))
    # Clients are made here, one after the other: making them is not safe in threads, using them is.
    works = [Work(spec, Registry(_connect(clients, spec), spec.repository), tags) for spec in specs]
    with Programs() as programs:
        _side_by_side(_look_up, works, options["parallel"], programs)
        _raise_failures(works)
        check_sharing([(work.spec, work.fingerprint) for work in works], tags)
        for warning in [warning for work in works for warning in work.warnings()]:
            warn(warning)
        if check_mode:
            for work in works:
                work.foresee()
        else:
            _ship_all(works, options, programs)
    _raise_failures(works)
    return {
        "changed": any(work.changed for work in works),
        "images": {work.spec.name: work.result() for work in works},
        "diff": describe_change(works),
    }


def _connect(clients: Clients, spec: ImageSpec) -> t.Any:
    region = spec.repository.region
    return clients("ecr", region=region) if region else clients("ecr")


def _look_up(work: Work) -> None:
    work.fingerprint = fingerprint(work.spec)
    work.plan = work.registry.plan(work.source_tag, work.tags)
    work.before = work.plan.before
    if not work.plan.build:
        work.registry.refuse_fixed(work.plan)


def _ship_all(works: list[Work], options: t.Mapping[str, t.Any], programs: Programs) -> None:
    engine: Engine | None = None
    if any(work.plan.build for work in works):
        engine = find_engine(options["engine"], options["docker_host"], programs)
    # Two names for the same sources in the same repository are one image: it is built once.
    leaders: dict[str, Work] = {}
    for work in works:
        leaders.setdefault(work.reference, work)
    _side_by_side(lambda work: ship(work, engine), list(leaders.values()), options["parallel"], programs)
    for work in works:
        work.follow(leaders[work.reference])


def _side_by_side(step: Callable[[Work], None], works: list[Work], parallel: int, programs: Programs) -> None:
    """Take one step for each image; a failure is kept with its image, so the others reach their end."""

    def take(work: Work) -> None:
        started = time.monotonic()
        try:
            step(work)
        except SlipwayError as error:
            work.error = error
        finally:
            work.seconds += time.monotonic() - started

    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        try:
            for done in concurrent.futures.as_completed([pool.submit(take, work) for work in works]):
                done.result()
        except BaseException:
            # Leaving the pool waits for its threads, which wait for these.
            programs.stop_all()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _raise_failures(works: list[Work]) -> None:
    errors = [work.error for work in works if work.error is not None]
    if not errors:
        return
    sentences = list(dict.fromkeys(str(error.as_result()["msg"]) for error in errors))
    if len(errors) > 1:
        sentences.insert(0, f"{len(errors)} of {len(works)} images failed.")
    raise SlipwayError(
        " ".join(sentences),
        details={
            "changed": any(work.changed for work in works),
            "images": {work.spec.name: work.result() for work in works},
        },
    )


__all__ = ("push_images",)

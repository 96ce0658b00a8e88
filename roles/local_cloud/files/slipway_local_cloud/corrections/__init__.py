# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the emulator and AWS differ, and a scenario of ours would notice: each correction is one function in one file.

They are written for one version of MiniStack. A correction looks for exactly what it replaces and stops the start when
that is gone: then the emulator has changed, and the correction must be looked at. docs/local-cloud.md lists them.
"""

from __future__ import annotations

import os
import typing as t

from .container_health_checks import container_health_checks
from .container_processes import container_processes
from .containers_wait_for_each_other import containers_wait_for_each_other
from .efs_volumes_are_mounted import efs_volumes_are_mounted
from .failed_deployment_keeps_the_old_tasks import failed_deployment_keeps_the_old_tasks
from .failures_are_counted import failures_are_counted
from .first_deployment_in_progress import first_deployment_in_progress
from .foreign_containers_stay import foreign_containers_stay
from .health_path_reaches_targets import health_path_reaches_targets
from .late_exits_are_noticed import late_exits_are_noticed
from .memory_limits import memory_limits
from .registry_that_answers import registry_that_answers
from .seams import Place, SeamGoneError
from .secure_strings_are_decrypted import secure_strings_are_decrypted
from .service_deployments import service_deployments
from .service_names_resolve import service_names_resolve
from .shared_task_network import shared_task_network
from .simulations_read_their_request import simulations_read_their_request
from .started_by_deployment import started_by_deployment
from .stop_reasons import stop_reasons
from .stopped_tasks_are_replaced import stopped_tasks_are_replaced
from .targets_prove_themselves import targets_prove_themselves
from .task_role_credentials import task_role_credentials
from .tasks_start_after_the_answer import tasks_start_after_the_answer
from .tasks_stop_in_order import tasks_stop_in_order
from .unhealthy_targets_are_replaced import unhealthy_targets_are_replaced
from .unwell_tasks_make_room import unwell_tasks_make_room

if t.TYPE_CHECKING:
    from collections.abc import Callable

# Several replace the same function of the emulator; the later one of two is the outer one.
CORRECTIONS: tuple[Callable[[Place], None], ...] = (
    registry_that_answers,
    task_role_credentials,
    first_deployment_in_progress,
    started_by_deployment,
    health_path_reaches_targets,
    foreign_containers_stay,
    targets_prove_themselves,
    late_exits_are_noticed,
    memory_limits,
    tasks_stop_in_order,
    stop_reasons,
    stopped_tasks_are_replaced,
    container_health_checks,
    failures_are_counted,
    failed_deployment_keeps_the_old_tasks,
    unhealthy_targets_are_replaced,
    unwell_tasks_make_room,
    service_deployments,
    # After what adds to the answer: all of it belongs to the answer.
    tasks_start_after_the_answer,
    container_processes,
    secure_strings_are_decrypted,
    containers_wait_for_each_other,
    # Before the shared network: a container that joins another's has the other's hosts file.
    service_names_resolve,
    shared_task_network,
    efs_volumes_are_mounted,
    simulations_read_their_request,
)
# For the tests: names of corrections to leave out, to see what the emulator does by itself.
UNCORRECTED = "SLIPWAY_LOCAL_CLOUD_UNCORRECTED"


def apply(place: Place) -> list[str]:
    """Apply every correction and return their names."""
    left_out = os.environ.get(UNCORRECTED, "").split(",")
    applied = []
    for correction in CORRECTIONS:
        if correction.__name__ in left_out:
            continue
        try:
            correction(place)
        except SeamGoneError as error:
            raise SeamGoneError(error.seam, correction.__name__) from error
        applied.append(correction.__name__)
    return applied


__all__ = ("CORRECTIONS", "UNCORRECTED", "Place", "apply")

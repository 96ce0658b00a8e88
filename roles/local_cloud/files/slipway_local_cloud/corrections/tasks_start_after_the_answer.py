# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the tasks of a new deployment begin."""

from __future__ import annotations

import threading
import typing as t

from .seams import action, answer, original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record, Reply

# Nobody takes as long to answer; a task that waits for longer would wait for ever.
PATIENCE = 5.0


def tasks_start_after_the_answer(_place: Place) -> None:
    """The answer to a change of a service is about the deployment that it began.

    AWS: its tasks are placed after the answer, and take seconds to begin.
    MiniStack: starts them while it answers. A task that cannot start fails within the same moment, and the answer's
    primary deployment is already the one that everything was rolled back to.
    """
    ecs = service("ecs")
    start = original(ecs, "_start_task_worker")
    under_way: set[threading.Event] = set()

    def while_answering(handler: t.Any) -> t.Any:
        def handle(data: Record) -> Reply:
            answered = threading.Event()
            under_way.add(answered)
            try:
                reply: Reply = handler(data)
            finally:
                under_way.discard(answered)
                answered.set()
            return reply

        return handle

    def start_task_worker(task: Record, *rest: t.Any) -> t.Any:
        for answered in [*under_way]:
            answered.wait(PATIENCE)
        return start(task, *rest)

    replace(ecs, "_start_task_worker", start_task_worker)
    answer(ecs, **{name: while_answering(action(ecs, name)) for name in ("CreateService", "UpdateService")})

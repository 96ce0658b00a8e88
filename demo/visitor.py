# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that keeps asking while a release goes on, and remembers every answer that was not good."""

from __future__ import annotations

import threading
import time
import typing as t
from collections import Counter

from cloud import Cloud


class Visitor:
    """Asks the health page a few times a second, from `with` to its end."""

    LONGEST = 600.0
    # As long as a person waits: whether an answer comes is the question here, and not how soon on a busy machine.
    PATIENCE = 20.0

    def __init__(self, cloud: Cloud, domain: str, path: str = "/api/health", pause: float = 0.1) -> None:
        self._cloud, self._domain, self._path, self._pause = cloud, domain, path, pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit, name="visitor", daemon=True)
        self.releases: Counter[str] = Counter()
        self.failures: list[str] = []

    def __enter__(self) -> t.Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    @property
    def asked(self) -> int:
        return self.releases.total() + len(self.failures)

    def _visit(self) -> None:
        give_up = time.monotonic() + self.LONGEST
        while not self._stop.is_set() and time.monotonic() < give_up:
            try:
                answer = self._cloud.ask(self._domain, self._path, timeout=self.PATIENCE)
                if answer.status == 200:
                    self.releases[str(answer.json().get("release_id"))] += 1
                else:
                    self.failures.append(f"HTTP {answer.status}: {answer.body[:200]!r}")
            except (OSError, ValueError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            self._stop.wait(self._pause)

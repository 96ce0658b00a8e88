# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program, and write down its time and its memory: C(peak.py <file> <program> <argument> ...).

A process is charged for the memory of the one that started it, until it becomes its own program. So this is a process
of its own, and a small one.
"""

from __future__ import annotations

import os
import sys
import time

if __name__ == "__main__":
    file, program, *words = sys.argv[1:]
    begin = time.perf_counter()
    pid = os.posix_spawn(program, [program, *words], os.environ)
    _pid, status, usage = os.wait4(pid, 0)
    elapsed = time.perf_counter() - begin
    with open(file, "w", encoding="utf-8") as report:  # noqa: PTH123 - each import makes it larger
        report.write(f"{elapsed} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
    sys.exit(os.waitstatus_to_exitcode(status) and 1)

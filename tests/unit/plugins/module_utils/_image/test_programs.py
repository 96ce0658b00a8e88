# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.programs import LINES_KEPT, Programs


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_both_outputs_are_kept_and_secrets_are_not() -> None:
    code = (
        "import os, sys; print('one', os.environ['SECRET']); sys.stdout.flush(); sys.stderr.write('two tok-1 x\\n\\n')"
    )
    finished = Programs().run(
        python(code + "; sys.exit(3)"), environment={"SECRET": "tok-1234"}, masked=["tok-1234", "tok-1"]
    )

    assert finished.code == 3
    assert finished.tail() == ["one ********", "two ******** x"]


def test_only_the_last_lines_are_kept() -> None:
    finished = Programs().run(python("for number in range(1000): print(number)"))

    assert len(finished.lines) == LINES_KEPT
    assert finished.tail(2) == ["998", "999"]


def test_variables_can_be_taken_away() -> None:
    code = "import os; print(sorted(set(os.environ) & {'KEPT', 'GONE', 'NEW'}))"
    programs = Programs({**os.environ, "KEPT": "1", "GONE": "1"})

    assert programs.ask(python(code), environment={"GONE": None, "NEW": "1"})[1].strip() == "['KEPT', 'NEW']"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="Could not start .*missing: No such file"):
        Programs().run([str(tmp_path / "missing")])


def test_a_sigterm_stops_what_is_running() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ended: list[int] = []
    with pytest.raises(SlipwayError, match="stopped before its end") as caught, Programs() as programs:
        thread = threading.Thread(
            target=lambda: ended.append(programs.run(python("import time; print(1, flush=True); time.sleep(60)")).code)
        )
        thread.start()
        while not programs._running:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        thread.join(60)
    thread.join(20)

    assert ended == [-signal.SIGTERM]
    assert caught.value.details == {"outcome": "stopped"}
    assert signal.getsignal(signal.SIGTERM) == before
    with pytest.raises(SlipwayError, match="stopped"):
        programs.run(python("pass"))

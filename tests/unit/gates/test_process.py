"""Real programs, really started and stopped."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import gate as gate_module
import process
import pytest
from gate import Gate, Outcome, Result
from process import environment_of, processes_of, run_gate

LEAVES_A_DAEMON = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
"""


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(gate_module, "STATE", tmp_path)
    return tmp_path


def python(program: str, **options: object) -> Gate:
    return Gate(name="probe", command=(sys.executable, "-c", program), seconds=1, **options)  # type: ignore[arg-type]


def run(gate: Gate) -> Result:
    return asyncio.run(run_gate(gate))


def test_passes_when_the_command_does() -> None:
    result = run(python("print('hello')"))
    assert result.outcome is Outcome.PASSED
    assert result.gate.log.read_text() == "hello\n"


def test_fails_when_the_command_does() -> None:
    result = run(python("raise SystemExit(3)"))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "ended with code 3")


def test_fails_without_running_when_its_subject_is_missing() -> None:
    gate = python("print('hello')", paths=("README.md", "no/such/thing"))
    result = run(gate)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "missing: no/such/thing")
    assert not gate.log.exists()


def test_says_why_it_was_skipped() -> None:
    result = run(python("print('SKIPPED no engine here'); raise SystemExit(77)"))
    assert (result.outcome, result.reason) == (Outcome.SKIPPED, "no engine here")


def test_a_passing_gate_names_the_tests_it_skipped() -> None:
    result = run(python("print('SKIPPED [2] tests/test_x.py:3: needs root')"))
    assert (result.outcome, result.skips) == (Outcome.PASSED, ("tests/test_x.py:3: needs root",))


def test_a_gate_that_hangs_is_stopped() -> None:
    started = time.monotonic()
    result = run(python("import time; time.sleep(60)", timeout=1))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "took longer than 1 s")
    assert time.monotonic() - started < 20


def test_without_proc_the_gate_itself_is_stopped_all_the_same(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr(process, "processes_of", lambda _gate: {})
    remember = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
    assert run(python(remember, folder=str(state), timeout=2)).outcome is Outcome.FAILED
    with pytest.raises(ProcessLookupError):
        os.kill(int((state / "pid").read_text()), 0)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finding forgotten processes needs /proc")
def test_a_forgotten_daemon_is_stopped_and_fails_the_gate() -> None:
    gate = python(LEAVES_A_DAEMON)
    result = run(gate)
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith("left running: ")
    assert "time.sleep(60)" in result.reason
    assert processes_of(gate) == {}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finding forgotten processes needs /proc")
def test_interrupting_stops_the_gate_and_its_daemons() -> None:
    gate = python(LEAVES_A_DAEMON + "import time\ntime.sleep(60)\n")

    async def interrupt() -> int:
        work = asyncio.ensure_future(run_gate(gate))
        deadline = time.monotonic() + 20
        while len(processes_of(gate)) < 2 and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        seen = len(processes_of(gate))
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        return seen

    assert asyncio.run(interrupt()) == 2
    assert processes_of(gate) == {}


def test_a_gate_sees_neither_accounts_nor_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "mine")
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
    seen = environment_of(python(""))
    assert "AWS_PROFILE" not in seen
    assert "ANSIBLE_STDOUT_CALLBACK" not in seen
    assert seen["DOCKER_HOST"] == "unix:///somewhere"
    assert seen["HOME"] != os.environ["HOME"]
    assert seen["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment_of(python("", inherits=("AWS_",)))["AWS_PROFILE"] == "mine"

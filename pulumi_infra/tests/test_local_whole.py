"""Whole lives of the reference system on a local cloud, each with an emulator of its own memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from local_engine.planning import Step

from tests.account import contents
from tests.conftest import Workshop
from tests.emulator import empty
from tests.recorded_program import PROGRAM

STACK = "qa-chatbot-local"


def test_an_emulator_that_forgot_everything_is_filled_again(workshop: Workshop) -> None:
    workshop.copy_program()
    workshop.operations(STACK).up()
    before = contents(workshop.cloud)
    empty(workshop.endpoint)
    assert contents(workshop.cloud) == {}
    workshop.operations(STACK).up()
    after = contents(workshop.cloud)
    assert {kind: len(found) for kind, found in after.items()} == {kind: len(found) for kind, found in before.items()}
    # What the program named by chance keeps its name.
    assert (after["buckets"], after["roles"], after["tables"]) == (before["buckets"], before["roles"], before["tables"])
    assert workshop.operations(STACK).up().writing_calls == {}
    workshop.operations(STACK).destroy()
    assert contents(workshop.cloud) == {}


def test_a_stack_can_be_destroyed_after_the_emulator_forgot_it(workshop: Workshop) -> None:
    workshop.copy_program()
    made = workshop.operations(STACK).up()[Step.CREATE]
    empty(workshop.endpoint)
    assert workshop.operations(STACK).destroy()[Step.DELETE] == made > 80
    assert contents(workshop.cloud) == {}


def test_prod_is_let_go_of_before_it_is_destroyed(workshop: Workshop) -> None:
    workshop.copy_program()
    prod = "qa-chatbot-prod"
    workshop.operations(prod).up()
    assert contents(workshop.cloud)["functions"]
    assert len(contents(workshop.cloud)["nat gateways"]) == 2
    assert workshop.operations(prod).up().writing_calls == {}
    file = workshop.project / f"Pulumi.{prod}.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("deletionProtection: true", "deletionProtection: false"), encoding="utf-8")
    # Whether buckets and repositories are emptied is only in the record: nothing is called for it.
    assert workshop.operations(prod).up().writing_calls == {"ModifyLoadBalancerAttributes": 1, "UpdateTable": 1}
    workshop.operations(prod).destroy()
    assert contents(workshop.cloud) == {}


def test_the_command_line_does_all_of_it(workshop: Workshop, tmp_path: Path) -> None:
    workshop.copy_program()
    command = [sys.executable, "-m", "local_engine"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROGRAM),
        "PULUMI_BACKEND_URL": workshop.backend,
        "HOME": str(tmp_path),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        where = ["--stack", STACK, "--endpoint", workshop.endpoint]
        return subprocess.run(
            [*command, *arguments, *where],
            cwd=workshop.project,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=120,
        )

    up = run("up")
    assert up.returncode == 0, up.stderr
    made = re.match(r"\+ (\d+) created, 0 changed, 0 deleted, 0 unchanged; ", up.stdout.splitlines()[-1])
    assert made
    assert int(made[1]) > 80
    one = run("output", "ecs_cluster_name")
    assert json.loads(one.stdout) == "qa-chatbot-local"
    unknown = run("output", "nonsense")
    assert unknown.returncode == 1
    assert "There is no output nonsense; known: alb_dns_name" in unknown.stderr
    gone = run("destroy")
    assert gone.returncode == 0, gone.stderr
    assert f" {made[1]} deleted" in gone.stdout.splitlines()[-1]
    again = run("destroy")
    assert (again.returncode, "has no resources" in again.stdout) == (0, True)
    assert contents(workshop.cloud) == {}

"""Shared: recorded programs, and a local cloud for the tests that need a real one."""

from __future__ import annotations

import importlib
import io
import shutil
import sys
import types
import typing as t
from pathlib import Path

import pytest
from local_engine.cloud import Cloud
from local_engine.display import Display
from local_engine.operations import Operations

from tests.emulator import empty, ministack
from tests.recorded_program import PROGRAM, REGION, Program, record

QA_CHATBOT = ("qa-chatbot-local", "qa-chatbot-dev", "qa-chatbot-prod")


def pytest_configure(config: pytest.Config) -> None:
    # The provider's package deprecates its own old names while it is imported.
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:pulumi_aws")


@pytest.fixture(scope="session", params=QA_CHATBOT)
def program(request: pytest.FixtureRequest) -> Program:
    """The program of system 1 for each of its stacks, as it would be deployed."""
    return record(request.param)


@pytest.fixture(scope="session")
def dev() -> Program:
    return record("qa-chatbot-dev")


@pytest.fixture(scope="session")
def prod() -> Program:
    return record("qa-chatbot-prod")


@pytest.fixture
def collection(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], types.ModuleType]:
    """Import the collection's own code: what reads a stack and plans a release is what a release uses.

    The program is also used without the collection around it, and its tests then have nothing to compare with.
    """
    root = PROGRAM.parent / "collections"
    if not (root / "ansible_collections" / "slipway" / "aws").is_dir():
        pytest.skip("the collection is not beside the program")
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])
    return lambda name: importlib.import_module(f"ansible_collections.slipway.aws.plugins.module_utils.{name}")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    """A local cloud of our own."""
    with ministack(tmp_path_factory.mktemp("ministack")) as address:
        yield address


class Workshop:
    """A project folder, a backend and a cloud to try things in. The paths have spaces in them."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.project = folder / "my project"
        self.state = folder / "my state"
        self.endpoint = endpoint
        self.cloud = Cloud(endpoint, REGION)
        self.text = ""

    def copy_program(self) -> None:
        shutil.copytree(
            PROGRAM, self.project, ignore=shutil.ignore_patterns("tests", "__pycache__", ".*", "local_engine")
        )

    def write_program(self, source: str, stack: str = "try", config: str = "") -> None:
        self.project.mkdir(exist_ok=True)
        (self.project / "Pulumi.yaml").write_text("name: workshop\nruntime: python\n", encoding="utf-8")
        (self.project / f"Pulumi.{stack}.yaml").write_text(
            f"config:\n  aws:region: {REGION}\n{config}", encoding="utf-8"
        )
        (self.project / "__main__.py").write_text(source, encoding="utf-8")

    @property
    def backend(self) -> str:
        return self.state.as_uri()

    def operations(self, stack: str = "try", *, preview: bool = False) -> Operations:
        stream = _Tee(self)
        return Operations(
            self.project,
            stack,
            backend=self.backend,
            endpoint=self.endpoint,
            display=Display(stream, preview=preview),
        )

    def checkpoint(self, stack: str = "try", project: str = "workshop") -> Path:
        return self.state / ".pulumi" / "stacks" / project / f"{stack}.json"


class _Tee(io.StringIO):
    """Keeps what was printed where the test can see it."""

    def __init__(self, workshop: Workshop) -> None:
        super().__init__()
        self._workshop = workshop
        workshop.text = ""

    def write(self, text: str) -> int:
        self._workshop.text += text
        return super().write(text)


@pytest.fixture
def workshop(tmp_path: Path, endpoint: str) -> Workshop:
    empty(endpoint)
    return Workshop(tmp_path, endpoint)

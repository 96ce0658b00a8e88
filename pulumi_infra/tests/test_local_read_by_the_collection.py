"""The collection reads what this engine writes. Each was written from the format, and neither from the other."""

from __future__ import annotations

import importlib
import sys
import typing as t

import pytest

from tests.conftest import Workshop
from tests.recorded_program import PROGRAM
from tests.test_local_engine import HEAD, secret_config

pytestmark = pytest.mark.usefixtures("collection")
PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "open sesame"}


@pytest.fixture
def collection(monkeypatch: pytest.MonkeyPatch) -> None:
    root = PROGRAM.parent / "collections"
    if not (root / "ansible_collections" / "slipway" / "aws").is_dir():
        pytest.skip("the collection is not beside the program")
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])


def read(workshop: Workshop, environment: t.Mapping[str, str]) -> t.Any:
    reader = importlib.import_module("ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader")
    opened = reader.open_reader(workshop.backend, base=workshop.project, environment=environment)
    return opened.stack("organization/workshop/try", reader.Terms())


def test_plain_outputs(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'pulumi.export("names", {"one": ["a", 1, True]})\n')
    workshop.operations().up()
    assert read(workshop, {}).outputs(secrets=True) == {"names": {"one": ["a", 1, True]}}


def test_secret_outputs(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE["PULUMI_CONFIG_PASSPHRASE"])
    secret_config(workshop, "xylophone")
    workshop.operations().up()
    stack = read(workshop, PASSPHRASE)
    assert stack.secret_outputs == ("word",)
    assert stack.outputs(secrets=False) == {"plain": "seen"}
    assert stack.output("word", secrets=True) == "xylophone"


def test_a_destroyed_stack_has_no_outputs(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'pulumi.export("a", 1)\n')
    workshop.operations().up()
    workshop.operations().destroy()
    with pytest.raises(Exception, match="holds no resources: it was destroyed"):
        read(workshop, {})

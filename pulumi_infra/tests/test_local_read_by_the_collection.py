"""The collection reads what this engine writes. Each was written from the format, and neither from the other."""

from __future__ import annotations

import types
import typing as t

import pytest

from tests.conftest import Workshop
from tests.test_local_engine import HEAD, secret_config

PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "open sesame"}
Read = t.Callable[[t.Mapping[str, str]], t.Any]


@pytest.fixture
def read(workshop: Workshop, collection: t.Callable[[str], types.ModuleType]) -> Read:
    """Read the workshop's stack as the collection does, with nothing but the environment given."""
    reader = collection("_pulumi.reader")

    def stack(environment: t.Mapping[str, str]) -> t.Any:
        opened = reader.open_reader(workshop.backend, base=workshop.project, environment=environment)
        return opened.stack("organization/workshop/try", reader.Terms())

    return stack


def test_plain_outputs(workshop: Workshop, read: Read) -> None:
    workshop.write_program(HEAD + 'pulumi.export("names", {"one": ["a", 1, True]})\n')
    workshop.operations().up()
    assert read({}).outputs(secrets=True) == {"names": {"one": ["a", 1, True]}}


def test_secret_outputs(workshop: Workshop, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE["PULUMI_CONFIG_PASSPHRASE"])
    secret_config(workshop, "xylophone")
    workshop.operations().up()
    stack = read(PASSPHRASE)
    assert stack.secret_outputs == ("word",)
    assert stack.outputs(secrets=False) == {"plain": "seen"}
    assert stack.output("word", secrets=True) == "xylophone"


def test_a_destroyed_stack_has_no_outputs(workshop: Workshop, read: Read) -> None:
    workshop.write_program(HEAD + 'pulumi.export("a", 1)\n')
    workshop.operations().up()
    workshop.operations().destroy()
    with pytest.raises(Exception, match="holds no resources: it was destroyed"):
        read({})

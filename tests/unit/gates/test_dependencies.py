"""docs/dependencies.md explains every package we chose, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| ([A-Za-z0-9._-]+)(?:\[[^\]]*\])? \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAME = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def explained(requirements: str) -> dict[str, tuple[str, str]]:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    sections = [part for part in page.split("\n## ") if f"`{requirements}`" in part.splitlines()[0]]
    assert len(sections) == 1
    rows = [row for row in ROW.findall(sections[0]) if row[0] not in ("package", "---")]
    assert len(rows) == len({name for name, _, _ in rows}), "a package is explained twice"
    return {name: (why.strip(), instead.strip()) for name, why, instead in rows}


@pytest.mark.parametrize(
    "requirements", ["requirements/development.in", "requirements/parliament.in", "app/requirements.in"]
)
def test_every_direct_dependency_is_explained(requirements: str) -> None:
    chosen = set(NAME.findall((ROOT / requirements).read_text()))
    reasons = explained(requirements)
    assert chosen
    assert set(reasons) == chosen
    assert all(why and instead for why, instead in reasons.values())

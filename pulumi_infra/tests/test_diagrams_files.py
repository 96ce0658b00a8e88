"""What is written: valid, safe and the same every time; and the check that says when it is no longer true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from diagrams import __main__ as command
from diagrams import files
from diagrams.mermaid import mermaid
from diagrams.model import Box, Edge, Flow, Look, Node, Picture, Place
from diagrams.svg import svg
from systems import SYSTEMS as WIRED

from tests.drawn_systems import SYSTEMS, drawing, image
from tests.recorded_program import PROGRAM

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a"b<c>&d|e]f`g#h;i*j'


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - written by ourselves


def node(id_: str, text: str = NASTY) -> Node:
    return Node(id=id_, place=Place.DATA, look=Look.STORE, word=text, title=text, facts=(text,))


WEIRD = Picture(
    system=NASTY,
    stack="s",
    region="r",
    network=None,
    zones=0,
    nodes=(node("one"), node("two", "1. first")),
    boxes=(Box(id="box", place=Place.PRIVATE, title=NASTY),),
    edges=(Edge(source="one", target="two", flow=Flow.USE, labels=(NASTY,)),),
    resources=2,
)


def test_every_wired_system_is_drawn() -> None:
    assert set(SYSTEMS) == set(WIRED)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("kind", ["mmd", "svg"])
def test_the_pictures_in_the_documentation_are_fresh(system: str, kind: str) -> None:
    expected = mermaid(drawing(system).picture) if kind == "mmd" else image(system)
    path = command.OUTPUT / f"{system}.{kind}"
    assert path.exists() and path.read_text(encoding="utf-8") == expected, f"{path.name} is stale: {files.RENEW}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_svg_is_readable_by_everybody(system: str) -> None:
    text = image(system)
    root = parsed(text)
    assert (root.get("role"), root.get("aria-labelledby"), root.get("width")) == ("img", "title desc", "1200")
    assert root.findtext(f"{SVG}title") == f"Architecture of {system}-prod"
    said = root.findtext(f"{SVG}desc") or ""
    assert all(item.title in said for item in drawing(system).picture.nodes)
    # A paper of its own: it is read on a dark page as on a light one.
    paper = root.find(f"{SVG}rect")
    assert paper is not None and paper.get("fill") == "#f7f9fc"


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_svg_asks_for_nothing_from_elsewhere(system: str) -> None:
    text = image(system)
    assert not re.search(
        r"<(image|style|script|foreignObject|use)\b|@import|@font-face|href=|https?:(?!//www\.w3)", text
    )
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#head-{flow.name.lower()}" for flow in Flow}
    assert set(re.findall(r"\bid=\"([^\"]+)\"", text)) == {"title", "desc"} | {
        f"head-{flow.name.lower()}" for flow in Flow
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_svg_says_each_text_of_each_card(system: str) -> None:
    root = parsed(image(system))
    texts = [item.text for item in root.iter(f"{SVG}text")]
    for card in drawing(system).layout.cards.values():
        assert {*card.title, *card.word, *card.facts} <= set(texts)


def test_names_with_marks_of_xml_stay_texts() -> None:
    root = parsed(svg(WEIRD))
    assert NASTY in [item.text for item in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_flowchart_is_whole(system: str) -> None:
    shown = drawing(system).picture
    lines = [line.strip() for line in mermaid(shown).splitlines()]
    assert lines[0] == "---" and lines[3] == "flowchart LR"
    opened = [line.split("[")[0].removeprefix("subgraph ") for line in lines if line.startswith("subgraph ")]
    assert lines.count("end") == len(opened)
    cards = [node.id for node in shown.nodes]
    # The parser takes two of the same id, and then draws a card inside of itself.
    assert len(set(opened + cards)) == len(opened) + len(cards)
    assert sum(bool(re.search(r" (==>|-->|-\.->)", line)) for line in lines) == len(shown.edges)
    assert all(line.isascii() and "\t" not in line for line in lines)


def test_marks_of_mermaid_in_a_name_stay_texts() -> None:
    text = mermaid(WEIRD)
    labels = [item for line in text.splitlines()[3:] for item in re.findall(r'"([^"]*)"', line)]
    assert len(labels) == 4
    for label in labels:
        bare = re.sub(r"#\d+;|<br/>", "", label)
        assert not set(bare) & set('"<>&|[]{}`*;#\\')
    escaped = "a#34;b#60;c#62;#38;d#124;e#93;f#96;g#35;h#59;i#42;j"
    assert f'one[("{escaped}<br/>{escaped}<br/>{escaped}")]' in text
    # Mermaid would take it for the beginning of a list.
    assert "#8203;1. first" in text
    assert "title: \"a'b<c>" in text


def run(folder: Path, *arguments: str, seed: str = "1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "diagrams", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    (system,) = [name for name in SYSTEMS if name == "agent-platform"] or SYSTEMS[:1]
    done = run(PROGRAM, system, "--output", str(tmp_path), seed="4711")
    assert (done.returncode, done.stdout) == (0, f"{system}.mmd\n{system}.svg\n"), done.stderr
    assert (tmp_path / f"{system}.mmd").read_text(encoding="utf-8") == mermaid(drawing(system).picture)
    assert (tmp_path / f"{system}.svg").read_text(encoding="utf-8") == image(system)


def test_a_renamed_resource_makes_the_pictures_stale(tmp_path: Path) -> None:
    folder = tmp_path / "a project" / "pulumi_infra"
    shutil.copytree(PROGRAM, folder, ignore=shutil.ignore_patterns("tests", "__pycache__", ".*"))
    done = run(folder, "qa-chatbot")
    assert done.returncode == 0, done.stderr
    output = tmp_path / "a project" / "docs" / "systems" / "diagrams"
    assert sorted(path.name for path in output.iterdir()) == ["qa-chatbot.mmd", "qa-chatbot.svg"]
    component = folder / "components" / "sessions.py"
    renamed = component.read_text(encoding="utf-8").replace('args.names("sessions")', 'args.names("conversations")')
    component.write_text(renamed, encoding="utf-8")
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    done = run(folder, "qa-chatbot", "--check")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["qa-chatbot.mmd", "qa-chatbot.svg"]
    assert all("is stale" in line and line.endswith(f"Renew it: {files.RENEW}") for line in lines)
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw two small things instead of five systems."""
    contents = {"a.mmd": "flowchart", "a.svg": "<svg/>"}
    monkeypatch.setattr(files, "drawn", lambda _program, _wanted: contents)


@pytest.mark.usefixtures("drawn_once")
def test_the_check_names_each_file_and_writes_nothing(tmp_path: Path) -> None:
    assert [line.split(" Renew")[0] for line in files.check(PROGRAM, tmp_path, [])] == [
        "a.mmd is missing.",
        "a.svg is missing.",
    ]
    files.write(PROGRAM, tmp_path, [])
    assert files.check(PROGRAM, tmp_path, []) == []
    (tmp_path / "a.svg").write_text("<svg />", encoding="utf-8")
    (tmp_path / "gone.svg").write_text("<svg/>", encoding="utf-8")
    (tmp_path / "README.md").write_text("not ours", encoding="utf-8")
    found = files.check(PROGRAM, tmp_path, [])
    assert [line.split(" ")[0] for line in found] == ["a.svg", "gone.svg"]
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == "<svg />"
    # One system alone says nothing about the others.
    assert [line.split(" ")[0] for line in files.check(PROGRAM, tmp_path, ["a"])] == ["a.svg"]
    files.write(PROGRAM, tmp_path, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "a.mmd", "a.svg"]


def test_a_system_nobody_knows_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing", "--check"]) == 1
    said = capsys.readouterr().err
    assert "Pulumi.nothing-prod.yaml" in said and ", ".join(SYSTEMS) in said

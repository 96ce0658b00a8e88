from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from frontend.build import BuildError, build

from tests.support.processes import APP

SOURCE = APP / "frontend" / "src"


def site(folder: Path, **files: str) -> Path:
    """A source folder; `__` in a name is a folder, the last `_` a dot."""
    for name, text in files.items():
        path = folder / ".".join(name.replace("__", "/").rsplit("_", 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def small(folder: Path, **changes: str) -> Path:
    files = {
        "index_html": '<link rel="stylesheet" href="./style.css"><script type="module" src="./main.js"></script>',
        "style_css": 'body { background: url("./img/mark.svg"); }',
        "img__mark_svg": "<svg/>",
        "main_js": 'import { one } from "./lib/one.js";\nimport("./lib/two.js");\none();\n',
        "lib__one_js": 'export { two as one } from "./two.js";\n',
        "lib__two_js": "export function two() {}\n",
    }
    return site(folder, **(files | changes))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stems(folder: Path) -> dict[str, str]:
    return {name.split(".")[0]: name for name in contents(folder)}


def test_assets_are_named_by_their_content(tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = build(small(tmp_path / "src"), out)
    assert sorted(names) == sorted(contents(out))
    assert "index.html" in names
    for name in names:
        if name != "index.html":
            digest = hashlib.sha256((out / name).read_bytes()).hexdigest()[:10]
            assert re.fullmatch(rf"assets/\w+\.{digest}\.\w+", name)


def test_references_lead_to_the_new_names(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(small(tmp_path / "src"), out)
    names = stems(out)
    page = (out / "index.html").read_text()
    assert f'href="/{names["assets/style"]}"' in page
    assert f'src="/{names["assets/main"]}"' in page
    script = (out / names["assets/main"]).read_text()
    assert f'from "./{Path(names["assets/one"]).name}"' in script
    assert f'import("./{Path(names["assets/two"]).name}")' in script
    assert f'url("./{Path(names["assets/mark"]).name}")' in (out / names["assets/style"]).read_text()


def test_a_change_renames_all_that_use_it_and_nothing_else(tmp_path: Path) -> None:
    build(small(tmp_path / "a"), tmp_path / "out-a")
    build(small(tmp_path / "b", lib__two_js="export function two() { return 2; }\n"), tmp_path / "out-b")
    before, after = stems(tmp_path / "out-a"), stems(tmp_path / "out-b")
    assert {stem for stem in before if before[stem] != after[stem]} == {"assets/two", "assets/one", "assets/main"}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    build(SOURCE, tmp_path / "one")
    build(SOURCE, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    build(small(tmp_path / "a"), tmp_path / "out-a")
    source = small(tmp_path / "b")
    (source / "main.js").write_bytes((source / "main.js").read_bytes().replace(b"\n", b"\r\n"))
    build(source, tmp_path / "out-b")
    assert contents(tmp_path / "out-a") == contents(tmp_path / "out-b")


def test_an_older_site_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(small(tmp_path / "a"), out)
    (out / "assets" / "left-over.js").write_text("")
    (out / "old.html").write_text("")
    build(small(tmp_path / "b"), out)
    build(small(tmp_path / "c"), tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"main_js": 'import "./gone.js";'}, r"main\.js refers to \./gone\.js, which is not there"),
        ({"main_js": 'import "../../secret.js";'}, r"main\.js refers to \.\./\.\./secret\.js, which is not there"),
        ({"lib__two_js": 'import "./one.js";'}, r"in a circle, .*: one\.js -> two\.js -> one\.js"),
        ({"notes_txt": "x"}, r"No page uses notes\.txt"),
    ],
)
def test_a_wrong_source_is_refused_and_the_old_site_stays(
    tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    out = tmp_path / "out"
    build(small(tmp_path / "good"), out)
    before = contents(out)
    with pytest.raises(BuildError, match=sentence):
        build(small(tmp_path / "bad", **changes), out)
    assert contents(out) == before


def test_without_a_page_there_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="There is no page"):
        build(site(tmp_path / "src", main_js=""), tmp_path / "out")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("precious")
    with pytest.raises(BuildError, match=r"holds files that no build wrote \(photo\.jpg\)"):
        build(SOURCE, tmp_path)
    assert (tmp_path / "photo.jpg").read_text() == "precious"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # -I: nothing but the standard library, as on a machine where nothing is installed.
    command = [sys.executable, "-I", str(APP / "frontend" / "build.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30)


def test_the_command(tmp_path: Path) -> None:
    ended = run("--out", "site with space", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"site with space: \d+ files, \d+ bytes\n", ended.stdout)
    assert (tmp_path / "site with space" / "index.html").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("--out", "file", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "file is not a folder.\n")


def test_the_page_needs_no_exception_from_a_strict_policy() -> None:
    page = (SOURCE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"https?://", page)
    assert "unsafe" not in page


def test_scripts_and_styles_load_nothing_from_elsewhere() -> None:
    for path in SOURCE.iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|innerHTML|eval\(|document\.write", text), path.name


def words() -> dict[str, dict[str, str]]:
    text = (SOURCE / "messages.js").read_text()
    blocks = re.findall(r"^  (\w\w): \{\n(.*?)^  \},$", text, re.MULTILINE | re.DOTALL)
    return {language: dict(re.findall(r'^    (\w+): "(.*)",$', block, re.MULTILINE)) for language, block in blocks}


def test_no_language_lacks_a_word() -> None:
    catalogue = words()
    assert set(catalogue) == {"en", "ja", "ko", "zh"}
    for language, entries in catalogue.items():
        assert set(entries) == set(catalogue["en"]), language
        for key, text in entries.items():
            assert text.strip()
            places = re.findall(r"\{\w+\}", text)
            assert sorted(places) == sorted(re.findall(r"\{\w+\}", catalogue["en"][key])), (language, key)


def test_every_word_the_page_names_exists_and_every_word_is_used() -> None:
    known = set(words()["en"])
    page = (SOURCE / "index.html").read_text()
    named = set(re.findall(r'data-(?:text|label|placeholder)="(\w+)"', page))
    assert named <= known
    scripts = "".join((SOURCE / name).read_text() for name in ("main.js", "transcript.js", "language.js"))
    used = named | {key for key in known if f'"{key}"' in scripts}
    used |= {key for key in known if key.startswith(("error_", "source_"))}
    assert used == known


def test_every_problem_of_the_server_has_words() -> None:
    known = set(words()["en"])
    sources = "".join(path.read_text() for path in (APP / "chatbot").glob("*.py"))
    codes = set(re.findall(r'"(ai-[a-z-]+|server-stops|body-too-large|invalid-request)"', sources))
    assert codes >= {"ai-busy", "ai-failed", "ai-timeout", "ai-not-configured", "server-stops"}
    assert {f"error_{code.replace('-', '_')}" for code in codes} <= known


def test_the_default_folder_is_not_committed() -> None:
    git = subprocess.run(
        ["git", "check-ignore", "-q", "frontend/dist/index.html"], cwd=APP, env=os.environ, capture_output=True
    )
    assert git.returncode in {0, 128}, "app/frontend/dist is not ignored"

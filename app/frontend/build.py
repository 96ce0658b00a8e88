#!/usr/bin/env python3
"""Build the static site: ``python3 app/frontend/build.py [--out DIR]``.

Pages keep their names. Everything they use goes to ``assets/<name>.<hash>.<ext>``, where the hash covers the file and,
through the names in it, all that the file uses. So assets can be cached for ever, and the same input gives the same
bytes. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Where a file names another one, always relative: "./name". The groups are what stands before, the name, and after.
_REFERENCES = {
    ".html": re.compile(r"""(\b(?:src|href)=")(\.{1,2}/[^"#?]+)(")"""),
    ".css": re.compile(r"""((?:url\(|@import )["']?)(\.{1,2}/[^"')]+)(["']?)"""),
    ".svg": re.compile(r"""(\bhref=")(\.{1,2}/[^"#?]+)(")"""),
    ".js": re.compile(r"""((?:\bfrom|\bimport|\bimport\(|\bURL\()\s*["'])(\.{1,2}/[^"']+)(["'])"""),
}


class BuildError(Exception):
    """A sentence about what is wrong with the sources or the output folder."""


class Site:
    """Reads one source folder; knows what each file becomes."""

    def __init__(self, source: Path) -> None:
        self._source = source.resolve()
        self._assets: dict[Path, tuple[str, bytes]] = {}
        self._open: list[Path] = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the site with its path: pages first named, assets as the pages use them."""
        pages = sorted(self._source.glob("*.html"))
        if not pages:
            raise BuildError(f"There is no page (*.html) in {self._source}.")
        built = [(page.name, self._content(page, "/assets/")) for page in pages]
        unused = {path for path in self._source.rglob("*") if path.is_file()} - set(pages) - set(self._assets)
        if unused:
            names = ", ".join(sorted(str(path.relative_to(self._source)) for path in unused))
            raise BuildError(f"No page uses {names}. Remove what is not needed, or refer to it.")
        yield from built
        yield from ((f"assets/{name}", content) for name, content in sorted(self._assets.values()))

    def _asset_name(self, path: Path) -> str:
        if path not in self._assets:
            if path in self._open:
                circle = " -> ".join(item.name for item in [*self._open[self._open.index(path) :], path])
                raise BuildError(f"These files use each other in a circle, so they cannot be hashed: {circle}.")
            self._open.append(path)
            content = self._content(path, "./")
            self._open.pop()
            digest = hashlib.sha256(content).hexdigest()[:10]
            self._assets[path] = (f"{path.stem}.{digest}{path.suffix}", content)
        return self._assets[path][0]

    def _content(self, path: Path, prefix: str) -> bytes:
        pattern = _REFERENCES.get(path.suffix)
        if pattern is None:
            return path.read_bytes()

        def rename(match: re.Match[str]) -> str:
            target = (path.parent / match[2]).resolve()
            if not target.is_relative_to(self._source) or not target.is_file():
                raise BuildError(f"{path.relative_to(self._source)} refers to {match[2]}, which is not there.")
            return f"{match[1]}{prefix}{self._asset_name(target)}{match[3]}"

        # Line ends as they are in the repository, whatever a checkout made of them.
        text = path.read_bytes().decode().replace("\r\n", "\n")
        return pattern.sub(rename, text).encode()


def build(source: Path, out: Path) -> list[str]:
    """Write the site to ``out`` in place of an older one; return the paths of its files."""
    files = dict(Site(source).files())
    _remove_old(out)
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(files)


def _remove_old(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise BuildError(f"{out} is not a folder.")
    strangers = [p.name for p in out.glob("*") if p.name != "assets" and p.suffix != ".html"] if out.exists() else []
    if strangers:
        raise BuildError(
            f"{out} holds files that no build wrote ({', '.join(sorted(strangers))}), so it is left alone."
        )
    if out.exists():
        shutil.rmtree(out)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the static front end.")
    parser.add_argument(
        "--out", type=Path, default=HERE / "dist", help="where to write the site (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        names = build(HERE / "src", options.out)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    size = sum((options.out / name).stat().st_size for name in names)
    sys.stdout.write(f"{options.out}: {len(names)} files, {size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

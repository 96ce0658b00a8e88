# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came out, as a page in Markdown with a plot in SVG."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from html import escape

from stopwatch import median

from publishing.race import STAGES, Contestant, Lap, Line

HEADINGS = {
    "first": "The first publication",
    "again": "Nothing changed",
    "changed": "Some pages changed",
}
COLUMNS = {
    "wall": ("wall, s", 1),
    "processor": ("CPU, s", 1),
    "memory": ("memory, MiB", 0),
    "total": ("requests", 0),
    "writes": ("of them writes", 0),
}
OURS, OTHERS, LINE = "#1f6feb", "#8c959f", "#f0883e"
LABEL, WIDTH, BAR, GAP = 180, 420, 16, 8


@dataclasses.dataclass(frozen=True)
class Outcome:
    contestants: Sequence[Contestant]
    laps: Mapping[str, Mapping[str, Sequence[Lap]]]
    """By stage and contestant."""
    files: int
    size: int
    line: Line
    share: float
    machine: Mapping[str, str]
    missing: Sequence[str]

    @property
    def floor(self) -> float:
        """The seconds the line needs for all bytes, whoever sends them."""
        return self.size / self.line.bandwidth if self.line.bandwidth else 0.0

    def middle(self, stage: str, key: str, measure: str) -> float | None:
        laps = self.laps[stage].get(key, ())
        return median([float(getattr(lap, measure)) for lap in laps]) if laps else None


def page(outcome: Outcome) -> str:
    line = outcome.line
    width = f"of {line.bandwidth * 8 / 1e6:.0f} Mbit/s" if line.bandwidth else "without a limit"
    parts = [
        "<!-- Written by tests/bench/publishing. Do not edit: measure again. -->",
        "# Publishing a site: this collection beside other tools\n",
        f"One run on one machine: every tool publishes the same {outcome.files} files ({outcome.size / 1e6:.0f} MB, "
        "two thirds of them hashed assets) into the same empty bucket, one tool at a time, in an order shuffled "
        f"anew in each round; then once more with nothing changed, and with {outcome.share:.0%} of the pages changed. "
        f"The bucket is a small server that answers as S3 does, {line.latency * 1000:.0f} ms away on a line {width}; "
        "after each run its content is compared with the site's.\n",
        "![How long it takes](bench-site.svg)\n",
        "## Targets",
        targets(outcome),
    ]
    for stage in STAGES:
        parts += [f"\n## {HEADINGS[stage]}", table(outcome, stage)]
    parts += ["\n## Which requests", actions(outcome), "\n## Who was asked how"]
    parts += [f"* {one.title}: {one.how}." for one in outcome.contestants]
    parts += [f"* Not measured: {line}" for line in outcome.missing]
    told = ", ".join(f"{name} {value}" for name, value in outcome.machine.items())
    parts += [
        f"\nMeasured with {told}. CPU is what all processes of a tool used. No tool deletes anything here, and all "
        "but ours give every file the same headers. For each object it replaces, ours asks which version that is: the "
        "way back.\n",
        "Again: `python tests/bench/publishing`; `--quick` only sees that every tool publishes.",
    ]
    return "\n".join(parts) + "\n"


def targets(outcome: Outcome) -> str:
    lines = ["| target | measured | |", "|---|---|---|"]
    others = [one for one in outcome.contestants if not one.ours and outcome.laps["first"].get(one.key)]

    def add(target: str, told: str, holds: bool | None) -> None:
        verdict = "not measured" if holds is None else "met" if holds else "**missed**"
        lines.append(f"| {target} | {told} | {verdict} |")

    for stage in STAGES:
        for measure, noun, digits in (("wall", "s", 1), ("total", "requests", 0)):
            own = outcome.middle(stage, "role", measure)
            beside = {one.title: outcome.middle(stage, one.key, measure) for one in others}
            known = {title: value for title, value in beside.items() if value is not None}
            told = "; ".join(
                f"{title} {value:.{digits}f} {noun}"
                for title, value in {"role": own, **known}.items()
                if value is not None
            )
            # In requests there is a least that nobody can go below.
            ahead = (
                None
                if own is None or not known
                else own < min(known.values()) or (measure == "total" and own <= min(known.values()))
            )
            word = "less time" if measure == "wall" else "no more requests"
            add(f"{HEADINGS[stage].lower()}: {word} than any other", told, ahead)
    first = outcome.middle("first", "module", "wall")
    if outcome.floor and first is not None:
        add(
            "the first publication bounded by the line",
            f"module {first:.1f} s, the line alone {outcome.floor:.1f} s",
            first <= 1.5 * outcome.floor,
        )
    again = outcome.middle("again", "module", "wall")
    if again is not None:
        add("nothing changed in less than 3 s, listing included", f"module {again:.1f} s", again < 3)
    return "\n".join(lines)


def table(outcome: Outcome, stage: str) -> str:
    lines = [
        "| tool | rounds | " + " | ".join(title for title, dummy in COLUMNS.values()) + " |",
        "|---|---:|" + "---:|" * len(COLUMNS),
    ]
    for one in outcome.contestants:
        laps = outcome.laps[stage].get(one.key, ())
        if laps:
            cells = [
                _cell([float(getattr(lap, name)) for lap in laps], digits) for name, (_, digits) in COLUMNS.items()
            ]
            title = f"**{one.title}**" if one.ours else one.title
            lines.append(f"| {title} | {len(laps)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def actions(outcome: Outcome) -> str:
    lines = ["| tool | first | again | changed |", "|---|---|---|---|"]
    for one in outcome.contestants:
        laps = [outcome.laps[stage].get(one.key, ()) for stage in STAGES]
        cells = [
            ", ".join(f"{name} {number}" for name, number in sorted(found[0].calls.items())) if found else "–"
            for found in laps
        ]
        lines.append(f"| {one.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figures: Sequence[float], digits: int) -> str:
    middle, least, most = (f"{value:.{digits}f}" for value in (median(figures), min(figures), max(figures)))
    return middle if least == most else f"{middle} ({least}–{most})"


def plot(outcome: Outcome) -> str:
    """Draw a panel of bars for each stage."""
    shapes: list[str] = []
    top = 24
    for stage in STAGES:
        walls = {one: outcome.middle(stage, one.key, "wall") for one in outcome.contestants}
        known = {one: wall for one, wall in walls.items() if wall is not None}
        if not known:
            continue
        shapes.append(_text(10, top, f"{HEADINGS[stage]}, seconds", bold=True))
        top += 12
        longest = max(known.values())
        for one, wall in known.items():
            width = max(1.0, wall / longest * WIDTH)
            shapes.append(_text(LABEL - 8, top + BAR - 3, one.title, end=True, bold=one.ours))
            shapes.append(_box(LABEL, top, width, BAR, OURS if one.ours else OTHERS))
            shapes.append(_text(LABEL + width + 4, top + BAR - 3, f"{wall:.1f}"))
            top += BAR + GAP
        if stage == "first" and outcome.floor:
            shapes.append(
                _box(
                    LABEL + min(outcome.floor / longest, 1) * WIDTH,
                    top - len(known) * (BAR + GAP),
                    2,
                    len(known) * (BAR + GAP) - GAP,
                    LINE,
                )
            )
            shapes.append(_text(LABEL, top + 10, f"the line alone needs {outcome.floor:.1f} s"))
            top += 16
        top += 24
    width = LABEL + WIDTH + 70
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" '
        'role="img" font-family="sans-serif" font-size="12">\n<title>Seconds to publish a site</title>\n'
        + _box(0, 0, width, top, "#ffffff")
        + "\n"
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, *, end: bool = False, bold: bool = False) -> str:
    style = (' text-anchor="end"' if end else "") + (' font-weight="bold"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#1f2328"{style}>{escape(words)}</text>'


__all__ = ("Outcome", "page", "plot")

# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came out, as a page in Markdown with a plot in SVG."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping, Sequence
from html import escape

from stopwatch import median

from ecs.contestants import Contestant
from ecs.race import Lap, Result

REPORTED_WITHIN = 2.0
NO_OP_SECONDS = 5.0
NO_OP_CALLS = 1.2
OWN_OVERHEAD = 1.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Everything that was measured: results by number of services and contestant."""

    contestants: Sequence[Contestant]
    results: Mapping[int, Mapping[str, Sequence[Result]]]
    rollouts: Sequence[float]
    latency: float
    machine: Mapping[str, str]
    missing: Sequence[str]

    def laps(self, services: int, key: str, *, again: bool = False) -> list[Lap]:
        results = self.results.get(services, {}).get(key, ())
        laps = [result.again if again else result.shipped for result in results]
        return [lap for lap in laps if lap is not None]

    def middle(self, services: int, key: str, measure: str, *, again: bool = False) -> float | None:
        figures = [float(getattr(lap, measure)) for lap in self.laps(services, key, again=again)]
        return median(figures) if figures else None

    def present(self, services: int) -> list[Contestant]:
        return [one for one in self.contestants if self.laps(services, one.key)]


HEADINGS = {
    "wall": ("wall, s", 1),
    "overhead": ("of it beside the longest deployment, s", 1),
    "lead": ("start to last update, s", 1),
    "lag": ("really done to reported, s", 1),
    "processor": ("CPU, s", 1),
    "memory": ("memory, MiB", 0),
    "total": ("API calls", 0),
    "writes": ("of them writes", 0),
}
SHIPPED = tuple(HEADINGS)
AGAIN = ("wall", "processor", "memory", "total", "writes")


def table(outcome: Outcome, services: int, columns: Sequence[str], *, again: bool) -> str:
    """Return medians, and the least and the most in brackets where there was more than one round."""
    lines = [
        "| tool | rounds | " + " | ".join(HEADINGS[name][0] for name in columns) + " |",
        "|---|---:|" + "---:|" * len(columns),
    ]
    for one in outcome.present(services):
        laps = outcome.laps(services, one.key, again=again)
        if not laps:
            continue
        cells = [_cell([float(getattr(lap, name)) for lap in laps], HEADINGS[name][1]) for name in columns]
        title = f"**{one.title}**" if one.ours else one.title
        lines.append(f"| {title} | {len(laps)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figures: Sequence[float], digits: int) -> str:
    middle, least, most = (f"{value:.{digits}f}" for value in (median(figures), min(figures), max(figures)))
    return middle if least == most else f"{middle} ({least}–{most})"


def actions(outcome: Outcome, services: int) -> str:
    """Return which calls were made, in the first round."""
    shown = [(one, outcome.laps(services, one.key)[0].calls) for one in outcome.present(services)]
    lines = ["| tool | calls, by action |", "|---|---|"]
    for one, calls in shown:
        told = ", ".join(f"{name} {number}" for name, number in sorted(calls.items()))
        lines.append(f"| {one.title} | {told} |")
    return "\n".join(lines)


def targets(outcome: Outcome) -> str:
    """Say which targets were met. Whoever cannot be compared with is named, not passed over."""
    most, few = max(outcome.results), min(outcome.results)
    lines = ["| target | measured | |", "|---|---|---|"]

    def add(target: str, figures: Mapping[str, float | None], holds: Callable[[float], bool], unit: str) -> None:
        told = "; ".join(f"{name} {value:.2f} {unit}" for name, value in figures.items() if value is not None)
        values = [value for value in figures.values() if value is not None]
        verdict = "not measured" if not values else "met" if all(map(holds, values)) else "**missed**"
        lines.append(f"| {target} | {told} | {verdict} |")

    lags = {
        _noun(services): max((lap.lag for lap in outcome.laps(services, "role")), default=None)
        for services in outcome.results
    }
    add("reported within 2 s of done, the slowest round", lags, lambda value: value <= REPORTED_WITHIN, "s")
    again = {"role": outcome.middle(most, "role", "wall", again=True)}
    add(f"{most} services with nothing to do in less than 5 s", again, lambda value: value < NO_OP_SECONDS, "s")
    calls = outcome.middle(most, "role", "total", again=True)
    each = {"role": None if calls is None else calls / most}
    add("and with at most 1.2 calls for each", each, lambda value: value <= NO_OP_CALLS, "calls")
    peers = [one for one in outcome.present(most) if not one.ours]
    walls = {one.title: outcome.middle(most, one.key, "wall") for one in peers}
    best = min((value for value in walls.values() if value is not None), default=None)
    ours = outcome.middle(most, "role", "wall")
    if ours is not None and best is not None:
        nearest = next(title for title, value in walls.items() if value == best)
        told = f"role {ours:.1f} s; {nearest}, the quickest of the others, {best:.1f} s"
        verdict = _met(ours < best)
        if ours < best and outcome.missing:
            verdict = "met by those measured"
        lines.append(f"| {most} services in less time than any other | {told} | {verdict} |")
    if few == 1:
        for what, measure in (("", "overhead"), (", only from the start to the update", "lead")):
            target = f"one service: at most 1.0 s more overhead than ecspresso{what}"
            role, other = outcome.middle(1, "role", measure), outcome.middle(1, "ecspresso", measure)
            if role is None or other is None:
                lines.append(f"| {target} | | not measured |")
            else:
                told = f"role {role:.2f} s, ecspresso {other:.2f} s"
                lines.append(f"| {target} | {told} | {_met(role - other <= OWN_OVERHEAD)} |")
    return "\n".join(lines)


def _noun(services: int) -> str:
    return "1 service" if services == 1 else f"{services} services"


def _met(holds: bool) -> str:
    return "met" if holds else "**missed**"


INTRODUCTION = """\
<!-- Written by tests/bench/ecs. Do not edit: measure again. -->
# Shipping to ECS: this collection beside other tools

One run on one machine: every tool ships the same services to the same emulator, one tool at a time, in an order that is
shuffled anew in each round. Before each run the emulator forgets everything and makes the same start state.

![How long it takes](bench-ecs.svg)
"""

METHOD = """\
## How it is measured
* **The emulator** is a moto server in which deployments take their time. Each round has a duration of its own
  ({rollouts} s), the same for all tools; of several services the slowest takes a fifth longer. Tools that look every
  15 s are lucky with one duration and unlucky with another, hence several. Before each answer it waits {latency} ms,
  of any number of callers at the same time. No container runs: the tools are measured.
* **Really done** is what the emulator's own clock says: the moment at which the primary deployment of the last service
  is complete. **Reported** is the end of the tool's process. A run counts only if every service then runs the new
  image as its only deployment, complete.
* **CPU** is user and system time of all processes of the tool; **memory** the most they held at the same time, shared
  pages counted once, as seen five times a second. **API calls** are counted by the emulator.
* Figures are medians, with the least and the most in brackets. There is one round where several would take too long.
* **Nothing changed** is the same command a second time. Only this collection and community.aws see that there is
  nothing to do; the others register a revision and deploy it, because that is what they are told.
* What other programs did on the machine meanwhile: {others}.

The emulator throttles nobody. Where deployments take minutes, the seconds before and after them weigh less than here;
where calls are throttled, their number weighs more.
"""


def page(outcome: Outcome) -> str:
    parts = [INTRODUCTION]
    if outcome.missing:
        parts.append("Not measured:\n\n" + "\n".join(f"* {line}" for line in outcome.missing) + "\n")
    parts.append("## Targets\n" + targets(outcome) + "\n")
    for services in outcome.results:
        noun = "One service" if services == 1 else _noun(services)
        parts.append(f"## {noun}\n{table(outcome, services, SHIPPED, again=False)}\n")
        parts.append(f"Nothing changed:\n\n{table(outcome, services, AGAIN, again=True)}\n")
    most = max(outcome.results)
    parts.append(f"## Which calls, for {most} services\n{actions(outcome, most)}\n")
    rows = [f"| {one.title} | {one.how} |" for one in outcome.contestants]
    parts.append("## Who\n" + "\n".join(["| tool | how |", "|---|---|", *rows]) + "\n")
    rows = [f"| {name} | {value} |" for name, value in outcome.machine.items()]
    parts.append("## Machine and versions\n" + "\n".join(["| what | |", "|---|---|", *rows]) + "\n")
    laps = [lap for group in outcome.results.values() for key in group for lap in _all(group[key])]
    figures = [lap.others for lap in laps]
    others = f"{median(figures):.1f} processors in the median, {max(figures):.1f} at most" if figures else "unknown"
    rollouts = ", ".join(f"{seconds:g}" for seconds in outcome.rollouts)
    parts.append(METHOD.format(rollouts=rollouts, others=others, latency=f"{outcome.latency * 1000:.0f}"))
    return "\n".join(parts)


def _all(results: Sequence[Result]) -> list[Lap]:
    return [lap for result in results for lap in (result.shipped, result.again) if lap is not None]


BAR, GAP, LABEL, WIDTH, PANEL_GAP = 15, 6, 225, 250, 60
OURS, OTHERS, WAITING = "#0b6e4f", "#6c7a89", "#c9d1d9"


def plot(outcome: Outcome) -> str:
    """Draw a row of two panels for each number of services: the release, and the same again."""
    shapes: list[str] = []
    top = 30
    total = LABEL + 2 * (WIDTH + PANEL_GAP) + 20
    for services in outcome.results:
        contestants = outcome.present(services)
        shapes.append(_text(10, top, _noun(services), bold=True))
        for column, title in enumerate(("a release, seconds", "nothing changed, seconds")):
            left = LABEL + column * (WIDTH + PANEL_GAP)
            shapes.append(_text(left, top, title))
            shapes += _panel(outcome, services, contestants, left, top + 12, again=bool(column))
        for number, one in enumerate(contestants):
            shapes.append(
                _text(LABEL - 8, top + 12 + number * (BAR + GAP) + BAR - 3, one.title, end=True, bold=one.ours)
            )
        top += 12 + len(contestants) * (BAR + GAP) + 34
    shapes.append(_box(10, top - 12, 12, 12, WAITING) + _text(28, top - 2, "the longest deployment itself"))
    height = top + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="12">\n<title>Seconds each tool takes to ship</title>\n'
        + _box(0, 0, total, height, "#ffffff")
        + "\n"
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _panel(
    outcome: Outcome, services: int, contestants: Sequence[Contestant], left: int, top: int, *, again: bool
) -> list[str]:
    walls = {one.key: outcome.middle(services, one.key, "wall", again=again) for one in contestants}
    longest = max((value for value in walls.values() if value is not None), default=1.0)
    shapes: list[str] = []
    for number, one in enumerate(contestants):
        wall, place = walls[one.key], top + number * (BAR + GAP)
        if wall is None:
            shapes.append(_text(left + 4, place + BAR - 3, "–"))
            continue
        width = wall / longest * WIDTH
        overhead = outcome.middle(services, one.key, "overhead", again=again) or 0.0
        waited = max(wall - overhead, 0.0) / longest * WIDTH
        shapes.append(_box(left, place, width, BAR, OURS if one.ours else OTHERS))
        if waited >= 1:
            shapes.append(_box(left, place, waited, BAR, WAITING))
        shapes.append(_text(left + width + 4, place + BAR - 3, f"{wall:.1f}"))
    return shapes


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, *, end: bool = False, bold: bool = False) -> str:
    style = (' text-anchor="end"' if end else "") + (' font-weight="bold"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#1f2328"{style}>{escape(words)}</text>'


def as_json(outcome: Outcome) -> dict[str, t.Any]:
    return {
        "contestants": [
            {"key": one.key, "title": one.title, "how": one.how, "ours": one.ours} for one in outcome.contestants
        ],
        "machine": dict(outcome.machine),
        "missing": list(outcome.missing),
        "rollouts": list(outcome.rollouts),
        "latency": outcome.latency,
        "results": {
            str(services): {key: [dataclasses.asdict(result) for result in results] for key, results in group.items()}
            for services, group in outcome.results.items()
        },
    }


def from_json(document: Mapping[str, t.Any]) -> Outcome:
    """Return what C(as_json) wrote down, to write the page again without measuring again."""
    # Those who ran then, whoever can be had now: a page without the quickest of them would not be true.
    contestants = [Contestant(**one, prepare=_over) for one in document["contestants"]]
    results = {
        int(services): {
            key: [Result(Lap(**one["shipped"]), Lap(**one["again"]) if one["again"] else None) for one in laps]
            for key, laps in group.items()
        }
        for services, group in document["results"].items()
    }
    return Outcome(
        contestants, results, document["rollouts"], document["latency"], document["machine"], document["missing"]
    )


def _over(*_words: t.Any) -> list[str]:
    raise RuntimeError("This race is over: its figures were read from a file.")

"""Produces tables, plots and audio examples that show how audible the joins of segments and the seams of loops are.

Music (openttd-openmsx) is rendered with the same instruments from two sound fonts. The second render is shifted by up
to 20 ms and is up to 3 dB louder or quieter. The two renders stand for a model's results for two segments, and the task
`join` joins them. For comparison, they are also joined by a cut and by a plain cross-fade in the middle, and moments
without a join are measured. The loops consist of whole bars; loops closed by the task `fit` are compared with the same
bars unchanged.

python -m benchmarks.seams FOLDER writes FOLDER/index.html with pictures and sounds, writes FOLDER/seams.svg, and prints
the tables for docs/fit.md. The command needs the packages fluidsynth, fluid-soundfont-gm, timgm6mb-soundfont,
openttd-openmsx.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.fit_midi import RATE, changed, rendered, tempo_between
from benchmarks.fit_plots import HEAD
from benchmarks.fit_set import pieces, voicings
from bridge.audio import crossfade
from bridge.workers.tasks.fit import fit
from bridge.workers.tasks.join import FADE, join

FONTS = ("FluidR3_GM", "TimGM6mb")
KINDS = ("plucked", "keys", "leads +3", "pads")
SECONDS, SHARED = 34.0, 5.0  # s; length of the clip, and overlap of its two segments
LEG = (SECONDS + SHARED) / 2  # s; length of a segment
AROUND = 6.0  # s; a join is compared with this much music on each side
OURS, CUT, PLAIN, NOTHING = "joined by the bridge", "cut in the middle", "plain cross-fade", "nothing joined"
LOOP, OPEN = "loop closed by the bridge", "loop as it came"
RANKS = ("flux_rank", "step_rank", "click_rank")


@dataclass(frozen=True)
class Seen:
    """The measurement of one join, or of one moment without a join."""

    name: str  # piece and kind
    way: str  # method by which the join was made
    found: crossfade.Measured
    sound: np.ndarray  # audio around the join, frames × 2
    at: int  # frame of the join in `sound`


def nothing(share: float) -> None:
    """Ignore the progress."""


def around(sound: np.ndarray, at: int, width: int, name: str, way: str) -> Seen:
    """Measure a join at frame `at` of a sound."""
    reach = round(AROUND * RATE)
    start = max(0, at - reach)
    part = sound[start : at + reach]
    return Seen(name, way, crossfade.measure(part, at - start, width, RATE), part, at - start)


def legs(data: bytes, kind: str, number: int, scratch: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    """Render the clip, and return the clip and its two segments, one from each sound font."""
    random = np.random.default_rng([number, KINDS.index(kind)])
    voicing = voicings(number)[kind]
    source = rendered(data, FONTS[0], SECONDS + 2, scratch)
    made = []
    for leg, font in enumerate(FONTS):
        late, gain = (random.uniform(-0.02, 0.02), 10 ** (random.uniform(-3, 3) / 20)) if leg else (0.0, 1.0)
        whole = rendered(changed(data, replace(voicing, font=font)), font, SECONDS + 2, scratch)
        start = round((leg * (SECONDS - LEG) - late + 1.0) * RATE)
        made.append(whole[start : start + round((LEG + 0.05) * RATE)] * np.float32(gain))
    return source[RATE:], made


def joins(source: np.ndarray, made: Sequence[np.ndarray], number: int, name: str, scratch: Path) -> Iterator[Seen]:
    """Join the segments of a clip with each method, and yield the measurements."""
    first = round((SECONDS - LEG) * RATE)
    asked = []
    for leg, sound in enumerate(made):
        raw, sent = scratch / f"raw-{leg}.wav", scratch / f"sent-{leg}.wav"
        soundfile.write(raw, sound, RATE, subtype="FLOAT")
        soundfile.write(sent, source[leg * first : leg * first + round(LEG * RATE)], RATE)
        asked.append({"raw": str(raw), "source": str(sent), "start": leg * first / RATE, "seconds": LEG})
    answer = join({"legs": asked, "seconds": SECONDS, "into": str(scratch / "joined.wav")}, nothing)
    whole, _ = soundfile.read(scratch / "joined.wav", dtype="float32", always_2d=True)
    fade = round(FADE * RATE)
    yield around(whole, round(answer["joins"][0]["at"] * RATE), fade, name, OURS)
    middle = first + round(SHARED / 2 * RATE)
    hard = np.concatenate((made[0][:middle], made[1][middle - first :]))
    yield around(hard, middle, 0, name, CUT)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
    mixed = made[0][middle : middle + fade] * (1 - ramp) + made[1][middle - first :][:fade] * ramp
    yield around(
        np.concatenate((made[0][:middle], mixed, made[1][middle - first + fade :])),
        middle + fade // 2,
        fade,
        name,
        PLAIN,
    )
    random = np.random.default_rng([number, len(name)])
    yield around(made[0], random.integers(RATE * 7, RATE * 12), fade, name, NOTHING)


def loops(data: bytes, made: np.ndarray, name: str, scratch: Path) -> Iterator[Seen]:
    """Yield the measurements of a loop of four bars, closed and unchanged."""
    bpm, constant = tempo_between(data, 0.0, 30.0)
    if not constant:
        return
    bars = 4 * 4 * 60 / bpm
    raw = scratch / "loop.wav"
    soundfile.write(raw, made[: round((bars + 2) * RATE)], RATE, subtype="FLOAT")
    args = {"raw": str(raw), "into": str(scratch / "fitted.wav"), "sample_rate": RATE, "samples": round(bars * RATE)}
    for way in (LOOP, OPEN):
        fit({**args, "skip": 1.0, "loops": way == LOOP, "format": "float32", "ceiling": 20.0}, nothing)
        sound, _ = soundfile.read(scratch / "fitted.wav", dtype="float32", always_2d=True)
        half = min(round(AROUND * RATE), len(sound) // 2)
        yield around(np.concatenate((sound[-half:], sound[:half])), half, 0, name, way)


def table(seen: Sequence[Seen]) -> str:
    """Return the table with one row per method."""
    lines = [
        "| way | joins | above every moment: spectrum, level, samples | median rank: spectrum, level, samples |",
        "|---|--:|--:|--:|",
    ]
    for way, ones in by_way(seen).items():
        ranks = np.array([[getattr(one.found, rank) for rank in RANKS] for one in ones])
        over = [f"{int((ranks[:, k] >= 1).sum())}" for k in range(3)]
        middle = [f"{np.median(ranks[:, k]):.2f}" for k in range(3)]
        lines.append(f"| {way} | {len(ones)} | {', '.join(over)} | {', '.join(middle)} |")
    return "\n".join(lines)


def by_way(seen: Sequence[Seen]) -> Mapping[str, list[Seen]]:
    """Group the joins by method."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        found[one.way].append(one)
    return found


def ranks_plot(seen: Sequence[Seen]) -> str:
    """Return a plot of how each join ranks by its change in spectrum and in level, one row per method."""
    ways = by_way(seen)
    width, left, height = 640, 190, 44 * len(ways) + 46
    parts = [HEAD.format(w=width, h=height), f'<rect width="{width}" height="{height}" fill="white"/>']
    for tick in (0, 25, 50, 75, 100):
        x = left + tick / 100 * (width - left - 20)
        parts.append(f'<path d="M{x:.1f} 8V{height - 36}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 21}" text-anchor="middle">{tick} %</text>')
    parts.append(f'<text x="{left}" y="{height - 5}">moments of the music around it that change less</text>')
    for row, (way, ones) in enumerate(ways.items()):
        y = 44 * row + 22
        parts.append(f'<text x="{left - 8}" y="{y + 10}" text-anchor="end">{way}</text>')
        for shift, rank, colour in ((0, "flux_rank", "#2a6"), (14, "step_rank", "#26a")):
            places = (left + getattr(one.found, rank) * (width - left - 20) for one in ones)
            parts += [
                f'<circle cx="{x:.1f}" cy="{y + shift}" r="3" fill="{colour}" fill-opacity="0.5"/>' for x in places
            ]
    parts.append(f'<text x="{width - 20}" y="{height - 5}" text-anchor="end">green: spectrum, blue: level</text>')
    return "\n".join([*parts, "</svg>", ""])


def picture(one: Seen) -> str:
    """Return an SVG image of the level around a join; a red line marks the join."""
    step = RATE // 100
    count = len(one.sound) // step
    levels = np.sqrt(np.square(one.sound[: count * step]).reshape(count, step, -1).mean(axis=(1, 2)))
    high = max(1e-6, float(levels.max()))
    bars = "".join(f"M{x} {60 - 55 * level / high:.1f}V{60 + 55 * level / high:.1f}" for x, level in enumerate(levels))
    line = f'<path d="M{one.at // step} 0V120" stroke="#c33"/>'
    return f'{HEAD.format(w=count, h=120)}<path d="{bars}" stroke="#2a6"/>{line}</svg>'


def page(folder: Path, seen: Sequence[Seen], worst: int = 4) -> None:
    """Write a page with the plot and, for each method, the most noticeable joins with pictures and audio."""
    parts = ["<!doctype html><meta charset=utf-8><title>Seams</title><h1>Seams</h1>", ranks_plot(seen)]
    for way, ones in by_way(seen).items():
        parts.append(f"<h2>{way}: the {worst} that stand out most</h2>")
        ones = sorted(ones, key=lambda one: -sum(getattr(one.found, rank) for rank in RANKS))[:worst]
        for number, one in enumerate(ones):
            file = f"{way.replace(' ', '-')}-{number + 1}.ogg"
            loudest = max(1.0, float(np.abs(one.sound).max()))
            soundfile.write(folder / file, one.sound / loudest, RATE, format="OGG", subtype="VORBIS")
            found = ", ".join(f"{name} {value:g}" for name, value in one.found.to_wire().items())
            parts.append(f"<p>{one.name}: {found}<br>{picture(one)}<br><audio controls src={file}></audio>")
    (folder / "index.html").write_text("\n".join(parts), "utf-8")
    (folder / "seams.svg").write_text(ranks_plot(seen), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pieces", type=int, default=24)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    seen: list[Seen] = []
    for number, (name, data) in enumerate(pieces()[: options.pieces]):
        for kind in (KINDS[number % len(KINDS)], KINDS[(number + 1) % len(KINDS)]):
            with tempfile.TemporaryDirectory() as scratch:
                source, made = legs(data, kind, number, Path(scratch))
                seen += joins(source, made, number, f"{name}, {kind}", Path(scratch))
                seen += loops(data, made[0], f"{name}, {kind}", Path(scratch))
    page(options.folder, seen)
    print(table(seen))


if __name__ == "__main__":
    main()

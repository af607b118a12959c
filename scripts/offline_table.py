"""Measure what the offline engine's families do to music, and write docs/offline.md.

    .venv/bin/python scripts/offline_table.py [--print]

Three clips of 30 s: two recordings of Debian packages (tuxmath-data, xmoto-data), whose beats the engine finds itself,
and chords made here, with their beats given. Figures come from bridge/audio/offline/measure.py; the time is that of
the whole task, FLAC in and WAV out, after a first run that warms the caches.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # as in a worker process

import numpy as np  # noqa: E402 - after the number of threads is set
import soundfile  # noqa: E402
from tables import table  # noqa: E402

from bridge.audio.offline.families import FAMILIES, Family  # noqa: E402
from bridge.audio.offline.measure import BANDS, Portrait, portray  # noqa: E402
from bridge.audio.offline.words import DEFAULT, words_of  # noqa: E402
from bridge.workers.tasks.offline import offline  # noqa: E402

RATE = 48000  # Hz
SECONDS = 30  # s
SEED = 1

RECORDINGS = {
    "gravity": Path("/usr/share/tuxmath/sounds/03_gravity.ogg"),
    "speeditup": Path("/usr/share/games/xmoto/Textures/Musics/speeditup.ogg"),
}

INTRO = """
<!-- Written by scripts/offline_table.py, which measures the figures: change it there. -->

# The offline engine

Without a key, and with `--engine offline`, a remix is made on this machine by signal processing with numpy and soxr.
**It is not ACE-Step** and no model at all: it knows nothing of melody, plays nothing new but drums and a bass that
follows the clip's own, and sings nothing. It honours `tags` (or the preset's family), `seed` and `amount`; every other
parameter is ignored. It costs nothing and sends nothing.

What it does: the clip is cut at sixteenths of the DAW's beat grid (or of one found in the clip) and put together in
another order, filtered with cuts that move over 4 or 8 bars, given echoes in time and a room, ducked under the kick,
and joined by a drum kit, a bass and a groove with swing, ghost notes, fills at the end of each 4 bars and a change each
8. The result is exactly as long as the clip, as loud (BS.1770), never over -0.35 dBTP, and the same for the same seed
and preset.

Presets share the eight families below: `ace-bridge presets` and the first line of an offline run name the family of a
preset, and the sounds that only the model adds, such as a choir. Each preset shifts the seed by a number of its own, so
two presets of one family draw other patterns from the same seed. The recipe beside a result names the family, too.

`amount` is how far it goes: 0 gives the clip back, below 0.5 some of the clip stays untouched underneath, from 0.6
drums and filters are complete, and up to 1 more is cut and the echoes grow. Each family has an amount of its own.

The first tag counts most. Tags that no family knows give {default}, and the result says so.
"""

LIMITS = """
## What falls short

- No one has listened to it: the figures above say that styles differ, not that they please.
- Beats that have to be found are a guess. Of 30 MIDI tunes with a known tempo (openttd-openmsx, 30 s each) 23 were
  found to 2 %, 5 an octave off (the groove then runs at half or double time) and 2 at two thirds of the tempo, which
  does not fit. The DAW's tempo and beats are always taken where they come with the clip. Bars are guessed to be 4/4.
- Grooves are written for 4/4. In other metres a bar takes the beginning of the pattern, or begins it again.
- Half speed lowers the pitch by an octave; nothing is transposed otherwise, and the key is not looked at.
- A clip of over 60 s is made in sections of about 16 s that overlap; the pad of ambient and the dust of lofi differ
  from one section to the next, and are cross-faded. An hour took 110 to 140 s and 255 to 285 MB; longer is refused.
"""


@dataclass(frozen=True, slots=True)
class Clip:
    """One thing to remix."""

    name: str  # as the page calls it
    path: Path  # FLAC
    audio: np.ndarray[Any, np.dtype[np.float32]]  # frames × 2, as in the file
    arguments: dict[str, Any]  # tempo and beats for the task, where they are given


def recording(name: str, folder: Path) -> Clip:
    """Take 30 s of a recording, from its start."""
    import soxr

    audio, rate = soundfile.read(RECORDINGS[name], dtype="float32", always_2d=True)
    audio = soxr.resample(audio[: SECONDS * rate], rate, RATE, quality="VHQ")[: SECONDS * RATE]
    return stored(name, audio if audio.shape[1] == 2 else np.repeat(audio, 2, axis=1), folder, {})


def chords(folder: Path) -> Clip:
    """Make 30 s of soft chords at 120 BPM."""
    times = np.arange(SECONDS * RATE) / RATE
    audio = np.zeros((len(times), 2))
    for number in range(SECONDS):
        since = times - number
        shape = np.where((since >= 0) & (since < 1), np.minimum(since / 0.01, 1) * np.minimum((1 - since) / 0.01, 1), 0)
        root = (110.0, 87.31, 130.81, 98.0)[number % 4]
        for partial, side in ((1, 0.0), (2, 0.3), (2.5, -0.3), (3, 0.2), (4, -0.2), (8, 0.1)):
            tone = (
                np.sin(2 * np.pi * root * partial * times) * shape * np.exp(-np.maximum(since, 0) / 0.6) / partial**0.5
            )
            audio += np.stack((tone * (1 - side), tone * (1 + side)), axis=1)
    beats = [0.5 * beat for beat in range(2 * SECONDS)]
    given = {"tempo": 120.0, "beats": beats, "downbeats": list(range(0, len(beats), 4))}
    return stored("chords", 0.4 * audio / np.max(np.abs(audio)), folder, given)


def stored(name: str, audio: np.ndarray[Any, Any], folder: Path, arguments: dict[str, Any]) -> Clip:
    """Write a clip as the render stage does, and read back what is in the file."""
    path = folder / f"{name}.flac"
    soundfile.write(path, np.clip(audio, -1.0, 1.0 - 2.0**-23), RATE, "PCM_24")
    return Clip(name, path, soundfile.read(path, dtype="float32", always_2d=True)[0], arguments)


def run(clip: Clip, family: Family, folder: Path) -> tuple[Portrait, float]:
    """Remix a clip; return the result's portrait and the time that the task took, s."""
    into = folder / "out.wav"
    arguments = {"source": str(clip.path), "into": str(into), "tags": family.name, "seed": SEED, **clip.arguments}
    began = time.perf_counter()
    offline(arguments, lambda _: None)
    seconds = time.perf_counter() - began
    made = soundfile.read(into, dtype="float32", always_2d=True)[0]
    return portray(made, clip.audio, RATE), seconds


def row(name: str, portrait: Portrait, seconds: float | None) -> tuple[str, ...]:
    """Return a line of the table."""
    return (
        name,
        *(f"{level:.1f}" for level in portrait.balance),
        f"{portrait.onsets:.1f}",
        f"{portrait.likeness:.2f}",
        f"{portrait.loudness:.1f}",
        f"{20 * np.log10(max(portrait.peak, 1e-9)):.1f}",
        str(portrait.clicks),
        "" if seconds is None else f"{seconds:.2f}",
    )


def styles() -> str:
    """Return the table of what each family does and which words choose it."""
    rows = [
        (family.name, family.does, f"{family.amount:g}", f"{family.felt[0]:g}-{family.felt[1]:g}", ", ".join(words))
        for family in FAMILIES.values()
        for words in (words_of(family.name),)
    ]
    return table(("family", "what it does", "amount", "BPM it is felt in", "words in the tags"), rows)


def page(folder: Path) -> str:
    """Measure everything and return the page."""
    head = (
        "",
        *(f"{low:g}-{high:g} Hz" for low, high in BANDS),
        "onsets/s",
        "likeness",
        "LUFS",
        "peak dB",
        "clicks",
        "s",
    )
    parts = [INTRO.strip().format(default=DEFAULT), "## The families", styles(), "## Measured"]
    parts.append(
        f"{SECONDS} s of stereo at 48 kHz, seed {SEED}, each family's own amount. Bands in dB against their sum; "
        "onsets per second; likeness: correlation of the waveforms with the clip; clicks: breaks of the waveform that "
        "stand out (a recording may have some of its own); s: time of the whole task on one core, "
        f"{platform.machine()}, Python {platform.python_version()}, other work running beside it."
    )
    clips = [*(recording(name, folder) for name in RECORDINGS), chords(folder)]
    for clip in clips:
        run(clip, FAMILIES[DEFAULT], folder)
        rows = [row("the clip", portray(clip.audio, clip.audio, RATE), None)]
        rows += [row(family.name, *run(clip, family, folder)) for family in FAMILIES.values()]
        parts += [f"### {clip.name}", table(head, rows)]
    return "\n\n".join([*parts, LIMITS.strip()]) + "\n"


def main() -> None:
    """Write the page, or only print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true", help="print the page instead of writing it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = page(Path(folder))
    if arguments.print:
        print(text)
    else:
        (ROOT / "docs" / "offline.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""The evaluation set for tempo and key: music whose tempo or key is known, rendered by fluidsynth.

For tempo, the set contains pieces from openttd-openmsx with a constant tempo (unchanged, with pads, and without drums),
generated songs and drum loops. For key, it contains scores from music21's corpus that state key and mode (chorales,
quartets, piano, fiddle tunes), and the generated songs, which have chords, bass, melody and drums over common pop
progressions. Half of the set is for training; the other half is held out and evaluated once at the end.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fit_midi import Voicing, changed, drum_piece, rendered, tempo_between
from benchmarks.fit_set import BEATS, PADS, pieces

SECONDS = 30.0
SKIPPED = 5.0  # s; skipped at the start of game music, which often begins with a long note
FONTS = ("FluidR3_GM", "TimGM6mb")
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
TURNS = {
    False: ((1, 5, 6, 4), (1, 4, 5, 5), (6, 4, 1, 5), (1, 6, 4, 5)),
    True: ((1, 6, 3, 7), (1, 4, 7, 3), (1, 1, 6, 7)),
}
CHORALES, TUNES, SONGS = 80, 40, 60
TICKS = 96  # ticks per beat


@dataclass(frozen=True, slots=True)
class Piece:
    """A sound with its true tempo and key."""

    name: str
    kind: str  # column of the tables in which the piece is counted
    part: str  # "work" or "held-out"
    sound: np.ndarray  # frames × 2, float32 at fit_midi.RATE
    bpm: float | None = None
    key: tuple[int, bool] | None = None  # tonic in semitones above C, whether the key is minor


def build(folder: Path) -> list[dict[str, Any]]:
    """Build the set reproducibly if the folder has none, and return the true tempo and key of each piece."""
    index = folder / "listen.json"
    if not index.exists():
        folder.mkdir(parents=True, exist_ok=True)
        truths = []
        with tempfile.TemporaryDirectory() as scratch:
            for number, piece in enumerate(
                chain(*(make(Path(scratch)) for make in (_of_the_game, _loops, _songs, _scores)))
            ):
                np.save(folder / f"listen-{number}.npy", np.round(np.clip(piece.sound, -1, 1) * 32767).astype(np.int16))
                truths.append(
                    {"name": piece.name, "kind": piece.kind, "part": piece.part, "bpm": piece.bpm, "key": piece.key}
                )
        index.write_text(json.dumps(truths))
    truths = json.loads(index.read_text())
    return [{**truth, "file": folder / f"listen-{number}.npy"} for number, truth in enumerate(truths)]


def load(truth: dict[str, Any]) -> Piece:
    """Return a piece with its sound."""
    sound = np.load(truth["file"]).astype(np.float32) / 32767
    key = (int(truth["key"][0]), bool(truth["key"][1])) if truth["key"] else None
    return Piece(truth["name"], truth["kind"], truth["part"], sound, truth["bpm"], key)


def _part(name: str) -> str:
    return ("work", "held-out")[hashlib.sha256(name.encode()).digest()[0] % 2]


def _of_the_game(scratch: Path) -> Iterator[Piece]:
    ways = {
        "game music": Voicing(),
        "the same by pads, no drums": Voicing(programs=PADS, drums=False),
        "the same without drums": Voicing(drums=False),
    }
    for name, data in pieces():
        bpm, steady = tempo_between(data, SKIPPED, SKIPPED + SECONDS)
        for kind, voicing in ways.items() if steady else ():
            sound = rendered(changed(data, voicing), FONTS[0], SKIPPED + SECONDS, scratch)
            yield Piece(name, kind, _part(name), sound[round(SKIPPED * 48_000) :], bpm)


def _loops(scratch: Path) -> Iterator[Piece]:
    random = np.random.default_rng(1)
    for number in range(40):
        bpm = float(np.round(random.uniform(65, 178), 2))
        data = drum_piece(bpm, SECONDS, BEATS[number % len(BEATS)])
        yield Piece(
            f"loop {number}",
            "drum loops",
            ("work", "held-out")[number % 2],
            rendered(data, FONTS[0], SECONDS, scratch),
            bpm,
        )


def _songs(scratch: Path) -> Iterator[Piece]:
    random = np.random.default_rng(2)
    for number in range(SONGS):
        minor = bool(number % 3 == 0)
        bpm, tonic = float(np.round(random.uniform(70, 165), 2)), int(random.integers(12))
        sound = rendered(song(bpm, tonic, minor, random), FONTS[number % 2], SECONDS, scratch)
        yield Piece(f"song {number}", "songs", ("work", "held-out")[number % 2], sound, bpm, (tonic, minor))


def song(bpm: float, tonic: int, minor: bool, random: np.random.Generator) -> bytes:
    """Return a MIDI file with four repeated chords, a bass, a melody from the scale, and drums."""
    scale = MINOR if minor else MAJOR
    turn = TURNS[minor][random.integers(len(TURNS[minor]))]
    programs = [int(random.choice(group)) for group in ((0, 4, 25, 27, 48), (33, 34, 38, 39), (80, 73, 26, 65, 0))]
    notes: list[tuple[int, int, int, int, int]] = []  # start and length in ticks, channel, note, velocity
    bars = int(SECONDS * bpm / 240) + 2
    for bar in range(bars):
        start, root = bar * 4 * TICKS, turn[bar % 4] - 1
        degrees = [scale[(root + third) % 7] + 12 * ((root + third) // 7) for third in (0, 2, 4)]
        for beat in range(4):
            notes += [(start + beat * TICKS, TICKS - 4, 0, 60 + tonic + degree, 70) for degree in degrees]
            bass = degrees[0] if beat < 3 or random.random() < 0.7 else degrees[2]
            notes.append((start + beat * TICKS, TICKS - 8, 1, 36 + (tonic + bass) % 12, 95))
            for half in range(2):
                if random.random() < 0.6:
                    tone = random.choice(degrees) if random.random() < 0.6 else scale[random.integers(7)]
                    notes.append(
                        (start + beat * TICKS + half * TICKS // 2, TICKS // 2 - 4, 2, 72 + tonic + int(tone), 85)
                    )
    pattern = BEATS[int(random.integers(len(BEATS)))]
    for bar in range(bars):
        for note, steps in pattern.items():
            notes += [
                (bar * 4 * TICKS + step * TICKS // 4, 10, 9, note, 90) for step, mark in enumerate(steps) if mark == "x"
            ]
    return _midi(bpm, programs, notes)


def _midi(bpm: float, programs: list[int], notes: list[tuple[int, int, int, int, int]]) -> bytes:
    import mido

    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))])
    track += [
        mido.Message("program_change", channel=channel, program=program) for channel, program in enumerate(programs)
    ]
    events = [(at, 1, channel, note, velocity) for at, _, channel, note, velocity in notes]
    events += [(at + length, 0, channel, note, 0) for at, length, channel, note, _ in notes]
    now = 0
    for at, on, channel, note, velocity in sorted(events):
        track.append(
            mido.Message("note_on" if on else "note_off", channel=channel, note=note, velocity=velocity, time=at - now)
        )
        now = at
    file = mido.MidiFile(ticks_per_beat=TICKS, type=0)
    file.tracks.append(track)
    with tempfile.SpooledTemporaryFile() as out:
        file.save(file=out)
        out.seek(0)
        return out.read()


def _scores(scratch: Path) -> Iterator[Piece]:
    """Yield scores that state key and mode, because a key signature alone is ambiguous."""
    import music21

    for kind, folders, most in (
        ("chorales", ("bach",), CHORALES),
        ("quartets and piano", ("mozart", "haydn", "beethoven", "schumann_clara", "schumann_robert"), 40),
        ("fiddle tunes", ("ryansMammoth", "oneills1850"), TUNES),
    ):
        found = sorted(
            str(path)
            for path in music21.corpus.getCorePaths()
            if Path(path).parent.name in folders or Path(path).parent.parent.name in folders
        )
        order = np.random.default_rng(3).permutation(len(found))
        made = 0
        for index in order:
            if made == most:
                break
            if piece := _score(found[index], kind, scratch, FONTS[made % 2]):
                made += 1
                yield piece


def _score(path: str, kind: str, scratch: Path, font: str) -> Piece | None:
    import music21

    score = music21.converter.parse(path)
    score = score.scores[0] if isinstance(score, music21.stream.Opus) else score
    keys = list(score.recurse().getElementsByClass(music21.key.Key))
    if not keys or any(one.sharps != keys[0].sharps or one.mode != keys[0].mode for one in keys):
        return None
    target = scratch / "score.mid"
    try:
        score.write("midi", fp=str(target))
    except music21.repeat.ExpanderException:  # the repeats in the score are invalid
        return None
    sound = rendered(target.read_bytes(), font, SECONDS, scratch)
    if len(sound) < 8 * 48_000:
        return None
    name = "/".join(Path(path).parts[-2:])
    return Piece(name, kind, _part(name), sound, None, (keys[0].tonic.pitchClass, keys[0].mode == "minor"))

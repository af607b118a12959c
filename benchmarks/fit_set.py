"""The evaluation set for the `fit` stage: pairs of sounds with known offset and drift, built from Debian packages.

MIDI files (openttd-openmsx, rendered by fluidsynth) are rendered again with different instruments. Real recordings
(tuxmath, xmoto, extremetuxracer, performous) are filtered, pitch-shifted, vocoded or mixed with noise. All of these
results are delayed, and some also drift. The set also contains unrelated pairs, which must not be corrected; in half of
the unrelated pairs, both sounds have the same tempo. All pairs made from one piece belong either to the training part
("work") or to the held-out part, which is evaluated once at the end.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.fit_midi import RATE, Voicing, changed, drum_piece, rendered, tempo_between, tempos

PIECES = Path("/usr/share/games/openttd/baseset/openmsx")
RECORDINGS = (
    Path("/usr/share/tuxmath/sounds"),
    Path("/usr/share/games/xmoto/Textures/Musics"),
    Path("/usr/share/games/etr/music"),
    Path("/usr/share/games/performous/themes/default"),
)
LOW = 16_000  # Hz; sample rate of the analyses
SECONDS = 48.0  # s; length of the excerpt that is used from each piece
PLUCKED = (24, 25, 45, 46, 11, 12, 13, 104, 105, 106, 107, 15)
LEADS = (80, 81, 62, 63, 82, 87, 84, 30)
PADS = (88, 89, 90, 91, 92, 94, 95, 48, 49, 52)
KEYS = (0, 4, 5, 6, 16, 17, 19, 21)
BEATS = (
    {36: "x...x...x...x...", 38: "....x.......x...", 42: "..x...x...x...x."},
    {36: "x..x......x.....", 38: "....x..x....x..x", 42: "xxxxxxxxxxxxxxxx"},
    {36: "x.....x...x.....", 39: "....x.......x...", 46: "..x...x...x...x."},
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and a result."""

    name: str  # name of the pair's file in the cache
    kind: str  # how the result was made
    group: str  # piece that the source comes from
    part: str  # "work" or "held-out"
    related: bool  # whether source and result come from the same piece
    offset: float  # delay at the start of the result, s
    drift: float  # the result takes 1 + drift s for each second of the source
    tempo: float | None  # tempo of the source, BPM; None if it is unknown or not constant


def voicings(number: int) -> dict[str, Voicing]:
    """Return the voicings with which a piece is rendered again; the instruments rotate from piece to piece."""

    def turn(programs: tuple[int, ...]) -> tuple[int, ...]:
        return programs[number % len(programs) :] + programs[: number % len(programs)]

    return {
        "other font": Voicing(font="TimGM6mb"),
        "plucked": Voicing(programs=turn(PLUCKED)),
        "keys": Voicing(programs=turn(KEYS), font="TimGM6mb"),
        "leads +3": Voicing(programs=turn(LEADS), transpose=3, drums=False),
        "pads": Voicing(programs=turn(PADS), font="TimGM6mb", drums=False),
        "new beat": Voicing(programs=turn(LEADS), drums=False),
    }


def low(sound: np.ndarray) -> np.ndarray:
    """Convert a stereo render to mono at 16 kHz."""
    return soxr.resample(sound.mean(axis=1), RATE, LOW, "HQ")


class Cache:
    """A folder in which rendered and decoded sounds are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def midi(self, data: bytes, voicing: Voicing, seconds: float = SECONDS) -> np.ndarray:
        """Return a rendered piece at 16 kHz, from the cache if it contains the piece."""
        return self._once(changed(data, voicing), voicing.font, seconds)

    def drums(self, bpm: float, pattern: int) -> np.ndarray:
        return self._once(drum_piece(bpm, SECONDS, BEATS[pattern % len(BEATS)]), "FluidR3_GM", SECONDS)

    def _once(self, piece: bytes, font: str, seconds: float) -> np.ndarray:
        key = hashlib.sha256(piece + f"{font} {seconds}".encode()).hexdigest()[:20]
        path = self.folder / f"render-{key}.npy"
        if not path.exists():
            with tempfile.TemporaryDirectory() as scratch:
                np.save(path, low(rendered(piece, font, seconds, Path(scratch))))
        return np.load(path)

    def recording(self, path: Path) -> np.ndarray:
        file = self.folder / f"recording-{path.stem}.npy"
        if not file.exists():
            with soundfile.SoundFile(path) as reader:
                sound = reader.read(round(100 * reader.samplerate), dtype="float32", always_2d=True).mean(axis=1)
                np.save(file, soxr.resample(sound, reader.samplerate, LOW, "HQ"))
        return np.load(file)


def cut(sound: np.ndarray, start: float, seconds: float) -> np.ndarray:
    """Return a span that may start between two samples (band-limited interpolation in the frequency domain)."""
    first = int(np.floor(start * LOW))
    rest = start * LOW - first
    margin = 2048
    padded = np.pad(sound, (margin + max(0, -first), margin + round(seconds * LOW)))
    first += max(0, -first)
    piece = padded[first : first + round(seconds * LOW) + 2 * margin]
    turn = np.exp(2j * np.pi * np.fft.rfftfreq(len(piece)) * rest)
    return np.fft.irfft(np.fft.rfft(piece) * turn, len(piece))[margin:-margin]


def offset_of(random: np.random.Generator) -> float:
    """Return a random delay in s: 70 % of the delays are within ±120 ms, the others between 120 and 300 ms."""
    size = random.uniform(0, 0.12) if random.random() < 0.7 else random.uniform(0.12, 0.3)
    return float(size * random.choice((-1, 1)))


def drift_of(random: np.random.Generator) -> float:
    """Return a random drift: 0 in two out of three cases, otherwise up to ±1 %."""
    return float(random.uniform(-0.01, 0.01)) if random.random() < 1 / 3 else 0.0


def band(sound: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """Band-pass a sound, with edges of half an octave."""
    spectrum, at = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / LOW) + 1e-3
    slope = np.clip(2 * np.log2(at / lowest), -1, 0) + np.clip(2 * np.log2(highest / at), -1, 0)
    return np.fft.irfft(spectrum * np.sin(np.pi / 2 * np.clip(1 + slope, 0, 1)) ** 2, len(sound))


def vocoded(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return noise with the envelopes of 14 bands of the sound; the noise has different tones but the same rhythm."""
    edges = np.geomspace(80, 7600, 15)
    noise, out = random.standard_normal(len(sound)), np.zeros(len(sound))
    for lowest, highest in pairwise(edges):
        level = np.convolve(np.abs(band(sound, lowest, highest)), np.hanning(160) / 80, "same")
        out += band(noise, lowest, highest) * level
    return out


def shifted(sound: np.ndarray, semitones: float) -> np.ndarray:
    """Return the sound with its pitch shifted."""
    from python_stretch import Signalsmith

    machine = Signalsmith.Stretch(1)
    machine.preset(1, float(LOW))
    machine.setTransposeSemitones(semitones)
    return np.asarray(machine.process(sound.astype(np.float32)[None, :]))[0]


PROCESSES = {
    "low-pass 400": lambda sound, random: band(sound, 10, 400),
    "high-pass 3k": lambda sound, random: band(sound, 3000, 8000),
    "pitch +3": lambda sound, random: shifted(sound, 3),
    "pitch -4, band": lambda sound, random: band(shifted(sound, -4), 300, 3000),
    "noise 0 dB": lambda sound, random: sound + random.standard_normal(len(sound)) * sound.std(),
    "vocoded": vocoded,
}


def build(folder: Path) -> list[Pair]:
    """Return all pairs; build them first if the cache has no index."""
    index = folder / "pairs.json"
    if index.exists():
        return [Pair(**one) for one in json.loads(index.read_text("utf-8"))]
    cache = Cache(folder)
    pairs = []
    for number, (pair, source, result) in enumerate(chain(_symbolic(cache), _recorded(cache), _unrelated(cache))):
        named = Pair(f"pair-{number:04d}", *list(asdict(pair).values())[1:])
        gain = 0.5 / max(1e-6, float(np.abs(source).max())), 0.5 / max(1e-6, float(np.abs(result).max()))
        data = {"source": _int16(source * gain[0]), "result": _int16(result * gain[1])}
        np.savez(folder / f"{named.name}.npz", **data)
        pairs.append(named)
    index.write_text(json.dumps([asdict(pair) for pair in pairs]), "utf-8")
    return pairs


def load(folder: Path, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Return the source and the result of a pair as mono float32 at LOW."""
    with np.load(folder / f"{pair.name}.npz") as data:
        return data["source"].astype(np.float32) / 32768, data["result"].astype(np.float32) / 32768


def pieces() -> list[tuple[str, bytes]]:
    """Return the name and content of each MIDI file that sets a tempo."""
    found = [(path.stem, path.read_bytes()) for path in sorted(PIECES.glob("*.mid"))]
    return [(name, data) for name, data in found if tempos(data)]


def recordings() -> list[Path]:
    """Return the recordings that are long enough."""
    found = sorted(path for folder in RECORDINGS for path in folder.glob("*.ogg"))
    return [path for path in found if soundfile.info(path).duration > 35]


def _int16(sound: np.ndarray) -> np.ndarray:
    return np.round(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def _part(number: int) -> str:
    return ("work", "held-out")[number % 2]


def _length(random: np.random.Generator) -> float:
    return float(random.choice((8.0, 16.0, 30.0), p=(0.2, 0.3, 0.5)))


Made = Iterator[tuple[Pair, np.ndarray, np.ndarray]]


def _symbolic(cache: Cache) -> Made:
    for number, (name, data) in enumerate(pieces()):
        source = cache.midi(data, Voicing())
        for turn, (kind, voicing) in enumerate(voicings(number).items()):
            random = np.random.default_rng([1, number, turn])
            seconds, drift, offset = _length(random), drift_of(random), offset_of(random)
            start = random.uniform(1.0, 46.0 - 1.02 * seconds)
            bpm, constant = tempo_between(data, start, start + seconds)
            if kind == "new beat" and (not constant or not tempo_between(data, 0, start + seconds)[1]):
                continue
            voicing = Voicing(**{**asdict(voicing), "stretch": 1 + drift})
            result = cache.midi(data, voicing)
            if kind == "new beat":
                beat = cache.drums(bpm / (1 + drift), number)
                result = result[: len(beat)] * (0.7 * beat.std() / max(1e-6, result.std())) + beat[: len(result)]
            pieces_ = cut(source, start, seconds), cut(result, start * (1 + drift) - offset, seconds)
            yield Pair("", kind, name, _part(number), True, offset, drift, bpm if constant else None), *pieces_


def _recorded(cache: Cache) -> Made:
    for number, path in enumerate(recordings()):
        whole = cache.recording(path)
        for turn, (kind, process) in enumerate(PROCESSES.items()):
            random = np.random.default_rng([2, number, turn])
            seconds, drift, offset = _length(random), drift_of(random), offset_of(random)
            start = random.uniform(1.0, len(whole) / LOW - 1.02 * seconds - 1.5)
            around = whole[round((start - 0.5) * LOW) : round((start + 1.02 * seconds + 1.0) * LOW)]
            begin = start - round((start - 0.5) * LOW) / LOW
            done = process(around, random)
            if drift:
                done = soxr.resample(done, LOW, LOW * (1 + drift), "VHQ")
            result = cut(done, begin * (1 + drift) - offset, seconds)
            yield (
                Pair("", kind, path.stem, _part(number), True, offset, drift, None),
                cut(around, begin, seconds),
                result,
            )


def _unrelated(cache: Cache, count: int = 224) -> Made:
    """Yield pairs of unrelated sounds.

    Half of the pairs consist of two MIDI pieces, the second of which is played at the tempo of the first. The other
    half consist of two recordings.
    """
    steady = [(name, data, tempo_between(data, 0, SECONDS)) for name, data in pieces()]
    steady = [(name, data, bpm) for name, data, (bpm, constant) in steady if constant]
    taken = recordings()
    for number in range(count):
        random = np.random.default_rng([3, number])
        part = number // 2 % 2
        seconds = _length(random)
        if number % 2:
            first, second = random.permutation(
                [one for place, one in enumerate(range(len(steady))) if place % 2 == part]
            )[:2]
            (name, data, bpm), (_, other, theirs) = steady[first], steady[second]
            source = cache.midi(data, Voicing())
            names = voicings(number)
            voicing = list(names.values())[number // 4 % len(names)]
            result = cache.midi(other, Voicing(**{**asdict(voicing), "drums": True, "stretch": theirs / bpm}))
            kind = "unrelated, same tempo"
        else:
            chosen = [one for place, one in enumerate(taken) if place % 2 == part]
            first, second = random.permutation(len(chosen))[:2]
            name, bpm, kind = chosen[first].stem, None, "unrelated"
            source, result = cache.recording(chosen[first]), cache.recording(chosen[second])
        spans = [
            cut(sound, random.uniform(0.5, max(0.6, len(sound) / LOW - seconds - 0.5)), seconds)
            for sound in (source, result)
        ]
        yield Pair("", kind, name, ("work", "held-out")[part], False, 0.0, 0.0, bpm), *spans

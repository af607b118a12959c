"""Measures the bridge's overhead: the time from a message to `done`, compared with a script and with the bare work.

    .venv/bin/pip install --group bench && .venv/bin/python benchmarks/overhead.py [--rounds 9]

The clip is 30 s of real music, stereo, 24 bit, 48 kHz. The model is the fake on loopback without delay, in a separate
process and with a prepared result. Each round measures in turn:

- bridge: from the renaming of a message into the inbox until the outbox shows `done`, with all processes warm.
- script: soundfile → FLAC → fal_client.upload_file + subscribe → download → librosa resample → pyloudnorm → soundfile,
          with all libraries imported and warm.
- whole:  the same script with one process per clip, as it is used in practice.
- floor:  decoding, FLAC, bytes over loopback, decoding, resampling, loudness, true peak and writing, on bare arrays.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from loudness import integrated_loudness

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fakes.music import track
from tests.fakes.processes import KEY, environment, fal_environment, put, running
from tests.waiting import until

RATE, PROJECT_RATE, SECONDS = 48_000, 44_100, 30.0
TAGS = "dub, deep bass"
SEED = 5


def make_clip(path: Path) -> None:
    """Write 30 s of a real recording as a 24-bit stereo file at 48 kHz."""
    sound, rate = soundfile.read(track("gravity"), dtype="float32", always_2d=True)
    sound = soxr.resample(sound, rate, RATE, "VHQ")[: round(SECONDS * RATE)]
    if sound.shape[1] == 1:
        sound = np.repeat(sound, 2, axis=1)
    soundfile.write(path, sound * 0.9, RATE, subtype="PCM_24")


# --- the methods -----------------------------------------------------------------------------------------------------


def bridge_way(home: Path, clip: Path) -> Callable[[], None]:
    """Return a function that runs one round, from the message to `done`."""
    args = {
        "project": {"sample_rate": PROJECT_RATE, "tempo": 120.0},
        "clips": [{"id": "c", "name": "c", "position": 0.0, "length": SECONDS, "source": {"path": str(clip)}}],
        "remix": {"tags": TAGS, "original_tags": "music", "seed": SEED},
    }
    outbox = home / "outbox" / "bench.json"

    def run() -> None:
        message_id, seen = put(home, "remix", args, instance="bench"), 0
        while True:
            with contextlib.suppress(OSError, ValueError):
                if seen == (seen := outbox.stat().st_mtime_ns):  # reading the file every time would use half a core
                    time.sleep(0.001)
                    continue
                for job in json.loads(outbox.read_bytes())["jobs"]:
                    if job["message_id"] == message_id and job["state"] in ("done", "failed", "unknown"):
                        if job["state"] != "done":
                            raise SystemExit(f"the bridge failed: {json.dumps(job, indent=1)}")
                        return
            time.sleep(0.001)

    return run


def script_way(url: str, clip: Path, folder: Path) -> Callable[[], None]:
    """Return a function that runs one round of a script with the usual libraries."""
    import fal_client.client as client
    import httpx
    import librosa
    import pyloudnorm

    os.environ["FAL_KEY"] = KEY
    client.QUEUE_URL_FORMAT = url + "/"  # the client has no setting for these hosts
    client.REST_URL = url
    client.CDN_URL = url
    fal = client.SyncClient(key=KEY)
    http = httpx.Client()

    def run() -> None:
        sound, rate = soundfile.read(clip, always_2d=True)
        source = folder / "script-source.flac"
        soundfile.write(source, sound, rate, subtype="PCM_24")
        answer = fal.subscribe(
            "fal-ai/ace-step/audio-to-audio",
            arguments={
                "audio_url": fal.upload_file(source),
                "original_tags": "music",
                "tags": TAGS,
                "lyrics": "[inst]",
                "seed": SEED,
            },
            with_logs=True,
            on_queue_update=lambda update: None,
        )
        raw = folder / "script-raw.wav"
        raw.write_bytes(http.get(answer["audio"]["url"]).content)
        made, made_rate = soundfile.read(raw, always_2d=True)
        made = librosa.resample(made.T, orig_sr=made_rate, target_sr=PROJECT_RATE).T[: round(SECONDS * PROJECT_RATE)]
        wanted = pyloudnorm.Meter(rate).integrated_loudness(sound)
        is_now = pyloudnorm.Meter(PROJECT_RATE).integrated_loudness(made)
        made = pyloudnorm.normalize.loudness(made, is_now, wanted)
        soundfile.write(folder / "script-result.wav", made, PROJECT_RATE, subtype="PCM_24")

    return run


def whole_way(url: str, clip: Path, folder: Path) -> Callable[[], None]:
    """Return a function that runs the script once as a separate process."""
    command = [sys.executable, __file__, "--script-once", url, str(clip), str(folder)]
    return lambda: subprocess.run(command, check=True) and None


def floor_way(clip: Path, raw: Path, folder: Path) -> Callable[[], None]:
    """Return a function that runs one round of the bare work."""
    result = raw.read_bytes()

    def run() -> None:
        sound, rate = soundfile.read(clip, dtype="float32", always_2d=True)
        flac = folder / "floor.flac"
        soundfile.write(flac, sound, rate, subtype="PCM_24")
        wanted = integrated_loudness(sound, rate)
        loopback(flac.read_bytes())
        fetched = folder / "floor-raw.wav"
        fetched.write_bytes(loopback(result))
        made, made_rate = soundfile.read(fetched, dtype="float32", always_2d=True)
        made = soxr.resample(made, made_rate, PROJECT_RATE, "VHQ")[: round(SECONDS * PROJECT_RATE)]
        gain = 10 ** ((wanted - integrated_loudness(made, PROJECT_RATE)) / 20)
        peak = float(np.abs(soxr.resample(made, PROJECT_RATE, 4 * PROJECT_RATE, "HQ")).max())
        made = made * np.float32(min(gain, 10 ** (-1 / 20) / peak))
        soundfile.write(folder / "floor.wav", made, PROJECT_RATE, subtype="PCM_24")

    return run


def loopback(data: bytes) -> bytes:
    """Send bytes through a local TCP connection and return them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = threading.Thread(target=_send, args=(server.getsockname()[1], data))
        sender.start()
        connection, _ = server.accept()
        with connection:
            parts = []
            while part := connection.recv(1 << 18):
                parts.append(part)
        sender.join()
    return b"".join(parts)


def _send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(data)


# --- the run ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def fake_fal(*timing: str) -> Iterator[str]:
    """Run the fake model in a separate process, without delay unless `timing` sets a delay."""
    words = ("-m", "tests.fakes.fal_server", "--port", "0", *(timing or ("--zero-delay",)), "--key", KEY, "--until-eof")
    server = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if server.stdout is None or server.stdin is None:
        raise SystemExit("the fake has no pipes")
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.stdin.close()
        server.wait(timeout=10)


def measure(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Time the methods in turn and return the times by name, s; the first round is a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            begun = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - begun)
    return times


def start_up(rounds: int, home: Path) -> dict[str, float]:
    """Return the median CPU time of each short command as a process, s."""
    env = environment(home)
    words = {
        "python -c pass": ["-c", "pass"],
        "--help": ["-m", "bridge", "--help"],
        "status": ["-m", "bridge", "status"],
        "send": ["-m", "bridge", "send", "/bridge/ping", "--wait", "0.01"],
    }
    found: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(rounds):
        for name, arguments in words.items():
            found[name].append(_cpu([sys.executable, *arguments], env))
    return {name: statistics.median(times) for name, times in found.items()}


def _cpu(command: list[str], env: dict[str, str]) -> float:
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run the measurements and print a table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--without-script", action="store_true", help="leave the script (librosa, pyloudnorm) out")
    words.add_argument("--script-once", nargs=3, metavar=("URL", "CLIP", "FOLDER"), help=argparse.SUPPRESS)
    options: Any = words.parse_args()
    if options.script_once:
        url, clip, folder = options.script_once
        script_way(url, Path(clip), Path(folder))()
        return
    with tempfile.TemporaryDirectory() as name, fake_fal() as url:
        folder = Path(name)
        clip = folder / "clip.wav"
        make_clip(clip)
        # The bridge does not reuse an upload that expires after 1 h, so it uploads in every round, as the script does.
        environ = fal_environment(url, ACE_BRIDGE_FAL_UPLOAD_EXPIRES="1h", ACE_BRIDGE_BUDGET_DAILY_CAP="1000")
        home = folder / "home"
        with running(home, **environ):
            bridge = bridge_way(home, clip)
            put(home, "hello", {"daw": {"name": "folder"}}, instance="bench")
            until(lambda: (home / "outbox" / "bench.json").exists())
            bridge()
            raw = next((home / "jobs").rglob("raw.audio"))
            ways: dict[str, Callable[[], None]] = {"bridge": bridge}
            if not options.without_script:
                ways["script"] = script_way(url, clip, folder)
                ways["whole"] = whole_way(url, clip, folder)
            ways["floor"] = floor_way(clip, raw, folder)
            times = measure(ways, options.rounds)
            cpu = start_up(options.rounds, home)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.rounds} rounds")
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        print(
            f"{name:<8} {min(found) * 1e3:7.0f} {medians[name] * 1e3:7.0f} {max(found) * 1e3:7.0f} ms (min median max)"
        )
    for other in [one for one in medians if one != "bridge"]:
        ratios = sorted(mine / its for mine, its in zip(times["bridge"], times[other], strict=True))
        print(f"bridge/{other:<7} {statistics.median(ratios):.2f} (median of the rounds' ratios)")
    for name, seconds in cpu.items():
        print(f"{name:<16} {seconds * 1e3:5.0f} ms CPU, {seconds / cpu['python -c pass']:.1f} × python -c pass")


if __name__ == "__main__":
    main()

"""Attacks with hostile files, messages, replies and names: none may write outside the home or submit anything."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

from bridge.audio import decoder, files
from bridge.config.credentials import set_key
from bridge.engines.base import Output, Report
from bridge.errors import RequestError
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.fal_server import FalServer
from tests.fakes.processes import environment, fal_environment, job_of, put, running
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]
MARKED = "marked-key-id-7c1f:marked-key-secret-5e2d9b"


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def tree(folder: Path, without: Path) -> dict[str, bytes]:
    """Return the content of every file under `folder`, except the files in `without`."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and without not in path.parents and not path.is_symlink()
    }


class TestIds:
    @pytest.mark.parametrize(
        "bad", ["../../evil", "..\\..\\evil", "/tmp/evil", "a/b", "", "a\nb", "a\n", "a\0b", "ä" * 300]
    )
    @pytest.mark.parametrize("field", ["message_id", "instance"])
    async def test_an_id_that_is_a_path_is_refused(
        self, home: Path, tone: Path, tmp_path: Path, field: str, bad: str
    ) -> None:
        before = tree(tmp_path, home)
        async with Studio(home) as studio:
            with pytest.raises(RequestError):
                await studio.send("remix", remix_args(tone), **{field: bad})
            assert studio.registry.jobs() == []
        assert tree(tmp_path, home) == before
        assert [path.name for path in (home / "outbox").iterdir() if "evil" in path.name or "\n" in path.name] == []

    @pytest.mark.parametrize("bad", ["../../evil", "a/b", "a\n"])
    async def test_a_daws_name_that_is_a_path_is_refused(self, home: Path, tone: Path, bad: str) -> None:
        async with Studio(home) as studio:
            taken = await studio.send("remix", remix_args(tone, daw={"name": bad}))
            assert taken.error is not None
            assert studio.registry.jobs() == []

    @pytest.mark.parametrize(
        "name",
        [
            "../../../evil",
            "$(touch pwned); `touch pwned` | touch pwned",
            '"; os.execute("touch pwned") --',
            "C:\\Windows\\evil",
            "evil\r\nSet-Cookie: a",
            "\u202egnp.evil",
            "CON",
            "." * 300,
            "\x1b[2J\x07",
        ],
    )
    async def test_a_hostile_clip_name_stays_a_name(self, home: Path, tone: Path, tmp_path: Path, name: str) -> None:
        before = tree(tmp_path, home)
        async with Studio(home) as studio:
            (one,) = await studio.until(await studio.remix(tone, clip={"id": name, "name": name}), "done")
        assert one.result is not None
        path = Path(one.result["path"])
        assert path.parent == home / "results"
        assert not set(path.name) & set('/\\\r\n\0\x1b\u202e"|<>?*:')
        assert tree(tmp_path, home) == before
        assert not list(ROOT.glob("pwned"))


class TestSources:
    @pytest.mark.parametrize("kind", ["text", "link to text", "pipe", "device", "folder", "endless name"])
    async def test_a_source_that_is_not_audio_is_refused_and_not_quoted(
        self, home: Path, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "source.wav"
        secret = "root:x:0:0:top-secret-line"
        match kind:
            case "text":
                path.write_text(secret)
            case "link to text":
                (tmp_path / "passwd").write_text(secret)
                path.symlink_to(tmp_path / "passwd")
            case "pipe":
                os.mkfifo(path)
            case "device":
                path = Path("/dev/zero")
            case "folder":
                path.mkdir()
            case _:
                path = tmp_path / ("a" * 3000)
        async with Studio(home) as studio:
            (one,) = await studio.until(await studio.remix(path), "failed")
            assert one.error is not None
            assert one.error["code"].startswith(("source_", "clip_", "file_", "output_")), one.error
            assert not studio.engine.calls["upload"]
            assert not studio.engine.calls["submit"]
            assert "top-secret" not in studio.document()["jobs"][0]["variations"][0]["error"]["text"]
        assert not any(b"top-secret" in path.read_bytes() for path in home.rglob("*") if path.is_file())

    async def test_a_link_in_the_outbox_is_replaced_and_not_written_through(
        self, home: Path, tone: Path, tmp_path: Path
    ) -> None:
        victim = tmp_path / "victim"
        victim.write_text("precious")
        (home / "outbox" / "test.json").symlink_to(victim)
        async with Studio(home) as studio:
            await studio.until(await studio.remix(tone), "done")
            await asyncio.sleep(0)
            studio.outbox.write("test")
        assert victim.read_text() == "precious"
        assert not (home / "outbox" / "test.json").is_symlink()


class Giving(FakeEngine):
    """An engine that returns a given file as its result."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def fetch(self, output: Output, into: Path, report: Report) -> None:
        await asyncio.to_thread(into.write_bytes, self._path.read_bytes())


def silence(path: Path, hours: float, *, length_known: bool = True) -> Path:
    """Write hours of silence to a FLAC file of a few kilobytes; the header can leave the length unknown."""
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(round(hours * 60)):
            file.write(np.zeros(8000 * 60, dtype="int16"))
    if not length_known:
        data = bytearray(path.read_bytes())
        data[21] &= 0xF0  # STREAMINFO: the 36 bits before the MD5 hold the number of samples
        data[22:26] = bytes(4)
        path.write_bytes(data)
    return path


class TestResults:
    @pytest.fixture(autouse=True)
    def without_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bridge.jobs.stages.fetch.PAUSES", (0.0, 0.0))

    @pytest.mark.parametrize("length_known", [True, False])
    async def test_a_few_kilobytes_that_decode_to_hours_are_refused(
        self, home: Path, tone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length_known: bool
    ) -> None:
        monkeypatch.setattr(decoder, "LARGEST_DECODED", 2**22)  # bytes; the real limit is 37 h of this audio
        bomb = silence(tmp_path / "bomb.flac", 2.0, length_known=length_known)
        assert bomb.stat().st_size < 1_000_000
        async with Studio(home, Giving(bomb)) as studio:
            (one,) = await studio.until(await studio.remix(tone), "failed")
        assert one.error is not None
        assert one.error["code"] == "result_too_large"
        assert list((home / "results").iterdir()) == []
        assert max(path.stat().st_size for path in home.rglob("*") if path.is_file()) < 1_000_000

    @pytest.mark.needs("codecs")
    def test_a_source_that_decodes_without_end_is_refused_and_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(decoder, "LARGEST_DECODED", 2**22)
        bomb = tmp_path / "bomb.m4a"  # only ffmpeg decodes it
        hour = ["-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", "-c:a", "alac"]
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *hour, bomb], check=True, timeout=PATIENCE)
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        with pytest.raises(files.Unreadable, match="longer than anything"):
            files.Reader(bomb, scratch=scratch)
        assert list(scratch.iterdir()) == []

    @pytest.mark.parametrize(
        "content",
        [b"<html>log in</html>", b"\x7fELF" + bytes(200), b"RIFF\xff\xff\xff\xffWAVEfmt ", b"#!/bin/sh\ntouch pwned\n"],
        ids=["page", "program", "header alone", "script"],
    )
    async def test_a_result_that_is_not_audio_is_not_placed(
        self, home: Path, tone: Path, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "given").write_bytes(content)
        async with Studio(home, Giving(tmp_path / "given")) as studio:
            (one,) = await studio.until(await studio.remix(tone), "failed")
            assert one.error is not None
            assert one.error["code"].startswith("result_")
            assert len(studio.engine.calls["submit"]) == 1
        assert list((home / "results").iterdir()) == []


class TestPrivacy:
    def test_private_files_are_closed_to_others(self, home: Path, tone: Path) -> None:
        home.chmod(0o755)
        set_key(home, MARKED)
        with running(home, ACE_BRIDGE_ENGINE_DEFAULT="offline"):
            job_of(home, put(home, "remix", remix_args(tone)), "done", timeout=PATIENCE)
            assert stat.S_IMODE((home / "credentials").stat().st_mode) == 0o600
            for name in ("inbox", "outbox", "jobs", "results", "logs", "presets"):
                assert stat.S_IMODE((home / name).stat().st_mode) == 0o700, name
            assert stat.S_IMODE((home / "daemon.json").stat().st_mode) == 0o600

    def test_the_key_is_in_no_file_and_no_output(self, home: Path, tone: Path, tmp_path: Path) -> None:
        """Run a good remix, a failed remix and three commands; none may write the key to a file or the output."""
        said = []
        with FalServer(zero_delay=True, key=MARKED) as fal:
            environ = {**fal_environment(fal.url), "FAL_KEY": MARKED}
            with running(home, **environ):
                job_of(home, put(home, "remix", remix_args(tone)), "done", timeout=PATIENCE)
            wrong = f"wrong-{MARKED}"
            with running(home, **{**environ, "FAL_KEY": wrong}):
                job_of(home, put(home, "remix", remix_args(tone, remix={"seed": 9})), "failed", timeout=PATIENCE)
            for words in (
                ["config"],
                ["config", "--json"],
                ["jobs", "--json"],
                ["doctor", "--bundle", str(tmp_path / "b.zip")],
            ):
                done = subprocess.run(
                    [sys.executable, "-m", "bridge", *words],
                    env=environment(home, **environ),
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    timeout=PATIENCE,
                )
                said += [done.stdout, done.stderr]
        texts: dict[str, bytes] = {f"said {number}": text.encode() for number, text in enumerate(said)}
        texts |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
            texts |= {name: bundle.read(name) for name in bundle.namelist()}
        assert len(texts) > 15
        secret = MARKED.partition(":")[2]
        forms = [MARKED, secret, quote(MARKED, safe=""), base64.b64encode(MARKED.encode()).decode()]
        assert [name for name, data in texts.items() for form in forms if form.encode() in data] == []

    def test_a_silent_subscriber_is_dropped(self, home: Path) -> None:
        with running(home, ACE_BRIDGE_OSC_LEASE="0.05") as daemon:
            about: dict[str, Any] = daemon.wait_until_up()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as surface:
                surface.sendto(b"/bridge/subscribe\0\0\0,\0\0\0", ("127.0.0.1", about["osc_port"]))
                log = home / "logs" / "bridge.log"
                until(lambda: "unsubscribed 127.0.0.1: no message" in log.read_text("utf-8"))

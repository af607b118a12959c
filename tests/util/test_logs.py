"""Tests the log file: a key passed to `Scrubber.hide` never appears there, in any encoding."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import stat
import urllib.parse
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import HomeError
from bridge.util import logs as bridge_log
from bridge.util.redact import SCRUBBER, Scrubber
from tests.fakes.windows_files import WindowsFiles

KEY = "MARKED-key/id+with=signs:MARKED-secret~0123456789"
SECRET = KEY.partition(":")[2]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    level, levels = root.level, {name: logging.getLogger(name).level for name in bridge_log._QUIET}
    SCRUBBER.hide(KEY)
    bridge_log.set_up(tmp_path, "debug")
    yield tmp_path
    bridge_log.take_down()
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def logged(home: Path) -> str:
    return "".join(path.read_text("utf-8") for path in sorted((home / "logs").iterdir()))


FORMS = {
    "plain": KEY,
    "second half": SECRET,
    "upper case": KEY.upper(),
    "percent-encoded": urllib.parse.quote(KEY, safe=""),
    "percent-encoded, lower case": urllib.parse.quote(KEY, safe="").lower(),
    "percent-encoded twice": urllib.parse.quote(urllib.parse.quote(KEY, safe=""), safe=""),
    "every character encoded": "".join(f"%{ord(char):02X}" for char in KEY),
    "form-encoded": urllib.parse.urlencode({"key": KEY}),
    "header": f"Authorization: Key {KEY}",
    "repr": repr({"Authorization": f"Key {KEY}"}),
    "bytes": repr([(b"Authorization", f"Key {KEY}".encode())]),
    "json": json.dumps({"key": KEY}),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "basic": base64.b64encode(f"u:{KEY}".encode()).decode(),
    "shifted base64": base64.b64encode(f"me:{KEY}".encode()).decode(),
}


def traces(text: str) -> list[str]:
    """Return the parts of the key that a text still contains, plain or percent-encoded."""
    plain = urllib.parse.unquote(urllib.parse.unquote(text)).lower()
    return [part for part in ("marked", "secret~", "0123456789", "id+with") if part in plain]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_key_is_hidden_in_every_encoding(home: Path, form: str) -> None:
    said = FORMS[form]
    logger = logging.getLogger("bridge.http")
    logger.info(f"message {said}")
    logger.info("argument %s and %r", said, {"deep": [said]})
    logger.info("stack", stack_info=True)
    try:
        try:
            raise ValueError(said)
        except ValueError as problem:
            raise RuntimeError("sending failed", said) from problem
    except RuntimeError:
        logger.exception("it failed with %s", said)
    text = logged(home)
    assert text.count("[hidden]") >= 5
    assert "RuntimeError" in text
    assert "Traceback" in text
    assert not traces(text)
    encoded = base64.b64encode(KEY.encode()).decode()
    assert not any(encoded[start : start + 12] in text for start in range(0, len(encoded) - 12, 4))


def test_unregistered_secrets_are_recognized_by_context() -> None:
    clean = Scrubber().clean
    assert clean("Authorization: Key abc:def, next") == "Authorization: Key [hidden], next"
    assert clean("{'Authorization': 'Bearer eyJh.eyJz'}") == "{'Authorization': 'Bearer [hidden]'}"
    assert clean("(b'Authorization', b'Key abc:def')") == "(b'Authorization', b'Key [hidden]')"
    assert (
        clean("GET https://s/a.flac?X-Goog-Signature=abcdef&x=1")
        == "GET https://s/a.flac?X-Goog-Signature=[hidden]&x=1"
    )
    assert clean("key of the song: A minor, token: none") == "key of the song: A minor, token: none"


def test_short_words_are_not_hidden() -> None:
    scrubber = Scrubber()
    scrubber.hide("a:b")
    scrubber.hide("")
    assert scrubber.clean("a banana: a:b") == "a banana: a:b"


def test_lines_have_time_level_logger_and_message(home: Path) -> None:
    logging.getLogger("bridge.osc.in").warning("malformed packet from %s", "127.0.0.1")
    line = logged(home).splitlines()[-1]
    when, level, who, what = line.split(maxsplit=3)
    assert len(when) == len("2026-01-01T00:00:00.000+0000")
    assert (level, who, what) == ("WARNING", "bridge.osc.in:", "malformed packet from 127.0.0.1")


def test_text_that_is_not_valid_unicode_is_escaped(home: Path) -> None:
    logging.getLogger("bridge.jobs").info("clip %s", "Kick \U0001f941 \udce4.wav")
    assert "Kick \U0001f941 \\udce4.wav" in logged(home)


def test_warnings_go_to_the_log(home: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        bridge_log.set_up(home, "INFO")
        warnings.warn("soon gone", stacklevel=1)
        logging.captureWarnings(False)
    assert "soon gone" in logged(home)


@pytest.mark.only_on("posix", because="POSIX permissions")
def test_files_rotate_and_only_their_owner_can_read_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_log, "LARGEST", 2000)
    before = os.umask(0)
    try:
        bridge_log.set_up(home / "other", "INFO")
        for number in range(300):
            logging.getLogger("bridge.jobs").info("line %d", number)
    finally:
        os.umask(before)
    files = list((home / "other" / "logs").iterdir())
    assert len(files) == bridge_log.KEPT + 1
    assert all(path.stat().st_size <= 2000 for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_second_setup_replaces_the_first(home: Path) -> None:
    console = io.StringIO()
    bridge_log.set_up(home, "WARNING", console)
    bridge_log.set_up(home, "WARNING", console)
    logging.getLogger("bridge.jobs").info("not this")
    logging.getLogger("bridge.jobs").warning("once %s", KEY)
    logging.getLogger("httpx").info("POST https://queue")
    assert logged(home).count("once [hidden]") == 1
    assert console.getvalue().count("once [hidden]") == 1
    assert "not this" not in logged(home)
    assert "POST" not in logged(home)


def test_an_unwritable_log_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(HomeError, match=r"bridge\.log"):
        bridge_log.set_up(tmp_path)


def test_a_log_that_another_program_reads_is_continued_and_loses_nothing(
    tmp_path: Path, windows_files: WindowsFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Windows, an open file cannot be renamed; the next line tries again."""
    path = tmp_path / bridge_log.FILE
    handler = bridge_log.PrivateFileHandler(path, maxBytes=60, backupCount=3, encoding="utf-8")

    def line(number: int) -> None:
        handler.emit(logging.LogRecord("a", logging.INFO, "", 0, f"line {number:02} ".ljust(50, "."), (), None))

    for number in range(4):
        line(number)
    with path.open("rb"):
        for number in range(4, 8):
            line(number)
    line(8)
    handler.close()
    files = [path, *(tmp_path / f"{path.name}.{number}" for number in (1, 2, 3))]
    kept = [[int(one.split()[1]) for one in file.read_text("utf-8").splitlines()] for file in files]
    assert kept == [[8], [3, 4, 5, 6, 7], [2], [1]]
    assert windows_files.pauses == []  # the event loop writes to the log and must not wait
    assert capsys.readouterr().err == ""  # logging reports a lost line there

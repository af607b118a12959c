"""Tests the output during a remix: bars with a fixed layout, lines for pipes, and the outcome."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console as Terminal

from bridge.cli import output
from bridge.cli.console import Console
from bridge.cli.progress_bars import NAME, Bars, label
from bridge.cli.progress_text import Heading, Lines, status_text

LONG = "Lead Vocal, second take, bridge comp"


def one(index: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a variation in the form that it has in the outbox."""
    return {
        "variation_id": f"v-{index}",
        "clip_id": "clip",
        "index": index,
        "state": "running",
        "progress": 0.42,
        "message": "ACE-Step: step 14 of 27",
        "queue_position": None,
        "reason": None,
        "result": None,
        "error": None,
        **changes,
    }


def job(*variations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    cost = {"currency": "USD", "estimated": 0.0, "billed_units": None, "billed": None}
    return {
        "job_id": "j",
        "state": "running",
        "engine": "offline",
        "cost": cost,
        "warnings": [],
        "variations": list(variations),
        **changes,
    }


def heading(_: str) -> Heading:
    return Heading({"clip": LONG}, "roots-dub")


def drawn(width: int, *jobs: dict[str, Any]) -> list[str]:
    """Draw the jobs one after another. Return the heading and the lines of the last drawing."""
    terminal = Terminal(
        width=width, height=30, record=True, force_terminal=True, legacy_windows=False, file=io.StringIO()
    )
    with Bars(terminal, heading) as bars:
        for seen in jobs:
            bars(seen)
    top = terminal.export_text().splitlines()[0]
    terminal.print(bars)
    return [top, *terminal.export_text().splitlines()]


def test_the_first_line_of_an_offline_run_names_the_family_and_what_is_missing() -> None:
    about = Heading({}, "wordless-choir", "ambient", "the choir")
    line, missing = about.line("offline").splitlines()
    assert line == "offline remix, not ACE-Step · wordless-choir · ambient style"
    assert missing == "only the model adds the choir"
    assert Heading({}, "roots-dub").line("fal") == "ACE-Step on fal · roots-dub"


@pytest.mark.parametrize("width", [80, 130])
def test_every_bar_shows_name_percentage_and_time(width: int) -> None:
    message = "in fal's queue, 1 ahead, and then a good many words more than there can ever be room for on one line"
    top, first, second = drawn(width, job(one(0, message=message), one(11, message="")))
    assert top.rstrip() == "offline remix, not ACE-Step · roots-dub"
    assert label(LONG, 1) in first
    assert label(LONG, 12) in second
    for line in (first, second):
        assert cell_len(line) <= width
        assert " 42 % " in line
        assert "0:00" in line
    assert "in fal's queue, 1 ahead" in first
    assert "…" in first.split("0:00")[1]
    bar = first.split("42 %")[0]
    assert sum(char in "━╸╺" for char in bar) == (24 if width >= 100 else 16)


def test_a_finished_bar_shows_done_without_a_path() -> None:
    ended = one(0, state="done", progress=0.9, message="The remix lies at /a/very/long/path.wav", result={"path": "/p"})
    line = drawn(80, job(one(0)), job(ended))[-1]
    assert "100 %" in line
    assert line.rstrip().endswith("done")


def test_names_with_brackets_and_wide_characters_are_shown() -> None:
    terminal = Terminal(width=80, record=True, force_terminal=True, legacy_windows=False, file=io.StringIO())
    with Bars(terminal, lambda _: Heading({"clip": "[bold]ギター・ソロ・テイク・二番"}, "dub [red]")) as bars:
        bars(job(one(1)))
    lines = terminal.export_text().splitlines()
    assert "dub [red]" in lines[0]
    assert "[bold]" in lines[-1]
    assert " 2 " in lines[-1]


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("loop", 1, "loop 1"),
        ("Lead Vocals comp", 2, "Lead Vocals comp 2"),
        ("Lead Vocals long comp", 2, "Lead Voca…ong comp 2"),
        ("Lead Vocals long comp", 16, "Lead Voc…ong comp 16"),
    ],
)
def test_a_long_name_is_cut_in_the_middle(name: str, number: int, shown: str) -> None:
    assert label(name, number) == shown
    assert cell_len(label(name * 3, number)) <= NAME


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "new", "message": "", "progress": 0.0}, "starting"),
        ({"message": "in fal's queue, 1 ahead", "queue_position": 1}, "in fal's queue, 1 ahead"),
        ({"message": "offline remix, not ACE-Step"}, "offline remix"),
        ({"state": "done", "message": "it lies at /x"}, "done"),
        ({"state": "failed", "message": "again"}, "failed"),
        ({"state": "fitting", "message": ""}, "fitting"),
    ],
)
def test_the_text_of_each_state(changes: dict[str, Any], text: str) -> None:
    assert status_text(one(**changes)) == text


def test_a_pipe_gets_each_change_once() -> None:
    printed: list[str] = []
    lines = Lines(printed.append, heading)
    running = {"message": "offline remix, not ACE-Step"}
    lines(job(one(0, state="new", message="", progress=0.0), one(1, state="new", message="", progress=0.0)))
    for progress in (0.2, 0.3, 0.4):
        lines(job(one(0, progress=progress, **running), one(1, progress=progress, **running)))
    lines(job(one(0, state="done"), one(1, state="failed")))
    assert printed == [
        "offline remix, not ACE-Step · roots-dub",
        f"{LONG} 1:   0 % starting",
        f"{LONG} 2:   0 % starting",
        f"{LONG} 1:  20 % offline remix",
        f"{LONG} 2:  20 % offline remix",
        f"{LONG} 1: 100 % done",
        f"{LONG} 2:  42 % failed",
    ]


def test_stdout_has_only_the_paths(capsys: pytest.CaptureFixture[str]) -> None:
    ended = job(one(0, state="done", result={"path": "/results/a.wav"}), state="done")
    with Console(as_json=False).progress(heading) as show:
        show(ended)
    assert Console(as_json=False).finish(ended) == 0
    out, err = capsys.readouterr()
    assert out == "/results/a.wav\n"
    assert err.startswith("offline remix, not ACE-Step · roots-dub\n")


@pytest.mark.parametrize(
    ("state", "billed", "unbilled", "told"),
    [
        ("cancelled", None, 0.0, "no remix was made and nothing was charged"),
        ("cancelled", None, 0.0016, "no remix was made; about 0.0016 USD may be billed"),
        ("failed", 0.0016, 0.0, "no remix was made; billed 0.0016 USD"),
        ("failed", 0.0016, 0.0008, "no remix was made; billed 0.0016 USD, about 0.0008 USD may be billed"),
        ("done", 0.0016, 0.0, "ACE-Step on fal; billed 0.0016 USD (estimate 0.0032)"),
        (
            "done",
            0.0016,
            0.0016,
            "ACE-Step on fal; billed 0.0016 USD, about 0.0016 USD may be billed (estimate 0.0032)",
        ),
        ("done", None, 0.0032, "ACE-Step on fal; about 0.0032 USD, final cost not known yet"),
    ],
)
def test_the_outcome_says_what_is_known_about_the_bill(
    capsys: pytest.CaptureFixture[str], state: str, billed: float | None, unbilled: float, told: str
) -> None:
    cost = {"currency": "USD", "estimated": 0.0032, "billed_units": None, "billed": billed}
    result = {"path": "/results/a.wav"} if state == "done" else None
    ended = job(one(0, state=state, result=result, message="over"), state=state, engine="fal", cost=cost)
    Console(as_json=False).finish(ended, unbilled)
    assert capsys.readouterr().err.splitlines()[-1] == told
    Console(as_json=True).finish(ended, unbilled)
    assert json.loads(capsys.readouterr().out)["cost"]["unbilled"] == unbilled


@pytest.mark.parametrize(
    ("platform", "environ", "is_console", "wanted"),
    [
        ("win32", {}, False, True),
        ("win32", {}, True, False),
        ("win32", {"PYTHONIOENCODING": "cp1252"}, False, False),
        ("linux", {}, False, False),
    ],
)
def test_redirected_output_on_windows_is_utf_8(
    monkeypatch: pytest.MonkeyPatch, platform: str, environ: dict[str, str], is_console: bool, wanted: bool
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(stream, "isatty", lambda: is_console, raising=False)
    monkeypatch.setattr(output.sys, "platform", platform)
    monkeypatch.setattr(output.sys, "stdout", stream)
    monkeypatch.setattr(output.os, "environ", environ)
    output.prepare_streams()
    output.sys.stdout.write("Гитара")
    output.sys.stdout.flush()
    assert (stream.encoding == "utf-8") is wanted
    assert (stream.buffer.getvalue().decode("utf-8", "replace") == "Гитара") is wanted

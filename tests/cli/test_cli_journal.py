"""Tests the commands jobs, show, cancel, retry, status and stop with a journal but without a daemon."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import history, terminal
from bridge.cli.main import main
from bridge.errors import UnknownJob
from bridge.protocol.job import ENDED, Job, State, Variation
from bridge.store.database import Database

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACE_BRIDGE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")


def add_job(
    home: Path,
    job_id: str,
    *states: State,
    clips: tuple[str, ...] = ("loop",),
    remix: dict[str, Any] | None = None,
    recipe: dict[str, Any] | None = None,
    price: float = 0.0,
) -> Job:
    """Add a job to the journal, with one variation for each clip and state."""
    params = {"tags": "dub, deep bass", "lyrics": "[inst]", "original_tags": "music", "number_of_steps": 27}
    listed: list[dict[str, Any]] = [
        {"id": f"file-{n}", "name": name, "length": 8.5, "source": {"path": f"/music/{name}.wav", "offset": 62.0}}
        for n, name in enumerate(clips, 1)
    ]
    job = Job(
        id=job_id,
        message_id=f"m-{job_id}",
        instance="i",
        daw="folder",
        project="",
        engine="offline",
        seed=7,
        created=1_700_000_000.0,
        request={"clips": listed, "remix": remix or {}, "project": {"tempo": 92.0}},
        recipe={"preset": "roots-dub", "amount": 0.6, "params": params, "chosen": ["tags"], "family": "dub"}
        | (recipe or {}),
        price=price,
        currency="USD",
        seconds=(8.5,) * len(clips),
        each=len(states),
    )
    variations = [
        Variation(f"v{n}{k}-{job_id}", job_id, clip["id"], n, k, 7 + k, state)
        for n, clip in enumerate(listed)
        for k, state in enumerate(states)
    ]
    database = Database(home / "bridge.db")
    try:
        database.add_job(job, variations)
        for one in variations:
            database.save_variation(one, is_open=one.state not in ENDED)
    finally:
        database.close()
    return job


def run(arguments: str, capsys: Output) -> tuple[int, str, str]:
    status = main(arguments.split())
    written = capsys.readouterr()
    return status, written.out, written.err


# --- jobs and show ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 80, 130])
def test_jobs_fit_the_terminal(home: Path, columns: int, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    add_job(home, "aaaa1111", State.DONE)
    names = ("a rather long name of a clip that goes on and on", "part2", "part3", "part4", "part5")
    add_job(home, "bbbb2222", State.FAILED, clips=names)
    add_job(home, "cccc3333", State.DONE, clips=("part1", "part2", "part3", "part4", "part5"))
    status, out, _ = run("jobs", capsys)
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 3)
    assert all(len(line) <= columns for line in lines)
    assert "part1 +4" in lines[0]
    assert "failed" in lines[1]
    assert "… +4 " in lines[1]
    assert len({line.index("roots-d") for line in lines}) == 1, "columns are columns"
    assert all(line.endswith("offline") == (columns >= 80) for line in lines)
    assert "\x1b" not in out


def test_the_style_family_of_an_offline_job_comes_from_its_preset_or_its_tags(home: Path) -> None:
    job = add_job(home, "aaaa1111", State.DONE, recipe={"needs_model": "the guitar"})
    assert history.offline_style(job) == ("dub", "the guitar")
    by_tags = replace(job, recipe={"preset": None, "family": "", "params": {"tags": "drone, bells"}})
    assert history.offline_style(by_tags) == ("ambient", "")
    assert history.offline_style(replace(job, engine="fal")) == ("", "")


def test_states_have_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.coloured("done") == "\x1b[32mdone\x1b[0m"
    assert terminal.coloured("failed", "failed   ") == "\x1b[31mfailed   \x1b[0m"
    assert terminal.coloured("running") == "running"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.coloured("failed") == "failed"


def test_show_prints_the_source_and_the_chosen_style(home: Path, capsys: Output) -> None:
    tags = "a long list of tags, " * 8
    add_job(home, "aaaa1111", State.DONE, remix={"seed": 7}, recipe={"params": {"tags": tags, "lyrics": "[inst]"}})
    status, out, _ = run("show", capsys)
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "loop (aaaa1111)"
    about = {line[2:18].strip(): line[18:] for line in lines[1:]}
    assert about["source"] == "/music/loop.wav, 1:02 to 1:10.5"
    assert about["requested"].startswith("2023-11-14 22:13, ")
    assert (about["amount"], about["tempo"], about["preset"]) == ("0.6", "92 BPM", "roots-dub")
    assert "lyrics" not in about
    assert "original tags" not in about
    first = next(number for number, line in enumerate(lines) if line.startswith("  tags"))
    assert lines[first + 1].startswith(" " * 18 + "a long")
    assert all(len(line) <= 80 for line in lines)
    assert "  loop 1 [v00-aaaa]: done, seed 7" in lines


def test_show_prints_what_the_model_reported_for_each_segment(home: Path, capsys: Output) -> None:
    job = add_job(home, "aaaa1111", State.DONE)
    fal = replace(job, engine="fal")
    answers = [
        {"audio": {"url": "u"}, "seed": 9, "tags": "dub, 92 bpm", "lyrics": "first line\nsecond\x1b line"},
        {"audio": {"url": "u"}, "seed": 9, "tags": "dub", "lyrics": "[inst]"},
    ]
    database = Database(home / "bridge.db")
    database.save_job(fal)
    for unit, answer in zip(("v00-aaaa1111", "v00-aaaa1111/2"), answers, strict=True):
        database.finish_stage(unit, "remix", {"answer": answer})
    database.close()
    out = run("show", capsys)[1]
    assert [line.strip() for line in out.splitlines() if "of the model" in line] == [
        "seed of the model, segment 1: 9",
        "tags of the model, segment 1: dub, 92 bpm",
        "lyrics of the model, segment 1: first line / second\N{REPLACEMENT CHARACTER} line",
        "seed of the model, segment 2: 9",
        "tags of the model, segment 2: dub",
    ]
    document = json.loads(run("show --json", capsys)[1])
    assert document["answers"]["v00-aaaa1111"][1] == {"seed": 9, "tags": "dub", "lyrics": "[inst]"}


@pytest.mark.parametrize(
    ("state", "bills", "ledger", "told"),
    [
        (State.RUNNING, {}, {"v00-aaaa1111": 0.0017}, "about 0.0017 USD"),
        (State.CANCELLED, {}, {}, "nothing was charged"),
        (State.CANCELLED, {}, {"v00-aaaa1111": 0.0}, "nothing was charged"),  # refunded
        (State.CANCELLED, {}, {"v00-aaaa1111": 0.0017}, "about 0.0017 USD may be billed"),
        (State.DONE, {"v00-aaaa1111": 8.5}, {"v00-aaaa1111": 0.0017}, "0.0017 USD billed (estimate 0.0017)"),
        (
            State.FAILED,  # the second of two segments was refused
            {"v00-aaaa1111": 8.5},
            {"v00-aaaa1111": 0.0017, "v00-aaaa1111/2": 0.0004, "v00-another": 1.0},
            "0.0017 USD billed, about 0.0004 USD may be billed (estimate 0.0017)",
        ),
    ],
)
def test_show_says_what_is_known_about_the_bill(
    home: Path,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    bills: dict[str, float],
    ledger: dict[str, float],
    told: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    job = add_job(home, "aaaa1111", state, price=0.0002)
    database = Database(home / "bridge.db")
    database.save_job(replace(job, bills=bills))
    for unit, cost in ledger.items():
        database.spend(unit, cost, now=1.0, since=0.0, cap=100.0)
    database.close()
    assert f"  {'cost':<16}{told}" in run("show", capsys)[1].splitlines()


def test_an_ambiguous_prefix_lists_the_jobs(home: Path, capsys: Output) -> None:
    add_job(home, "aaaa1111", State.DONE)
    add_job(home, "aaaa2222", State.DONE, clips=("kick",))
    status, _, err = run("show aaaa", capsys)
    assert status == 1
    assert "2 job IDs begin with aaaa: kick (aaaa2222), loop (aaaa1111)." in err
    assert run("show aaaa2", capsys)[0] == 0


@pytest.mark.parametrize("command", ["show", "retry", "rerun"])
def test_without_a_job_the_error_says_how_to_start_one(command: str, capsys: Output) -> None:
    status, out, err = run(command, capsys)
    assert (status, out) == (1, "")
    assert "There is no job yet.\n  Start one: `ace-bridge remix FILE`.\n" in err


def test_an_empty_list_says_how_to_start_a_job(home: Path, capsys: Output) -> None:
    assert run("jobs", capsys)[1] == "There are no jobs yet: try `ace-bridge remix FILE`.\n"
    add_job(home, "aaaa1111", State.DONE)
    assert run("jobs --state failed", capsys)[1] == "No job matches.\n"


def test_a_job_is_found_by_the_state_of_one_variation(home: Path, capsys: Output) -> None:
    add_job(home, "aaaa1111", State.DONE, State.FAILED)
    add_job(home, "bbbb2222", State.DONE)
    for state, count in (("failed", 1), ("partial", 1), ("done", 2), ("cancelled", 0), ("open", 0)):
        lines = run(f"jobs --state {state} --json", capsys)[1].splitlines()
        assert len(lines) == count, state


def test_a_job_is_found_by_its_variation(home: Path) -> None:
    add_job(home, "aaaa1111", State.DONE, State.FAILED)
    assert history.one(home, "v01-")[0].id == "aaaa1111"
    with pytest.raises(UnknownJob):
        history.one(home, "zz")
    assert [job.id for job, _ in history.newest(home, 5)] == ["aaaa1111"]


# --- cancel, stop and status -----------------------------------------------------------------------------------------


class FakeDaemon:
    """A simulated daemon that accepts every message; `cancel` needs nothing else."""

    sent: list[tuple[str, dict[str, Any]]]

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent = []
        monkeypatch.setattr("bridge.client.Client.need_daemon", lambda client: {"pid": 1})
        monkeypatch.setattr("bridge.client.Client.answer", lambda client, message_id: None)
        monkeypatch.setattr("bridge.client.Client.send", lambda client, *message: self.sent.append(message))


def test_cancel_of_a_job_that_has_ended(home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = FakeDaemon(monkeypatch)
    add_job(home, "94380a12", State.DONE)
    status, out, err = run("cancel 9438", capsys)
    assert (status, out) == (1, "")
    assert err.startswith("ace-bridge: loop (94380a12) is already done.\n  There is nothing to stop.\n")
    assert daemon.sent == []


def test_cancel_without_an_id_stops_the_unfinished_job(
    home: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = FakeDaemon(monkeypatch)
    add_job(home, "aaaa1111", State.RUNNING, State.DONE)
    add_job(home, "bbbb2222", State.DONE)
    status, out, _ = run("cancel", capsys)
    assert status == 0
    assert out.startswith("Stopping loop (aaaa1111); ")
    assert daemon.sent[0] == ("cancel", {"job_id": "aaaa1111"})
    assert run("cancel v01-aaaa", capsys)[0] == 1  # this variation has already ended
    assert run("cancel v00-aaaa", capsys)[0] == 0
    assert daemon.sent[-2] == ("cancel", {"job_id": "v00-aaaa"})


def test_stop_without_a_daemon(capsys: Output) -> None:
    assert run("stop", capsys) == (0, "The bridge is not running.\n", "")
    assert json.loads(run("stop --json", capsys)[1]) == {"stopped": None}


def test_status_as_json_lists_the_unfinished_jobs(home: Path, capsys: Output) -> None:
    add_job(home, "aaaa1111", State.QUEUED)
    add_job(home, "bbbb2222", State.DONE)
    (home / "outbox").mkdir(exist_ok=True)
    newer = {"jobs": [{"job_id": "aaaa1111", "state": "running"}]}
    (home / "outbox" / "i.json").write_text(json.dumps(newer))
    status, out, _ = run("status --json", capsys)
    assert status == 3
    report = json.loads(out)
    assert report["running"] is False
    assert [(job["job_id"], job["state"], job["clips"]) for job in report["jobs"]] == [
        ("aaaa1111", "running", ["loop"])
    ]


# --- the layout ------------------------------------------------------------------------------------------------------


def test_labelled_texts_wrap_in_their_column() -> None:
    lines = list(terminal.labelled("tags", "one two three four five six seven\nnew line", 8, 2))
    assert lines[0].startswith("  tags    one")
    assert lines[-1] == " " * 10 + "new line"
    assert terminal.cut("abcdef", 4) == "abc…"
    assert terminal.cut("ab", 4) == "ab  "
    assert terminal.cut("ギター・ソロ", 6) == "ギタ… "
    assert terminal.cells("e\u0301🥁") == 3


def test_a_clip_without_a_name_is_shown_by_its_id(home: Path) -> None:
    job = add_job(home, "aaaa1111", State.DONE)
    nameless = replace(job, request={"clips": [{"id": "clip-7"}]}, recipe={**job.recipe, "preset": None})
    assert history.title(nameless) == "clip-7 (aaaa1111)"
    assert history.style(nameless) == "dub, deep bass"


def test_a_rerun_of_many_paid_clips_needs_consent(home: Path, capsys: Output) -> None:
    add_job(home, "paid", State.DONE, clips=tuple(f"clip {number}" for number in range(21)), price=0.0002)
    assert main(["rerun", "paid", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "confirm_needed"
    assert not list((home / "inbox").glob("*.json"))

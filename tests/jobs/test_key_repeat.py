"""Tests that a held key creates one job, and that everything the user asks for explicitly creates its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.errors import KeyRefused, ModelFailed
from bridge.jobs.key_repeat import HELD, NOTE, RESTART
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.studio import Studio, remix_args, write_tone
from tests.waiting import eventually

REAPER = {"daw": {"name": "reaper"}}
PLACE = {"position": 4.0, "length": 0.5, "track": {"id": "t-1", "index": 0}}


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "tone.wav")


def pressed(tone: Path, **changes: Any) -> dict[str, Any]:
    """Return the arguments of a request without a seed, from a key."""
    clip = {**PLACE, **changes.pop("clip", {})}
    return remix_args(
        tone, remix={"seed": None, **changes.pop("remix", {})}, clip=clip, **{"trigger": "key", **changes}
    )


async def jobs_of(studio: Studio, *messages: tuple[str, dict[str, Any]]) -> list[str | None]:
    """Send messages, and return the job of each."""
    found = []
    for command, args in messages:
        receipt = await studio.send(command, args)
        assert receipt.error is None
        found.append(receipt.job_id)
    return found


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("remix", {"trigger": "key"}),
        ("remix", {"trigger": "pad"}),
        ("remix", {"trigger": "osc"}),
        ("remix", {"trigger": None, **REAPER}),  # an action of a script that names no trigger
        ("selection", {"trigger": None}),
        ("selection", {"trigger": None, **REAPER}),
        ("remix", {"trigger": "key", "confirmed": True}),
    ],
)
async def test_a_repeated_request_belongs_to_the_first_job(
    home: Path, tone: Path, command: str, changes: dict[str, Any]
) -> None:
    async with Studio(home) as studio:
        made = await jobs_of(studio, *[(command, pressed(tone, **changes))] * 6)
        assert made[0] is not None
        assert set(made) == {made[0]}
        assert len(studio.registry.jobs()) == 1
        await eventually(lambda: len(studio.engine.calls["submit"]) > 0)
        assert len(studio.engine.calls["submit"]) == 1
        (job,) = studio.document()["jobs"]
        assert len(job["repeats"]) == 5
        assert [one for one in job["warnings"] if one["code"] == "key_repeat"] == [NOTE]
        assert studio.document()["errors"] == []


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("remix", {"trigger": "menu"}),
        ("remix", {"trigger": "dialog"}),
        ("remix", {"trigger": "script"}),
        ("selection", {"trigger": "menu"}),
        ("remix", {"trigger": None}),  # a file or the command line: no DAW
        ("remix", {"trigger": None, "confirmed": True, **REAPER}),  # the user has answered a question
        ("remix", {"remix": {"seed": 7}}),
    ],
)
async def test_an_explicit_request_is_never_a_repeat(
    home: Path, tone: Path, command: str, changes: dict[str, Any]
) -> None:
    async with Studio(home) as studio:
        made = await jobs_of(studio, *[(command, pressed(tone, **changes))] * 2)
        assert len(set(made)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"remix": {"tags": "techno"}},
        {"remix": {"variations": 2}},
        {"remix": {"amount": 0.3}},
        {"placement": {"source": "mute"}},
        {"clip": {"position": 4.5}},
        {"clip": {"length": 0.75}},
        {"clip": {"track": {"id": "t-2"}}},
        {"source": {"pitch": 2.0}},
        {"project": {"tempo": 90.0}},
    ],
    ids=str,
)
async def test_another_request_is_a_new_job(home: Path, tone: Path, other: dict[str, Any]) -> None:
    async with Studio(home) as studio:
        made = await jobs_of(studio, ("remix", pressed(tone)), ("remix", pressed(tone, **other)))
        assert len(set(made)) == 2


async def test_another_instance_or_preset_is_a_new_job(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        args = {**pressed(tone), "remix": {}}
        first = await studio.send("selection", args)
        other = await studio.send("selection", args, instance="other")
        studio.surface_settings.select("roots-dub")
        changed = await studio.send("selection", args)
        again = await studio.send("selection", args)
        assert len({first.job_id, other.job_id, changed.job_id}) == 3
        assert again.job_id == changed.job_id


async def test_ids_rendered_paths_and_the_track_list_do_not_matter(home: Path, tone: Path, tmp_path: Path) -> None:
    """These differ in each request, or placing a result changes them."""
    async with Studio(home) as studio:
        made = []
        for number in range(2):
            args = pressed(tone, request_id=f"r-{number}", clip={"id": f"c-{number}"})
            clip = args["clips"][0]
            rendered = write_tone(tmp_path / f"rendered-{number}.wav")
            clip = {**clip, "rendered": {"path": str(rendered)}, "track": {"id": "t-1", "index": number}}
            del clip["source"]
            made += await jobs_of(studio, ("remix", {**args, "clips": [clip]}))
        assert len(set(made)) == 1


async def test_a_held_key_extends_the_window(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        made = []
        for _ in range(5):
            made += await jobs_of(studio, ("remix", pressed(tone)))
            studio.now += 1.9
        assert len(set(made)) == 1
        studio.now += 0.1  # 2 s after the last repeat
        (later,) = await jobs_of(studio, ("remix", pressed(tone)))
        assert later not in made


async def test_a_finished_job_is_repeated_but_a_failed_one_is_tried_again(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        studio.engine.faults["submit"].append(KeyRefused())
        (failed,) = await jobs_of(studio, ("remix", pressed(tone)))
        assert failed is not None
        await studio.until(failed, "failed")
        studio.now += HELD + 0.1
        (second,) = await jobs_of(studio, ("remix", pressed(tone)))
        assert second not in (None, failed)
        await studio.until(str(second), "done")
        assert await jobs_of(studio, ("remix", pressed(tone))) == [second]


async def test_a_cancelled_job_is_tried_again(home: Path, tone: Path) -> None:
    engine = FakeEngine()
    engine.finish.clear()
    async with Studio(home, engine) as studio:
        (first,) = await jobs_of(studio, ("remix", pressed(tone)))
        await studio.until(str(first), "running")
        await studio.send("cancel", {"job_id": first})
        studio.now += HELD + 0.1
        assert await jobs_of(studio, ("remix", pressed(tone))) != [first]  # although the engine has not answered yet
        engine.finish.set()


async def test_a_held_key_does_not_submit_a_failing_remix_again_and_again(home: Path, tone: Path) -> None:
    """Each of these submissions may be billed."""
    async with Studio(home) as studio:
        for _ in range(6):
            studio.engine.faults["follow"].append(ModelFailed())
            (job_id,) = await jobs_of(studio, ("remix", pressed(tone)))
            await studio.until(str(job_id), "failed")
            studio.now += 0.5  # the first repeat of a key comes after this time, later ones sooner
        assert len(studio.engine.calls["submit"]) == 1


async def test_a_key_held_during_a_restart_is_a_repeat(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        (first,) = await jobs_of(studio, ("selection", pressed(tone)))
    async with Studio(home) as studio:
        assert await jobs_of(studio, *[("selection", pressed(tone))] * 3) == [first] * 3
    async with Studio(home) as studio:
        studio.now += RESTART
        await studio.handler.resume()
        assert await jobs_of(studio, ("selection", pressed(tone))) != [first]


async def test_rerun_is_never_a_repeat(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        (first,) = await jobs_of(studio, ("remix", pressed(tone)))
        made = await jobs_of(studio, *[("rerun", {"job_id": first, "remix": {"preset": "lofi-chill"}})] * 2)
        assert len({first, *made}) == 3


async def test_a_repeated_message_keeps_its_job_after_a_restart(home: Path, tone: Path) -> None:
    args = pressed(tone)
    async with Studio(home) as studio:
        (first,) = await jobs_of(studio, ("remix", args))
        repeat = await studio.send("remix", args, message_id="m-2")
        assert repeat.job_id == first
    async with Studio(home) as studio:
        again = await studio.send("remix", args, message_id="m-2")  # the script sends the same file once more
        assert again.job_id == first
        assert len(studio.registry.jobs()) == 1


async def test_a_refused_request_is_not_remembered(home: Path, tone: Path) -> None:
    async with Studio(home) as studio:
        wrong = pressed(tone, remix={"number_of_steps": 61})
        first = await studio.send("remix", wrong)
        second = await studio.send("remix", wrong)
        assert [one.error.code for one in (first, second) if one.error] == ["param_invalid"] * 2

"""Functions that send each bad message and request in scripts/bad_inputs.py."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bridge.presets.parameters import PARAMS
from bridge.protocol import json_text
from tests.fakes.bad_input_bench import Bench, Error, Maker
from tests.fakes.processes import outbox, put
from tests.fakes.studio import remix_args
from tests.waiting import until


def asked(**changes: Any) -> Maker:
    return lambda bench, _: bench.remix(bench.tone, **json.loads(json.dumps(changes)))


def out_of_range() -> Iterator[tuple[str, Any]]:
    """Yield (input, value) for each model input, with an invalid choice or with values just outside its range."""
    for name, param in PARAMS.items():
        if param.choices:
            yield name, "none of them"
        if param.low is not None:
            yield name, param.low - 1
        if param.high is not None:
            yield name, param.high + 1


def of_another_type() -> Iterator[tuple[str, Any]]:
    """Yield (input, value) for each model input, with values of wrong types."""
    for name, param in PARAMS.items():
        others = [["a"], True, "loud"] if param.kind in ("int", "float") else [["a"], 5]
        yield from ((name, value) for value in others if name != "audio_url")  # users cannot set audio_url


def each(wrong: Callable[[], Iterator[tuple[str, Any]]]) -> Maker:
    """Return a function that remixes with each value, checks for one common error code, and returns the last error."""

    def make(bench: Bench, _: Path) -> Error | None:
        found = [(name, bench.remix(bench.tone, remix={name: value})) for name, value in wrong()]
        last = found[-1][1]
        for name, error in found:
            assert error is not None
            assert last is not None
            assert error["code"] == last["code"]
            assert error["text"].startswith(f"{name} is ")
        return last

    return make


def message(data: bytes) -> Maker:
    return lambda bench, _: bench.drop(str(uuid.uuid4()), data)


def raw(bench: Bench, **changes: Any) -> dict[str, Any]:
    return {
        "protocol": 1,
        "message_id": str(uuid.uuid4()),
        "command": "remix",
        "instance": "test",
        "args": remix_args(bench.tone),
        **changes,
    }


def link(bench: Bench, tmp_path: Path) -> Error | None:
    (tmp_path / "message.json").write_text(json.dumps(raw(bench)))
    name = str(uuid.uuid4())
    (bench.home / "inbox" / f"{name}.json").symlink_to(tmp_path / "message.json")
    return until(lambda: bench.rejected(name), f"the refusal of {name}")


def dropped(bench: Bench, data: bytes) -> Error:
    """Put a message of the instance `test` into the inbox; its rejection must be in the outbox of `test` too."""
    name = json_text.find("message_id", data)
    error = bench.drop(name, data)
    until(lambda: {"message_id": name, **error} in outbox(bench.home)["errors"], f"the error of {name} in the outbox")
    return error


def not_a_number(bench: Bench, _: Path) -> Error | None:
    """Send NaN as Python writes it, and other such words as Lua writes them; return the error for NaN."""
    error = None
    for word in ("-nan", "inf", "-1.#IND", "-Infinity", "NaN"):
        text = json.dumps(raw(bench, args=remix_args(bench.tone, clip={"length": 0.75})))
        error = dropped(bench, text.replace("0.75", word).encode())
        assert error["text"] == f"length is {word}, which is not a number in JSON."
    return error


def written(bench: Bench, seed: int, encode: Callable[[str], bytes]) -> Error | None:
    """Write a message with other bytes than the bridge's own programs do, and wait for its outcome."""
    body = raw(bench, args=remix_args(bench.tone, remix={"seed": seed}))
    aside = bench.home / "inbox" / ".other.tmp"
    aside.write_bytes(encode(json.dumps(body)))
    aside.replace(bench.home / "inbox" / f"{body['message_id']}.json")
    return bench.answer(body["message_id"])


def protocol(bench: Bench, _: Path) -> Error | None:
    body = raw(bench, protocol=2, args={"anything": ["else"]})
    bench.drop(body["message_id"], json.dumps(body).encode())
    return bench.answer(body["message_id"])


def conflict(bench: Bench, _: Path) -> Error | None:
    body = raw(bench, command="bye", instance="another")
    put(bench.home, "bye", {}, instance="another", message_id=body["message_id"])
    until(lambda: not list((bench.home / "inbox").glob("*.json")))
    return bench.drop(body["message_id"], json.dumps({**body, "instance": "test"}).encode())


def command(bench: Bench, _: Path) -> Error | None:
    return bench.answer(put(bench.home, "remixx", {}))


def held_key(bench: Bench, _: Path) -> Error | None:
    """Send the same request six times, as a DAW's action does while its key is held: all belong to one job."""
    sent = []
    for number in range(6):
        args = remix_args(bench.tone, remix={"seed": None}, trigger="key", request_id=str(number))
        sent.append(put(bench.home, "remix", args))
    error = bench.answer(sent[0])
    job = until(lambda: next((one for one in outbox(bench.home)["jobs"] if len(one["repeats"]) == 5), None))
    assert [job["message_id"], *job["repeats"]] == sent
    codes = [one["code"] for one in job["warnings"]]
    assert codes.count("key_repeat") == 1, codes  # the remix has a random seed and may have warnings of its own
    return error


def misspelt(bench: Bench, _: Path) -> Error | None:
    error = bench.remix(bench.tone, remix={"seed": 516, "guidance_scal": 7})
    job = next(one for one in outbox(bench.home)["jobs"] if one["message_id"] == bench.sent[-1])
    assert [one["code"] for one in job["warnings"]] == ["not_honoured"]
    return error


def unknown_job(bench: Bench, _: Path) -> Error | None:
    return bench.answer(put(bench.home, "retry", {"job_id": "no-such"}))


def retry_done(bench: Bench, _: Path) -> Error | None:
    done = next(job for job in reversed(outbox(bench.home)["jobs"]) if job["state"] == "done")
    return bench.answer(put(bench.home, "retry", {"job_id": done["job_id"]}))

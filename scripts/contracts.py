"""Generates the pages for script authors: messages, outbox, states and the engine interface."""

from __future__ import annotations

import ast
import inspect
import json
from typing import Any

import msgspec
from tables import code, page, table

from bridge import PROTOCOL
from bridge.engines import base
from bridge.jobs.key_repeat import HELD, WINDOW
from bridge.jobs.unknown_keys import OWN
from bridge.protocol import answers, job, request
from bridge.util.tolerance import ROUNDING

SHAPES: dict[str, tuple[type, ...]] = {  # types of the messages in inbox files, in the order of the page
    "A message": (request.Message,),
    "remix and prepare": (
        request.RemixArgs,
        request.DawInfo,
        request.Project,
        request.Clip,
        request.Track,
        request.Slot,
        request.Grid,
        request.Source,
        request.Rendered,
        request.Remix,
        request.Placement,
    ),
    "hello": (request.HelloArgs,),
    "cancel, retry and rerun": (request.TargetArgs,),
    "nudge": (request.NudgeArgs,),
    "placed, place_failed and removed": (request.PlacedArgs,),
}

ANSWERS = (
    answers.OutboxFile,
    answers.DaemonAnswer,
    answers.JobAnswer,
    answers.CostAnswer,
    answers.NoteAnswer,
    answers.VariationAnswer,
    answers.ResultAnswer,
    answers.PieceAnswer,
    answers.ErrorAnswer,
    answers.RefusalAnswer,
    answers.AskAnswer,
)


def messages() -> str:
    """Describe the messages in the inbox."""
    parts = []
    for title, shapes in SHAPES.items():
        parts.append(f"## {title}")
        for shape in shapes:
            parts += [f"### {shape.__name__}", inspect.getdoc(shape) or "", _fields(shape)]
    return page(
        f"Messages, protocol {PROTOCOL}",
        "bridge/protocol/request.py",
        "A message is a JSON file in the home's `inbox/`. Write it under another name and rename it to "
        "`<message_id>.json`. The same message sent twice with the same bytes counts once. A wrong type is an "
        "error that names the key. `messages.schema.json` is the JSON schema.",
        "Unlisted keys are kept and ignored, so that newer scripts work with an older bridge. The job reports each of "
        "them as a `not_honoured` warning with the nearest name, because the key may be misspelt. Keys that begin with "
        f"`{OWN}` belong to the sender and are not reported. If `cancel`, `retry`, `rerun` or `nudge` name no job, but "
        "have an unlisted key that resembles `job_id` or `variation_id`, the message is refused.",
        "The file may be UTF-8 or UTF-16, with or without a byte order mark. A whole number may be written as a float "
        f"(4.0), and a value may miss a limit by a rounding error of up to {ROUNDING:g} in its unit. NaN, infinity and "
        "numbers in quotation marks are errors, and so is a key that occurs twice with different values.",
        "The outbox of the sender reports every message that is rejected, even one that is not complete JSON if its "
        "text contains the `instance`, or if the file's name begins with the ID of a known instance.",
        "A key that is held sends the same request many times. A `remix` or `selection` with the `trigger` `key`, "
        "`pad` or `osc` and without a seed belongs to the job of the same request if that arrived within "
        f"{WINDOW:g} s; IDs, paths of rendered clips, and the track's number and look may differ. The outbox lists its "
        "ID in the job's `repeats`, and the job has a `key_repeat` warning. A restart of the bridge does not "
        f"end this time. If the first job has failed or was cancelled, a request after more than {HELD:g} s creates a "
        "new job. `menu`, `dialog` and `script` always create a job. Without "
        "`trigger`, every `selection` counts as `osc`, and a `remix` as `key` if a DAW sent it and `confirmed` is not "
        "set, otherwise as `script`.",
        f"Commands: {', '.join(f'`{command}`' for command in request.COMMANDS)}. Besides the keys of `Remix`, `remix` "
        "takes every parameter in [params.md](../params.md).",
        *parts,
    )


def outbox() -> str:
    """Describe the outbox."""
    parts = [
        part
        for shape in ANSWERS
        for part in (f"## {shape.__name__}", inspect.getdoc(shape) or "", _plain_fields(shape))
    ]
    return page(
        f"The outbox, protocol {PROTOCOL}",
        "bridge/protocol/answers.py",
        "The outbox has one JSON file per instance. The bridge replaces it atomically: at once when a state changes, "
        "and a few times a second for progress. An instance reads its own file while it has unfinished jobs, places "
        "the results that `place` lists, and confirms each with a `placed` message. Before it places a result, it "
        "checks that its project does not have that variation yet.",
        *parts,
    )


def schema() -> str:
    """Return the JSON schema of all messages."""
    roots = [shapes[0] for shapes in SHAPES.values()] + [request.Remix]
    _, components = msgspec.json.schema_components(roots, ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ace-bridge inbox messages, protocol {PROTOCOL}",
        "$ref": "#/$defs/Message",
        "$defs": dict(sorted(components.items())),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def states() -> str:
    """Describe the states of variations and jobs and the transitions between them."""
    meanings = _comments(job.State)
    rows = [
        (
            f"`{state}`",
            meanings[state.name],
            ", ".join(f"`{after}`" for after in job.State if after in job.TRANSITIONS.get(state, ())),
        )
        for state in job.State
    ]
    return page(
        "States",
        "bridge/protocol/job.py",
        "The states of a variation and their transitions. The state of a job is the state of its unfinished variation "
        "that is furthest along. "
        f"{', '.join(f'`{state}`' for state in job.State if state in job.ENDED)} are final.",
        table(("state", "meaning", "next states"), rows),
    )


def engine() -> str:
    """Describe the engine interface."""
    shapes = (base.Capabilities, base.Order, base.Uploaded, base.Ticket, base.Output)
    methods = [
        (f"`{name}`", (inspect.getdoc(method) or "").split("\n", 1)[0])
        for name, method in inspect.getmembers(base.Engine, inspect.isfunction)
        if not name.startswith("_") and inspect.getdoc(method)
    ]
    answers = _comments(base.CancelAnswer)
    parts = [part for shape in shapes for part in (f"## {shape.__name__}", _summary(shape), _plain_fields(shape))]
    return page(
        "Engines",
        "bridge/engines/base.py",
        "An engine makes remixes. The stages use only this interface and name no engine.",
        table(("method", "what it does"), methods),
        *parts,
        "## CancelAnswer",
        table(("answer", "meaning"), ((f"`{one.value}`", answers[one.name]) for one in base.CancelAnswer)),
    )


# --- helpers ---------------------------------------------------------------------------------------------------------


def _fields(shape: type) -> str:
    """Return the table of a message's keys, with types and ranges from msgspec and meanings from the comments."""
    _, components = msgspec.json.schema_components([shape], ref_template="{name}")
    described: dict[str, Any] = components[shape.__name__]
    meanings = _comments(shape)
    rows = [
        (
            f"`{name}`",
            _takes(facts),
            "required" if name in described.get("required", ()) else code(_shown(facts)),
            meanings.get(name, ""),
        )
        for name, facts in described["properties"].items()
    ]
    return table(("key", "takes", "default", "meaning"), rows)


def _shown(facts: dict[str, Any]) -> str | None:
    return json.dumps(facts["default"], ensure_ascii=False) if "default" in facts else None


def _takes(facts: dict[str, Any]) -> str:
    """Return the type in a JSON schema as text."""
    if "$ref" in facts:
        return f"{facts['$ref']}"
    if "anyOf" in facts:
        return " or ".join(_takes(one) for one in facts["anyOf"])
    if "enum" in facts:
        return " or ".join(f"`{one}`" for one in facts["enum"])
    if facts.get("type") == "array":
        inner = facts.get("prefixItems") or [facts.get("items") or {}]
        many = "each " if not facts.get("prefixItems") else ""
        return f"list, {many}{', '.join(dict.fromkeys(_takes(one) for one in inner))}"
    names = {
        "string": "text",
        "integer": "whole number",
        "boolean": "true or false",
        "null": "null",
        "object": "object",
    }
    return f"{names.get(facts.get('type', ''), facts.get('type', 'anything'))}{_extent(facts)}"


def _extent(facts: dict[str, Any]) -> str:
    low, high = facts.get("minimum", facts.get("exclusiveMinimum")), facts.get("maximum")
    if low is not None and high is not None:
        above = "above " if "exclusiveMinimum" in facts else ""
        return f", {above}{low:.12g} to {high:.12g}"
    if "maxLength" in facts:
        return f", up to {facts['maxLength']} characters"
    if "pattern" in facts:
        return f" like `{facts['pattern']}`"
    return f", from {low:g}" if low is not None else ""


def _summary(shape: type) -> str:
    return (inspect.getdoc(shape) or "").partition("\n")[0]


def _plain_fields(shape: type) -> str:
    meanings = _comments(shape)
    return table(
        ("field", "type", "meaning"),
        ((f"`{name}`", f"`{kind}`", meanings.get(name, "")) for name, kind in _types(shape)),
    )


def _types(shape: type) -> list[tuple[str, str]]:
    return [(name, str(kind)) for name, kind in shape.__annotations__.items()]


def _comments(shape: type) -> dict[str, str]:
    """Return the comments after the fields or enum members in a class's source, by the name of the field or member."""
    source = inspect.getsource(shape)
    lines = source.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]  # the one class
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name):
            after = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset or 0 :]
            found[target.id] = after.partition("#")[2].strip()
    return found

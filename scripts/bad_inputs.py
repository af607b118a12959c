"""The table of bad inputs, with the error and message for each input, and what happens next.

docs/errors.md shows the table. tests/system/test_bad_input.py sends every input to a real daemon and checks the
message.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadInput:
    """One mistake by a user or a script, or one problem with a file."""

    name: str  # ID of its test
    what: str  # description
    code: str  # error code; empty: no error, the clip is remixed
    says: str  # message; … stands for the variable parts
    after: str = ""  # what happens next; empty: nothing until a new request


RETRY = "once it is fixed, `retry` continues"
PAID = "once it is fixed, `retry` continues without a second submission"
WAITS = "the remix waits for space and continues by itself, without a second submission; `retry` checks at once"
NEEDS = "The clip needs … s from … s on."
ENDS = "… ends at … s, although its header promises … s."
REJECTED = "the file moves to inbox/rejected, with the reason beside it"

BAD_INPUTS: tuple[BadInput, ...] = (
    # the file
    BadInput("missing", "a file that does not exist", "source_missing", "There is no file … (…).", RETRY),
    BadInput(
        "relative",
        "a path that is not absolute",
        "source_missing",
        "The path … is not absolute, so the bridge cannot find the file.",
    ),
    BadInput("removed", "a file on a volume that was removed", "source_missing", "There is no file … (…).", RETRY),
    BadInput("directory", "a folder", "source_unreadable", "… is a folder or a device, not a sound file."),
    BadInput("empty", "a file of zero bytes", "source_unreadable", "… is empty."),
    BadInput("text", "a text file named .wav", "source_unreadable", "… is not a sound file of a known kind."),
    BadInput("cut", "a WAV file that was cut off", "source_truncated", f"{NEEDS} {ENDS}", RETRY),
    BadInput("inside", "a span inside a WAV file that was cut off", "", ""),
    BadInput("section", "a span beyond what is left of a WAV file", "source_truncated", f"{NEEDS} {ENDS}"),
    BadInput("streamed", "a WAV file whose header has a placeholder for the size: 0 or FFFFFFFF", "", ""),
    BadInput(
        "promising",
        "a span beyond the end of a WAV file with such a placeholder",
        "source_truncated",
        f"{NEEDS} The header of … does not give a valid length, so the file was read to its end (… s).",
    ),
    BadInput("joined", "an MP3 file that consists of three joined files, without ffmpeg", "", ""),
    BadInput(
        "joined_later",
        "a span of such a file that only ffmpeg can read",
        "source_unreadable",
        f"{NEEDS} Only … could be read, because …. Install ffmpeg to use the whole file.",
    ),
    BadInput(
        "rewritten",
        "a file that is rewritten while it is read",
        "source_changed",
        "… was rewritten while it was being read.",
        RETRY,
    ),
    BadInput(
        "aac",
        "an AAC file without ffmpeg",
        "format_needs_ffmpeg",
        "… can only be decoded by the ffmpeg command, which is not installed here.",
    ),
    BadInput(
        "raw_aac",
        "raw AAC named .wav, without ffmpeg",
        "format_needs_ffmpeg",
        "… can only be decoded by the ffmpeg command, which is not installed here.",
    ),
    BadInput("bytes", "a path that is not UTF-8", "", ""),
    BadInput("emoji", "a path with emoji, spaces and a line break", "", ""),
    BadInput("zero_byte", "a path with a zero byte", "bad_request", "clips[0].source: a path cannot have a zero byte."),
    # the span
    BadInput(
        "beyond", "an offset beyond the file's end", "span_outside", "The clip needs … s from … s on, but … has … s."
    ),
    BadInput(
        "negative_offset",
        "a negative offset",
        "bad_request",
        "clips[0].source.offset is -0.5; it takes a number from 0 to 10000000.",
    ),
    BadInput(
        "negative_length",
        "a negative length",
        "bad_request",
        "clips[0].length is -1; it takes a number above 0, at most 1000000.",
    ),
    BadInput("whole_float", "a whole number written as a float, such as 4.0", "", ""),
    BadInput("rounding", "an offset of -1e-12 s, from a rounding error", "", ""),
    BadInput(
        "number_text",
        "a number written as text",
        "bad_request",
        'clips[0].length is "1.5"; it takes a number above 0, at most 1000000.',
    ),
    BadInput(
        "nan",
        "NaN or infinity where a number belongs, as Python and Lua write them",
        "message_unreadable",
        "… is …, which is not a number in JSON.",
        REJECTED,
    ),
    BadInput(
        "infinite",
        "a number that is too large",
        "message_unreadable",
        "seed is 1e999, which is too large for a number.",
        REJECTED,
    ),
    BadInput(
        "short",
        "a clip under 0.1 s",
        "clip_too_short",
        "The clip is … s long; the minimum is 0.1 s.",
    ),
    BadInput(
        "long",
        "a clip over 24 times the engine's limit",
        "clip_too_long",
        "The clip is … s long; … takes up to … s at a time, and a clip may have at most 24 segments.",
    ),
    BadInput(
        "silent",
        "a clip that is silent throughout (peak below -80 dBFS)",
        "clip_silent",
        "The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged.",
    ),
    BadInput(
        "offset_only",
        "a clip that contains only a constant offset (DC)",
        "clip_silent",
        "The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged.",
    ),
    BadInput(
        "not_numbers",
        "a clip whose samples are all NaN",
        "clip_silent",
        "The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged. … samples of … are invalid "
        "(not a number, or out of range); they count as silence.",
    ),
    BadInput(
        "no_source", "a clip without audio", "bad_request", "clips[0]: a clip needs either `source` or `rendered`."
    ),
    # the style
    BadInput("preset", "a preset that does not exist", "preset_unknown", "There is no preset “…”. Did you mean “…”?"),
    BadInput("engine", "an engine that does not exist", "engine_unknown", "There is no engine “…”; there are …."),
    BadInput(
        "no_tags",
        "empty tags",
        "param_invalid",
        "tags is empty. Give at least one tag, or leave it out to use the preset's.",
    ),
    BadInput(
        "few_steps", "number_of_steps 2", "param_invalid", "number_of_steps is 2; it takes a whole number from 3 to 60."
    ),
    BadInput(
        "many_steps",
        "number_of_steps 61",
        "param_invalid",
        "number_of_steps is 61; it takes a whole number from 3 to 60.",
    ),
    BadInput(
        "ranges",
        "any model input that is out of range, or not one of its choices",
        "param_invalid",
        "… is …; it takes ….",
    ),
    BadInput("types", "any model input of the wrong type", "param_invalid", "… is …; it takes …."),
    # the message
    BadInput("held_key", "a key that is held: the same request six times, without a seed; one job", "", ""),
    BadInput("half", "a half-written message", "message_unreadable", "The message is not complete JSON: ….", REJECTED),
    BadInput("utf16", "a message in UTF-16, as PowerShell writes it", "", ""),
    BadInput("marked", "a message with a byte order mark, and zero bytes at its end", "", ""),
    BadInput(
        "latin",
        "a message that is neither UTF-8 nor UTF-16",
        "message_unreadable",
        "The message is not UTF-8 text: byte … is invalid.",
        REJECTED,
    ),
    BadInput(
        "two_values",
        "a key that occurs twice, with different values",
        "message_unreadable",
        'The message has the key "seed" twice, with different values.',
        REJECTED,
    ),
    BadInput(
        "nested",
        "a message with a hundred thousand brackets",
        "message_unreadable",
        "The message is nested too deeply.",
        REJECTED,
    ),
    BadInput("huge", "a message of 50 MB", "message_too_large", "… has … bytes; a message may have ….", REJECTED),
    BadInput(
        "link",
        "a symbolic link in the inbox",
        "message_unreadable",
        "… is a symbolic link, not a file.",
        REJECTED,
    ),
    BadInput(
        "protocol",
        "a message with protocol 2",
        "protocol_unsupported",
        "The message has protocol 2, but this bridge supports protocol 1.",
        REJECTED,
    ),
    BadInput("command", "a command that does not exist", "unknown_command", "There is no command “…”."),
    BadInput(
        "conflict",
        "the ID of an earlier message with other content",
        "request_conflict",
        "An earlier message has the same message_id but different content.",
        REJECTED,
    ),
    BadInput("misspelt", "a misspelt parameter; the job reports it with the nearest name", "", ""),
    BadInput(
        "misspelt_target",
        "`retry` with a misspelt `job_id`",
        "bad_request",
        "There is no “jobid” in args. Did you mean “job_id”?",
    ),
    BadInput("job", "`retry` of a job that does not exist", "unknown_job", "No job has an id that begins with …."),
    BadInput(
        "done",
        "`retry` of a job that is done",
        "not_possible_now",
        "There is nothing to retry in this job.",
    ),
    BadInput(
        "osc",
        "an invalid OSC packet",
        "osc_unreadable",
        "A packet from … was dropped: ….",
        "the packet is counted and dropped",
    ),
    # this machine and the account
    BadInput(
        "read_only",
        "a read-only results folder",
        "output_unwritable",
        "Nothing can be written into …: ….",
        PAID,
    ),
    BadInput(
        "full",
        "a full disk for the results folder",
        "disk_full",
        "There is no room left on the disk that holds ….",
        WAITS,
    ),
    BadInput(
        "no_key",
        "`--engine fal` without a key",
        "key_missing",
        "No fal key is set on this machine, so nothing was sent.",
    ),
    BadInput(
        "broken_key",
        "a key with a line break in it",
        "key_invalid",
        "The fal key from … is empty or has spaces, line breaks or other invalid characters.",
    ),
)

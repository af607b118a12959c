"""Every error that may reach a person, a surface or a DAW: one tree, drawn here.

    BridgeError
    ├── InputError          what was asked for cannot be done as asked
    │   ├── RequestError        the message itself
    │   ├── ClipError           the clip's audio or span
    │   └── SettingError        presets, parameters, configuration
    ├── EngineError         the model or the way to it
    │   ├── AccountError        key, balance, permission
    │   ├── RefusedError        the model's complete answer says no
    │   └── OutageError         nobody answered, or the answer made no sense
    ├── ResultError         something came back, and it is not usable audio
    ├── PlaceError          the result is ready, the DAW did not take it
    └── HomeError           this machine: home, disk, ports, worker processes

A class's docstring is its default text, ``code`` its stable name, ``hint`` the next step: text exists once, and
docs/errors.md is generated from this file. Anything that is not a BridgeError goes to the log with its traceback
and reaches a person as `Unexpected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class BridgeError(Exception):
    """Something went wrong inside the bridge."""

    code: ClassVar[str] = "internal"
    hint: str = "The details are in logs/bridge.log; `ace-bridge retry` goes on from the last finished stage."

    def __init__(self, text: str | None = None, *, hint: str | None = None) -> None:
        self.text = text or " ".join((type(self).__doc__ or "").split())
        if hint is not None:
            self.hint = hint
        super().__init__(self.text)

    def to_wire(self) -> dict[str, str]:
        """Return the form that goes into outbox files, OSC replies and `--json` output."""
        return {"code": self.code, "text": self.text, "hint": self.hint}


class Unexpected(BridgeError):
    """Something happened that the bridge does not know how to handle; the clip and any paid result are kept."""

    code = "unexpected"


# --- what was asked for ----------------------------------------------------------------------------------------------


class InputError(BridgeError):
    """This cannot be done as it was asked for."""

    code = "bad_input"
    hint = "Correct the request and send it again; nothing was sent and nothing was charged."


class RequestError(InputError):
    """The message could not be understood."""

    code = "bad_request"


class ProtocolUnsupported(RequestError):
    """The message speaks a protocol that this version of the bridge does not know."""

    code = "protocol_unsupported"
    hint = "Update the bridge, or run `ace-bridge install` again so that the DAW's scripts match it."


class RequestConflict(RequestError):
    """A message with the same message_id but other content was taken in before."""

    code = "request_conflict"
    hint = "Give every message an id of its own; the first one stands."


class MessageTooLarge(RequestError):
    """The message is larger than the bridge takes in."""

    code = "message_too_large"
    hint = "Send the audio's path, not the audio; a request is a few kilobytes."


class MessageUnreadable(RequestError):
    """The message file cannot be read or is no complete message."""

    code = "message_unreadable"
    hint = "It was moved to inbox/rejected; write messages under a temporary name and rename them."


class UnknownCommand(RequestError):
    """There is no such command."""

    code = "unknown_command"
    hint = "docs/osc.md and `ace-bridge --help` list the commands."


class UnknownJob(RequestError):
    """There is no such job or variation."""

    code = "unknown_job"
    hint = "`ace-bridge jobs` lists them; the first characters of an id are enough."


class NotPossibleNow(RequestError):
    """That cannot be done in the state this job is in."""

    code = "not_possible_now"
    hint = "`ace-bridge show` tells the state of each variation."


class ConfirmNeeded(RequestError):
    """This may cost money twice or more than usual, so it has to be asked for explicitly."""

    code = "confirm_needed"
    hint = "Repeat the command with --again if you accept that."


class TokenWrong(RequestError):
    """The token in this OSC message is not the one of the running daemon."""

    code = "token_wrong"
    hint = "Read `token` from daemon.json in the bridge's home; it changes with every start of the daemon."


class ClipError(InputError):
    """The clip cannot be used."""

    code = "clip_unusable"


class SourceMissing(ClipError):
    """The clip's audio file is not there."""

    code = "source_missing"
    hint = "Check that the file or its drive is still in place, then `ace-bridge retry`."


class SourceUnreadable(ClipError):
    """The clip's audio file cannot be decoded."""

    code = "source_unreadable"
    hint = "Export the clip as WAV or FLAC and try again."


class SourceTruncated(ClipError):
    """The clip's audio file is shorter than its own header says."""

    code = "source_truncated"
    hint = "The file was probably cut off while it was copied; bring back the complete file."


class SourceChanged(ClipError):
    """The clip's audio file was rewritten while it was being read."""

    code = "source_changed"
    hint = "Wait until the recording or the export has finished, then `ace-bridge retry`."


class FormatNeedsFfmpeg(ClipError):
    """AAC and ALAC files need the ffmpeg command, and it is not installed here."""

    code = "format_needs_ffmpeg"
    hint = "Install ffmpeg, or export the clip as WAV or FLAC."


class SpanOutside(ClipError):
    """The asked span lies outside the audio file."""

    code = "span_outside"
    hint = "Check offset and length against the file's duration."


class ClipTooShort(ClipError):
    """The clip is shorter than 0.1 s."""

    code = "clip_too_short"
    hint = "Select at least 0.1 s of audio."


class ClipTooLong(ClipError):
    """The clip is longer than this engine takes."""

    code = "clip_too_long"
    hint = "Split the clip and remix the parts."


class ClipNotAudio(ClipError):
    """The clip has no audio file: it is MIDI or empty."""

    code = "clip_not_audio"
    hint = "Render, freeze or bounce it to audio first, then remix the audio."


class SettingError(InputError):
    """A setting has a value that the bridge does not take."""

    code = "bad_setting"
    hint = "Nothing was changed and nothing was charged; correct the value named above."


class ConfigInvalid(SettingError):
    """The configuration file has an error."""

    code = "config_invalid"
    hint = "Correct the file; bridge/default.toml documents every setting with its default."


class PresetInvalid(SettingError):
    """A preset file has an error."""

    code = "preset_invalid"
    hint = "Correct the preset file named above; `ace-bridge presets check` reads them all."


class PresetUnknown(SettingError):
    """There is no preset of that name."""

    code = "preset_unknown"
    hint = "`ace-bridge presets` lists them."


class EngineUnknown(SettingError):
    """There is no engine of that name."""

    code = "engine_unknown"
    hint = "The engines are fal and offline; auto takes fal when a key is there."


class ParamUnknown(SettingError):
    """There is no parameter of that name."""

    code = "param_unknown"
    hint = "docs/params.md lists the parameters with their ranges."


class ParamInvalid(SettingError):
    """A parameter is out of its range or of the wrong type."""

    code = "param_invalid"
    hint = "docs/params.md lists the parameters with their ranges."


# --- the model and the way to it -------------------------------------------------------------------------------------


class EngineError(BridgeError):
    """The engine could not make the remix."""

    code = "engine_failed"
    hint = "`ace-bridge retry` tries again from the stage that failed; an upload is not repeated."


class AccountError(EngineError):
    """The engine's account does not allow this."""

    code = "account"


class KeyMissing(AccountError):
    """There is no fal key on this machine, so nothing was sent."""

    code = "key_missing"
    hint = "Run `ace-bridge config set-key`, or set FAL_KEY; --engine offline works without one."


class KeyInvalid(AccountError):
    """The fal key has characters that a key cannot have."""

    code = "key_invalid"
    hint = "Copy the key again without line breaks or blanks and run `ace-bridge config set-key`."


class KeyRefused(AccountError):
    """fal does not accept the key."""

    code = "key_refused"
    hint = "Check the key in fal's dashboard and run `ace-bridge config set-key`; then `ace-bridge retry`."


class BalanceEmpty(AccountError):
    """fal has locked the account because its balance is used up; nothing was charged."""

    code = "balance_empty"
    hint = "Top up the balance in fal's billing page, then `ace-bridge retry`."


class AccessDenied(AccountError):
    """fal refuses this account access to the model."""

    code = "access_denied"
    hint = "Check in fal's dashboard that the key may use this model."


class BudgetReached(AccountError):
    """This remix would go above the day's budget, so it waits."""

    code = "budget_reached"
    hint = "It goes on tomorrow, or when [budget] daily_cap is raised; `ace-bridge cancel` drops it."


class RefusedError(EngineError):
    """The model refused this request."""

    code = "model_refused"
    hint = "Change what the text above names and remix again; the upload is kept."


class ContentRefused(RefusedError):
    """The model's content rules refused this request."""

    code = "content_refused"
    hint = "Change tags or lyrics and remix again."


class ClipRefused(RefusedError):
    """The model does not take this clip."""

    code = "clip_refused"
    hint = "Split or trim the clip as the text above says and remix again."


class EngineBusy(RefusedError):
    """The engine has no machine free for the model just now and dropped the request."""

    code = "engine_busy"
    hint = "Nothing was charged; `ace-bridge retry` in a few minutes."


class UploadNotFetched(RefusedError):
    """The model could not read the uploaded clip."""

    code = "upload_not_fetched"
    hint = "`ace-bridge retry` uploads the clip anew."


class ModelFailed(RefusedError):
    """The model stopped with an error of its own; fal does not charge for that."""

    code = "model_failed"
    hint = "`ace-bridge retry` submits it again."


class Withdrawn(RefusedError):
    """The engine dropped the request before it was finished."""

    code = "withdrawn"
    hint = "`ace-bridge retry` submits it again."


class ResultGone(RefusedError):
    """The engine no longer has the result."""

    code = "result_gone"
    hint = "`ace-bridge rerun` makes it again with the same seed; that costs again."


class RateLimited(RefusedError):
    """The engine has too many requests just now and did not take this one."""

    code = "rate_limited"
    hint = "Nothing was charged; `ace-bridge retry` in a minute."


class RequestRejected(RefusedError):
    """The engine did not take the request."""

    code = "request_rejected"


class OutageError(EngineError):
    """The engine cannot be reached."""

    code = "engine_unreachable"
    hint = "Check the network; `ace-bridge retry` goes on where it stopped."


class AnswerStrange(OutageError):
    """The engine answered with something that is not its protocol."""

    code = "answer_strange"


class UploadFailed(OutageError):
    """The clip could not be uploaded."""

    code = "upload_failed"
    hint = "Check the network, then `ace-bridge retry`; nothing was charged."


class HostRefused(OutageError):
    """The engine named a host that the bridge does not trust, so nothing was sent there."""

    code = "host_refused"
    hint = "If fal has moved its storage, add the host to [fal] result_hosts."


class SubmitUnknown(OutageError):
    """The connection broke while the remix was being ordered: it may be running and it may be billed."""

    code = "submit_unknown"
    hint = "Look in fal's dashboard; `ace-bridge retry --again` orders it once more and may cost twice."


# --- what came back --------------------------------------------------------------------------------------------------


class ResultError(BridgeError):
    """The result is not usable audio; the file is kept in the job's folder."""

    code = "result_unusable"
    hint = "Listen to the file in the job's folder; `ace-bridge rerun` makes a new one and costs again."


class ResultTruncated(ResultError):
    """The result broke off before its end and several downloads did not complete it."""

    code = "result_truncated"
    hint = "`ace-bridge retry` downloads it again; that costs nothing."


class ResultNotAudio(ResultError):
    """What came back is not audio."""

    code = "result_not_audio"


class ResultSilent(ResultError):
    """The result is silent."""

    code = "result_silent"


class ResultBroken(ResultError):
    """The result has samples that are not numbers."""

    code = "result_broken"


class ResultTooLarge(ResultError):
    """The result is far larger than this clip can need."""

    code = "result_too_large"


class ResultTooShort(ResultError):
    """The result is much shorter than the clip."""

    code = "result_too_short"


# --- the DAW and this machine ----------------------------------------------------------------------------------------


class PlaceError(BridgeError):
    """The result is ready, but the DAW could not place it."""

    code = "place_failed"
    hint = "The file is kept at the path shown; drag it onto a track."


class DawMissing(PlaceError):
    """No DAW has said hello, so there is no selection to remix."""

    code = "daw_missing"
    hint = "Run one of the bridge's actions in the DAW once, or use `ace-bridge remix FILE`."


class HomeError(BridgeError):
    """The bridge's own folder or process cannot be used."""

    code = "home_unusable"
    hint = "Check the folder's permissions, or set ACE_BRIDGE_HOME to another one."


class AlreadyRunning(HomeError):
    """Another daemon already runs for this home."""

    code = "already_running"
    hint = "`ace-bridge status` shows it, `ace-bridge stop` ends it; remixes that run are not lost."


class NotRunning(HomeError):
    """The daemon does not run."""

    code = "not_running"
    hint = "Start it with `ace-bridge start`."


class PortTaken(HomeError):
    """Another program holds the bridge's OSC port."""

    code = "port_taken"
    hint = "End that program, or set another [osc] port; 0 takes a free one."


class DiskFull(HomeError):
    """There is no room left on the disk."""

    code = "disk_full"
    hint = "Free some space, then `ace-bridge retry`; what was made so far is kept."


class OutputUnwritable(HomeError):
    """The folder for results cannot be written to."""

    code = "output_unwritable"
    hint = "Check the folder's permissions or choose another one, then `ace-bridge retry`; the result is kept."


class WorkerDied(HomeError):
    """The process that reads and writes audio ended unexpectedly."""

    code = "worker_died"
    hint = "The audio file may be damaged; `ace-bridge retry`, or export the clip as WAV."


class AudioDeviceMissing(HomeError):
    """There is no audio output here that can play the clip."""

    code = "audio_device_missing"
    hint = "Open the file in a player or in the DAW; on Linux the package libportaudio2 is needed."


def all_errors() -> Iterator[type[BridgeError]]:
    """Yield every class of the tree, parents before children, in the order of this file."""

    def walk(cls: type[BridgeError]) -> Iterator[type[BridgeError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from walk(child)

    yield from walk(BridgeError)


def from_wire(wire: dict[str, str]) -> BridgeError:
    """Build the error again that `to_wire` described, for example one from a worker process."""
    for cls in all_errors():
        if cls.code == wire.get("code"):
            return cls(wire.get("text"), hint=wire.get("hint"))
    return Unexpected(wire.get("text"))

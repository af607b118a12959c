"""Errors in what was asked for: nothing was sent and nothing was charged."""

from __future__ import annotations

from bridge.errors.base import BridgeError


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


class OscUnreadable(RequestError):
    """A packet at the OSC port is not OSC, or is larger or deeper than the bridge takes in."""

    code = "osc_unreadable"
    hint = "It was dropped; look at what the controller or script at that address sends."


class TokenWrong(RequestError):
    """The token in this OSC message is not the one of the running daemon."""

    code = "token_wrong"
    hint = "Read `token` from daemon.json in the bridge's home; it changes with every start of the daemon."


class SecretNeeded(RequestError):
    """What may cost money is taken from another machine only after /bridge/unlock with the secret."""

    code = "secret_needed"
    hint = "Send /bridge/unlock with the secret that stands under [osc] secret; privacy.md says more."


class SecretWrong(RequestError):
    """The secret in /bridge/unlock is not the one that is set."""

    code = "secret_wrong"
    hint = "Compare it with [osc] secret on the machine that the bridge runs on; after ten wrong ones wait a minute."


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
    """AAC, ALAC, WavPack, WMA and some other files need the ffmpeg command, and it is not installed here."""

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
    """The clip is longer than this engine takes in parts."""

    code = "clip_too_long"
    hint = "Split the clip in the DAW and remix the pieces one by one."


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
    hint = "Correct the file; bridge/config/default.toml documents every setting with its default."


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


class MappingInvalid(SettingError):
    """A MIDI mapping has an error."""

    code = "mapping_invalid"
    hint = "Correct the file named above; it counts as soon as it is saved. docs/controllers.md describes its keys."


class MidiConflict(SettingError):
    """This control does something else already."""

    code = "midi_conflict"
    hint = "Learn it again with --replace, or move another control."


class MidiNotHeard(SettingError):
    """No control was moved."""

    code = "midi_not_heard"
    hint = "`ace-bridge midi devices` lists what is plugged in, `ace-bridge midi monitor` shows what it sends."


class HoldToSpend(RequestError):
    """This control asks for something that may cost money, so a tap does nothing."""

    code = "hold_to_spend"
    hint = "Hold it until its light changes."

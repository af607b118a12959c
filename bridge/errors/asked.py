"""Errors in a request, a clip or a setting: nothing was sent and nothing was charged."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class InputError(BridgeError):
    """The request is invalid."""

    code = "bad_input"
    hint = "Correct the request and submit it again. Nothing was sent or charged."


class RequestError(InputError):
    """The message is invalid."""

    code = "bad_request"


class ProtocolUnsupported(RequestError):
    """This version of the bridge does not support the message's protocol."""

    code = "protocol_unsupported"
    hint = "Update the bridge, or run `ace-bridge install` again to update the DAW's scripts."


class RequestConflict(RequestError):
    """An earlier message has the same message_id but different content."""

    code = "request_conflict"
    hint = "Give every message its own ID. The earlier message remains in effect."


class MessageTooLarge(RequestError):
    """The message is larger than the bridge accepts."""

    code = "message_too_large"
    hint = "Send the path of the audio file, not the audio. A request is a few kilobytes."


class MessageUnreadable(RequestError):
    """The message file is unreadable or incomplete."""

    code = "message_unreadable"
    hint = "The file is now in inbox/rejected. Write each message under a temporary name, then rename it."


class UnknownCommand(RequestError):
    """There is no such command."""

    code = "unknown_command"
    hint = "docs/osc.md and `ace-bridge --help` list the commands."


class UnknownJob(RequestError):
    """There is no such job or variation."""

    code = "unknown_job"
    hint = "`ace-bridge jobs` lists the jobs. A unique prefix of an ID is enough."


class NotPossibleNow(RequestError):
    """The job's state does not allow this."""

    code = "not_possible_now"
    hint = "`ace-bridge show` shows the state of each variation."


class ConfirmNeeded(RequestError):
    """This may cost money a second time, so it needs your confirmation."""

    code = "confirm_needed"
    hint = "To accept the cost, repeat the command with --again."


class OscUnreadable(RequestError):
    """A packet at the OSC port is not OSC, is too large, or is nested too deeply."""

    code = "osc_unreadable"
    hint = "The packet was dropped. Check what the controller or script at that address sends."


class TokenWrong(RequestError):
    """The token in this OSC message does not match the running daemon."""

    code = "token_wrong"
    hint = "Read `token` from daemon.json in the bridge's home. It changes each time the daemon starts."


class SecretNeeded(RequestError):
    """This command may cost money, and the machine that sent it has not unlocked the bridge yet."""

    code = "secret_needed"
    hint = "Send /bridge/unlock with the value of `secret` under `[osc]`. docs/privacy.md explains it."


class SecretWrong(RequestError):
    """The secret in /bridge/unlock is wrong."""

    code = "secret_wrong"
    hint = "Compare it with `secret` under `[osc]` on the bridge's machine. After ten wrong secrets, wait a minute."


class ClipError(InputError):
    """The clip cannot be used."""

    code = "clip_unusable"


class SourceMissing(ClipError):
    """The clip's audio file is missing."""

    code = "source_missing"
    hint = "Check that the file exists and its drive is connected, then run `ace-bridge retry`."


class SourceUnreadable(ClipError):
    """The clip's audio file cannot be decoded."""

    code = "source_unreadable"
    hint = "Export the clip as WAV or FLAC and try again."


class SourceTruncated(ClipError):
    """The clip's audio file is shorter than its header says."""

    code = "source_truncated"
    hint = "The file was probably truncated while it was copied. Restore the complete file, or remix a span inside it."


class SourceChanged(ClipError):
    """The clip's audio file changed while the bridge read it."""

    code = "source_changed"
    hint = "Wait until the recording or export is finished, then run `ace-bridge retry`."


class FormatNeedsFfmpeg(ClipError):
    """AAC, ALAC, WavPack, WMA and some other formats need ffmpeg, which is not installed."""

    code = "format_needs_ffmpeg"
    hint = "Install ffmpeg, or export the clip as WAV or FLAC."


class SpanOutside(ClipError):
    """The requested span is outside the audio file."""

    code = "span_outside"
    hint = "Check offset and length against the file's duration."


class ClipTooShort(ClipError):
    """The clip is shorter than 0.1 s."""

    code = "clip_too_short"
    hint = "Select at least 0.1 s of audio."


class ClipTooLong(ClipError):
    """The clip is too long for this engine, even in segments."""

    code = "clip_too_long"
    hint = "Split the clip in the DAW and remix each piece."


class ClipNotAudio(ClipError):
    """The clip has no audio file: it is MIDI or empty."""

    code = "clip_not_audio"
    hint = "Render, freeze or bounce it to audio first, then remix the audio."


class ClipSilent(ClipError):
    """The clip is silent (its peak is below -80 dBFS), so nothing was sent or charged."""

    code = "clip_silent"
    hint = "Choose a clip with sound. To send silence, use `remix --send-silent` or `send_silent` under `[render]`."


class SettingError(InputError):
    """A setting has an invalid value."""

    code = "bad_setting"
    hint = "Correct the value named above. Nothing was changed and nothing was charged."


class ConfigInvalid(SettingError):
    """The settings have an error."""

    code = "config_invalid"
    hint = "Correct the setting named above. docs/config.md lists every setting with its default."


class PresetInvalid(SettingError):
    """A preset file has an error."""

    code = "preset_invalid"
    hint = "Correct the preset file named above. `ace-bridge presets check` checks all presets."


class PresetUnknown(SettingError):
    """There is no preset with that name."""

    code = "preset_unknown"
    hint = "`ace-bridge presets` lists the presets."


class EngineUnknown(SettingError):
    """There is no engine with that name."""

    code = "engine_unknown"
    hint = "The engines are fal and offline. auto uses fal if a key is set, otherwise offline."


class ParamUnknown(SettingError):
    """There is no parameter with that name."""

    code = "param_unknown"
    hint = "docs/params.md lists the parameters with their ranges."


class ParamInvalid(SettingError):
    """A parameter is out of range or has the wrong type."""

    code = "param_invalid"
    hint = "docs/params.md lists the parameters with their ranges."


class MappingInvalid(SettingError):
    """A MIDI mapping file has an error."""

    code = "mapping_invalid"
    hint = "Correct the file named above and save it. docs/controllers.md describes its keys."


class MidiConflict(SettingError):
    """This control is already mapped to another command."""

    code = "midi_conflict"
    hint = "Repeat the command with --replace, or use another control."


class MidiNotHeard(SettingError):
    """No control was moved in time."""

    code = "midi_not_heard"
    hint = "`ace-bridge midi devices` lists the connected controllers. `ace-bridge midi monitor` shows what they send."


class HoldToSpend(RequestError):
    """This control may spend money, so a short press does nothing."""

    code = "hold_to_spend"
    hint = "Hold a button until its light changes. Press any other control twice."

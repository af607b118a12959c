"""Errors of an engine and of the way to it."""

from __future__ import annotations

from bridge.errors.base import BridgeError


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


class SpendingUnconfirmed(AccountError):
    """This remix costs more than may be spent without a question, so it waits for you."""

    code = "spending_unconfirmed"
    hint = "`ace-bridge retry` makes it, `ace-bridge cancel` drops it; [budget] confirm_above is the limit."


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
    kept = ""  # what was made before and is kept, in words


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


class NetworkDown(OutageError):
    """The engine cannot be reached just now, so this waits."""

    code = "network_down"
    hint = "It goes on by itself when the network is back; `ace-bridge retry` tries at once."


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

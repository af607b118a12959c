"""Errors from an engine or the connection to it."""

from __future__ import annotations

from bridge.errors.base import BridgeError


class EngineError(BridgeError):
    """The engine failed to make the remix."""

    code = "engine_failed"
    hint = "`ace-bridge retry` resumes at the failed stage. It does not upload the clip again."


class AccountError(EngineError):
    """The engine's account does not allow this."""

    code = "account"


class KeyMissing(AccountError):
    """No fal key is set on this machine, so nothing was sent."""

    code = "key_missing"
    hint = "Run `ace-bridge config set-key` or set FAL_KEY. `--engine offline` needs no key."


class KeyInvalid(AccountError):
    """The fal key has invalid characters."""

    code = "key_invalid"
    hint = "Copy the key again without spaces or line breaks, then run `ace-bridge config set-key`."


class KeyRefused(AccountError):
    """fal rejected the key."""

    code = "key_refused"
    hint = "Check the key in fal's dashboard, run `ace-bridge config set-key`, then `ace-bridge retry`."


class BalanceEmpty(AccountError):
    """fal locked the account because its balance is exhausted."""

    code = "balance_empty"
    hint = "Top up the balance on fal's billing page, then run `ace-bridge retry`."


class AccountLocked(AccountError):
    """fal locked the account for another reason than an empty balance."""

    code = "account_locked"
    hint = "Only fal can unlock it: write to support@fal.ai, then run `ace-bridge retry`."


class AccessDenied(AccountError):
    """fal denies this account access to the model."""

    code = "access_denied"
    hint = "Check in fal's dashboard whether the key has access to this model."


class BudgetReached(AccountError):
    """This remix would exceed the daily cap, so it waits."""

    code = "budget_reached"
    hint = "It continues tomorrow, or after you raise `daily_cap` under `[budget]`. `ace-bridge cancel` cancels it."


class SpendingUnconfirmed(AccountError):
    """This job costs more, or has more remixes, than `[budget]` allows without your confirmation, so it waits."""

    code = "spending_unconfirmed"
    hint = "`ace-bridge retry` confirms and continues. `ace-bridge cancel` cancels it."


class RefusedError(EngineError):
    """The model refused this request."""

    code = "model_refused"
    hint = "Change what the message above names and remix again. The upload is kept."
    may_be_billed = False  # whether the engine may charge for it, which is known only later or never


class EndpointUnknown(RefusedError):
    """fal has no model at this endpoint, so no model ran."""

    code = "endpoint_unknown"
    hint = "Correct `endpoint` under `[fal]` in config.toml and restart the bridge, then run `ace-bridge retry`."


class ContentRefused(RefusedError):
    """The model's content filter refused this request."""

    code = "content_refused"
    hint = "Change the tags or lyrics and remix again."


class ClipRefused(RefusedError):
    """The model does not accept this clip."""

    code = "clip_refused"
    hint = "Split or trim the clip as the message above says, then remix again."


class EngineBusy(RefusedError):
    """The engine had no free machine for the model and dropped the request."""

    code = "engine_busy"
    hint = "Run `ace-bridge retry` in a few minutes."


class UploadNotFetched(RefusedError):
    """The model could not read the uploaded clip."""

    code = "upload_not_fetched"
    hint = "`ace-bridge retry` uploads the clip again."


class ModelFailed(RefusedError):
    """The model stopped with an error."""

    code = "model_failed"
    hint = "`ace-bridge retry` submits it again."


class Withdrawn(RefusedError):
    """The engine dropped the request before it finished."""

    code = "withdrawn"
    hint = "`ace-bridge retry` submits it again."
    kept = ""  # description of what is finished and kept; "": nothing


class ResultGone(RefusedError):
    """The engine no longer has the result."""

    code = "result_gone"
    hint = "`ace-bridge rerun` submits it again with the same seed, at the same cost."


class RateLimited(RefusedError):
    """The engine's rate limit was reached, so it rejected this request."""

    code = "rate_limited"
    hint = "Nothing was charged. Run `ace-bridge retry` in a minute."


class RequestRejected(RefusedError):
    """The engine rejected the request."""

    code = "request_rejected"


class OutageError(EngineError):
    """The engine cannot be reached."""

    code = "engine_unreachable"
    hint = "Check the network, then run `ace-bridge retry`. It resumes where the job stopped."


class NetworkDown(OutageError):
    """The engine cannot be reached at the moment, so the job waits."""

    code = "network_down"
    hint = "It continues automatically when the network is back. `ace-bridge retry` tries immediately."


class AnswerStrange(OutageError):
    """The engine sent an invalid response."""

    code = "answer_strange"


class UploadFailed(OutageError):
    """The clip could not be uploaded."""

    code = "upload_failed"
    hint = "Check the network, then run `ace-bridge retry`. Uploads are free."


class StorageRefused(OutageError):
    """fal's storage refused the request. The URL may have expired."""

    code = "storage_refused"
    hint = "Run `ace-bridge retry`: it repeats the request at no cost."


class HostRefused(OutageError):
    """The engine named a host that the bridge does not trust. Nothing was sent there."""

    code = "host_refused"
    hint = "If fal moved its storage, add the host to `result_hosts` under `[fal]`. Then run `ace-bridge retry`."


class SubmitUnknown(OutageError):
    """The connection broke while the remix was being submitted. It may be running, and it may be billed."""

    code = "submit_unknown"
    hint = "Check fal's dashboard. `ace-bridge retry --again` submits the remix again, which may cost twice."

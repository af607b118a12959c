"""Authorization of OSC commands that may cost money.

This machine may run them, and another machine with the token, or for a limited time after `/bridge/unlock` with the
secret. server.py checks here before a command runs. Other commands need no authorization.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from bridge.config.settings import NO_SECRET, Osc
from bridge.control.arguments import check_token
from bridge.control.command import Command
from bridge.errors import NotPossibleNow, SecretNeeded, SecretWrong
from bridge.osc.peer import Key, Peer
from bridge.util.addresses import is_loopback
from bridge.util.redact import SCRUBBER

log = logging.getLogger(__name__)

TRIES, SPAN = 10, 60.0  # wrong secrets from all senders within SPAN s; further ones are not checked
NO_SECRET_HINT = "Set `secret` under `[osc]` in config.toml on the machine that runs the bridge; see privacy.md."  # noqa: S105
MOST = 64  # unlocked senders at a time; the oldest is dropped


class Authorization:
    """Knows which senders are unlocked."""

    def __init__(self, token: Callable[[], str], settings: Osc, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with every sender locked.

        Args:
            token: returns the token of daemon.json.
            settings: the section [osc].
            clock: monotonic, s.
        """
        self._token = token
        self._secret = "" if settings.secret == NO_SECRET else settings.secret
        self._duration = settings.unlock
        self._clock = clock
        self._unlocked: dict[Key, float] = {}  # when each expires
        self._wrong: deque[float] = deque(maxlen=TRIES)  # when the last wrong secrets arrived
        if self._secret:
            SCRUBBER.hide(self._secret)

    def check(self, command: Command, values: Mapping[str, Any], peer: Peer) -> None:
        """Check whether the sender may run a command.

        Raises:
            TokenWrong: it has a wrong token.
            SecretNeeded: it may cost money and comes from another machine that is not unlocked.
        """
        if "token" in values:
            check_token(self._token(), values["token"])
        elif command.spends and not is_loopback(peer.host) and self._unlocked.get(peer.key, 0.0) <= self._clock():
            hint = None if self._secret else NO_SECRET_HINT
            text = f"{command.address} may cost money, so another machine must send /bridge/unlock first."
            raise SecretNeeded(text, hint=hint)

    def unlock(self, peer: Peer, secret: str) -> float:
        """Unlock a sender, and return for how many seconds.

        Raises:
            NotPossibleNow: no secret is set, or too many wrong ones arrived.
            SecretWrong: the secret is wrong.
        """
        now = self._clock()
        if not self._secret:
            raise NotPossibleNow("No secret is set, so /bridge/unlock does not work.", hint=NO_SECRET_HINT)
        if len(self._wrong) == TRIES and now - self._wrong[0] < SPAN:
            raise NotPossibleNow("Too many wrong secrets were sent.", hint="Wait a minute and send it again.")
        if not hmac.compare_digest(self._secret.encode(), secret.encode("utf-8", "replace")):
            self._wrong.append(now)
            log.warning("%s sent a wrong secret", peer.host)
            raise SecretWrong
        self._unlocked.pop(peer.key, None)
        while len(self._unlocked) >= MOST:
            del self._unlocked[next(iter(self._unlocked))]
        self._unlocked[peer.key] = now + self._duration
        log.info("%s is unlocked for %g s", peer.host, self._duration)
        return self._duration

"""Authorization of OSC commands that may cost money.

A command with the argument `token` needs the right token, no matter which machine sends the command. Other commands
that may cost money are accepted from this machine, and for a limited time from any sender that has sent
`/bridge/unlock` with the secret. Before server.py runs any of these commands, it calls `Authorization.check`. All other
commands need no authorization.
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

TRIES, SPAN = 10, 60.0  # after TRIES wrong secrets (from all senders) within SPAN seconds, every secret is refused
NO_SECRET_HINT = "Set `secret` under `[osc]` in config.toml on the machine that runs the bridge; see privacy.md."  # noqa: S105
MOST = 64  # maximum number of unlocked senders; one more locks the sender that was unlocked first


class Authorization:
    """The authorization of commands, with the list of unlocked senders."""

    def __init__(self, token: Callable[[], str], settings: Osc, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with every sender locked.

        Args:
            token: function that returns the token in daemon.json.
            settings: the section [osc] of the configuration.
            clock: function that returns a monotonic time, s.
        """
        self._token = token
        self._secret = "" if settings.secret == NO_SECRET else settings.secret
        self._duration = settings.unlock
        self._clock = clock
        self._unlocked: dict[Key, float] = {}  # sender → time at which the sender is locked again, s
        self._wrong: deque[float] = deque(maxlen=TRIES)  # arrival times of the most recent wrong secrets, s
        if self._secret:
            SCRUBBER.hide(self._secret)

    def check(self, command: Command, values: Mapping[str, Any], peer: Peer) -> None:
        """Raise an error unless the sender may run the command.

        Raises:
            NotPossibleNow: the sender is on another machine, but the command is only for this one.
            TokenWrong: the command has a wrong token.
            SecretNeeded: the command may cost money, and the sender is on another machine and is not unlocked.
        """
        if command.local and not is_loopback(peer.host):
            raise NotPossibleNow(f"{command.address} is accepted only from the machine on which the bridge runs.")
        if "token" in values:
            check_token(self._token(), values["token"])
        elif command.spends and not is_loopback(peer.host) and self._unlocked.get(peer.key, 0.0) <= self._clock():
            hint = None if self._secret else NO_SECRET_HINT
            text = f"{command.address} may cost money, so another machine must send /bridge/unlock first."
            raise SecretNeeded(text, hint=hint)

    def unlock(self, peer: Peer, secret: str) -> float:
        """Unlock a sender, and return for how many seconds it stays unlocked.

        Raises:
            NotPossibleNow: no secret is set, or too many wrong secrets have arrived.
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

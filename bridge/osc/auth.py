"""Who may ask over OSC for what costs money: this machine; another one with the token, or for a while with the secret.

server.py asks here before a command runs. From the network everything else is taken as it comes: control, no money.
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

TRIES, SPAN = 10, 60.0  # wrong secrets, from all senders, within so many s: more are not even looked at
MOST = 64  # senders that are unlocked at a time; the one that was first makes room


class Authorization:
    """What senders have shown so far."""

    def __init__(self, token: Callable[[], str], settings: Osc, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what there is to know.

        Args:
            token: returns the token of daemon.json.
            settings: the section [osc].
            clock: s that only ever grow.
        """
        self._token = token
        self._secret = "" if settings.secret == NO_SECRET else settings.secret
        self._lasts = settings.unlock
        self._clock = clock
        self._unlocked: dict[Key, float] = {}  # until when
        self._wrong: deque[float] = deque(maxlen=TRIES)  # when the last wrong secrets came
        if self._secret:
            SCRUBBER.hide(self._secret)

    def check(self, command: Command, values: Mapping[str, Any], peer: Peer) -> None:
        """Let a command pass, or not.

        Raises:
            TokenWrong: it has a token, and that is not ours.
            SecretNeeded: it may cost money, comes from another machine, and its sender is not unlocked.
        """
        if "token" in values:
            check_token(self._token(), values["token"])
        elif command.spends and not is_loopback(peer.host) and self._unlocked.get(peer.key, 0.0) <= self._clock():
            hint = None if self._secret else "Set [osc] secret on the machine that the bridge runs on; see privacy.md."
            text = f"{command.address} may cost money, so from another machine it is taken after /bridge/unlock."
            raise SecretNeeded(text, hint=hint)

    def unlock(self, peer: Peer, secret: str) -> float:
        """Let a sender ask for what costs money, and return for how many seconds.

        Raises:
            NotPossibleNow: no secret is set, or there were too many wrong ones.
            SecretWrong: it is another one.
        """
        now = self._clock()
        if not self._secret:
            raise NotPossibleNow("No secret is set, so nothing can be unlocked.", hint=SecretNeeded.hint)
        if len(self._wrong) == TRIES and now - self._wrong[0] < SPAN:
            raise NotPossibleNow("There were too many wrong secrets.", hint="Wait a minute and send it again.")
        if not hmac.compare_digest(self._secret.encode(), secret.encode("utf-8", "replace")):
            self._wrong.append(now)
            log.warning("%s sent a wrong secret", peer.host)
            raise SecretWrong
        self._unlocked.pop(peer.key, None)
        while len(self._unlocked) >= MOST:
            del self._unlocked[next(iter(self._unlocked))]
        self._unlocked[peer.key] = now + self._lasts
        log.info("%s may ask for remixes for %g s", peer.host, self._lasts)
        return self._lasts

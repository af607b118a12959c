"""Discovery: advertises OSC and OSCQuery by mDNS while the bridge listens on the local network.

daemon.py → here → the package `zeroconf`, an optional extra.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bridge.util.addresses import is_loopback, own_address
from bridge.util.this_copy import this_copy

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)

OSC, OSCQUERY = "_osc._udp.local.", "_oscjson._tcp.local."
TXT = {"txtvers": "1"}  # version of the TXT record format


class Advert:
    """The bridge's mDNS services."""

    def __init__(self, host: str) -> None:
        """Prepare the services without advertising them.

        Args:
            host: address that the bridge listens on; a loopback address is not advertised.
        """
        self._host = host
        self._zeroconf: AsyncZeroconf | None = None
        self._starting: asyncio.Task[None] | None = None

    def start(self, osc_port: int, http_port: int | None) -> None:
        """Advertise the services in the background. A failure is logged and shown by `ace-bridge doctor`."""
        if is_loopback(self._host):
            return
        if find_spec("zeroconf") is None:
            log.warning("the bridge is not advertised; this installs what it needs: %s", this_copy().to_add("lan"))
            return
        self._starting = asyncio.get_running_loop().create_task(self._advertise(osc_port, http_port))

    async def stop(self) -> None:
        """Withdraw the services."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()

    async def _advertise(self, osc_port: int, http_port: int | None) -> None:
        address = own_address(self._host)
        if address is None:
            log.warning("the bridge is not advertised: there is no network")
            return
        try:
            await self._register(address, {OSC: osc_port} | ({} if http_port is None else {OSCQUERY: http_port}))
        except Exception:  # the bridge works without advertising, so no error in zeroconf or a socket may stop it
            log.exception("the bridge could not be advertised")

    async def _register(self, address: str, ports: dict[str, int]) -> None:
        from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

        self._zeroconf = AsyncZeroconf(interfaces=[address])
        machine = socket.gethostname().partition(".")[0] or "computer"
        for kind, port in ports.items():
            info = AsyncServiceInfo(
                kind,
                f"ace-bridge on {machine}.{kind}",
                port=port,
                properties=TXT,
                server=f"{machine}.local.",
                parsed_addresses=[address],
            )
            await (await self._zeroconf.async_register_service(info, allow_name_change=True))
        log.info("advertised as ace-bridge on %s, at %s", machine, address)

"""Being found in the local network: the bridge advertises its OSC and its OSCQuery by mDNS, only when it listens there.

daemon.py → here → the package `zeroconf`, an optional extra.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bridge.util.addresses import is_loopback, own_address

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)

OSC, OSCQUERY = "_osc._udp.local.", "_oscjson._tcp.local."
TXT = {"txtvers": "1"}  # of the services' form


class Advert:
    """The bridge's entries in the local network."""

    def __init__(self, host: str) -> None:
        """Prepare.

        Args:
            host: what the bridge listens on; nothing is advertised of loopback.
        """
        self._host = host
        self._zeroconf: AsyncZeroconf | None = None
        self._starting: asyncio.Task[None] | None = None

    def start(self, osc_port: int, http_port: int | None) -> None:
        """Advertise soon; that it cannot be done is told in the log and by the doctor, and nothing else suffers."""
        if is_loopback(self._host):
            return
        if find_spec("zeroconf") is None:
            log.warning("devices do not find the bridge by themselves: pip install 'ace-bridge[lan]'")
            return
        self._starting = asyncio.get_running_loop().create_task(self._advertise(osc_port, http_port))

    async def stop(self) -> None:
        """Say that the bridge goes."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()

    async def _advertise(self, osc_port: int, http_port: int | None) -> None:
        address = own_address(self._host)
        if address is None:
            log.warning("there is no network to be found in")
            return
        try:
            await self._register(address, {OSC: osc_port} | ({} if http_port is None else {OSCQUERY: http_port}))
        except Exception:  # of the package's own or of sockets: whichever it is, the bridge works without
            log.exception("the bridge cannot be advertised in the network")

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
        log.info("advertised in the network as ace-bridge on %s, at %s", machine, address)

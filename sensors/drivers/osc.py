"""The OSC driver: a headset's gaze by UDP, on this machine unless the rig says otherwise.

Datagrams carry no time that could be compared with ours, so a row is stamped when its datagram is read. What cannot be
used is counted, told once for as long as it goes on, and never stops what can.
"""

import logging
import select
import socket
import struct

from pythonosc.osc_packet import OscPacket, ParseError

from sensors.clock import Clock
from sensors.driver import Setting
from sensors.drivers.headset_columns import Arrived
from sensors.drivers.headset_driver import Headset, exposed
from sensors.drivers.headset_notice import Notice
from sensors.drivers.osc_config import OscConfig
from sensors.drivers.osc_messages import ADDRESSES, EyeMessages
from sensors.errors import DeviceError

LARGEST = 4096
"""Bytes of a datagram; an eye's message has about 50, a bundle of all of them a few hundred."""
AT_ONCE = 512
"""Datagrams that one read takes; more wait in the system's buffer, which drops what it has no room for."""
BUFFER = 1 << 20
DAMAGE = (ParseError, ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError, struct.error)
"""What the library raises at bytes that are no OSC."""


class OscReceiver:
    """A UDP port and what its datagrams say.

    Parameters
    ----------
    config
        Where to listen.
    stream
        The table's name, for the sentences.
    clock
        The session clock.
    """

    def __init__(self, config: OscConfig, stream: str, clock: Clock) -> None:
        self._config, self._stream, self._clock = config, stream, clock
        self._socket: socket.socket | None = None
        self._notice = Notice(clock)
        self._messages = EyeMessages()
        self._lost = 0

    def open(self) -> tuple[str, dict[str, str]]:
        """Bind the port.

        Raises
        ------
        DeviceError
            If it is taken, or the address is not this machine's.
        """
        host, port = self._config.host, self._config.port
        made: socket.socket | None = None
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            made.bind(address)
        except (OSError, UnicodeError) as error:
            if made is not None:
                made.close()
            why = getattr(error, "strerror", None) or error
            raise DeviceError(f"'{self._stream}' cannot listen on UDP {host}:{port} ({why}).",
                              f"Choose one that is free: --set {self._stream}.port=9021") from None
        made.setblocking(False)
        self._socket, self._messages, self._lost = made, EyeMessages(), 0
        logging.getLogger().addFilter(_quiet)
        self.port = int(made.getsockname()[1])
        return f"OSC on UDP {host}:{self.port}", {"port": str(self.port)}

    def receive(self, timeout_s: float) -> list[Arrived]:
        """Return a row of every gaze that came, waiting at most `timeout_s` for the first datagram.

        Raises
        ------
        DeviceError
            If the port was not opened.
        """
        if self._socket is None:
            raise DeviceError(f"'{self._stream}' was not opened.", "Call open() first.")
        select.select([self._socket], [], [], timeout_s)
        rows: list[Arrived] = []
        for _ in range(AT_ONCE):
            try:
                datagram = self._socket.recv(LARGEST + 1)
            except BlockingIOError:
                break
            except ConnectionError:
                continue  # an answer to nothing we sent; the port goes on
            self._take(datagram, self._clock.now_ns(), rows)
        return rows

    def _take(self, datagram: bytes, now_ns: int, rows: list[Arrived]) -> None:
        try:
            if len(datagram) > LARGEST:
                raise ValueError(f"it has over {LARGEST} bytes")
            if len(datagram) % 4:  # the library fills up what is missing of a cut number
                raise ValueError("OSC comes in fours of bytes")
            messages = [timed.message for timed in OscPacket(datagram).messages]
            if not messages:
                raise ValueError("it holds no message")
        except DAMAGE as error:
            self._refuse(f"A datagram of {len(datagram)} bytes is no OSC ({error or type(error).__name__}).")
            return
        for message in messages:
            if message.address not in ADDRESSES:
                self._notice.tell(f"{message.address:.60} is no address that is read; known: /tracking/eye/*, "
                                  "/attnflow/gaze, /attnflow/lids, /attnflow/head.")
                continue
            try:
                row = self._messages.take(message.address, message.params, now_ns)
            except ValueError as error:
                self._refuse(f"A message is malformed: {error}.")
                continue
            if row is not None:
                rows.append(Arrived(row, now_ns))

    def _refuse(self, sentence: str) -> None:
        self._lost += 1
        self._notice.tell(f"{sentence} {self._lost} so far.")

    def trouble(self) -> str:
        """Return what is wrong with the datagrams, or with the port being open to others."""
        return " ".join(filter(None, (self._notice.text(), exposed(self._config))))

    def lost(self) -> int:
        """Return how many datagrams and messages could not be used."""
        return self._lost

    def close(self) -> None:
        """Release the port; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            logging.getLogger().removeFilter(_quiet)


def _quiet(record: logging.LogRecord) -> bool:
    """Keep the library from logging a line for every odd datagram: a flood of them would fill the disk."""
    return "pythonosc" not in record.pathname


class Osc(Headset):
    """Gaze by OSC.

    Parameters
    ----------
    config
        The driver's table.
    setting
        Stream name and session clock.
    """

    def __init__(self, config: OscConfig, setting: Setting) -> None:
        super().__init__(config, setting, OscReceiver(config, setting.stream, setting.clock))

"""The broker of last resort: amqtt in a process of its own, with our rules at its doors.

`python -m runtime.broker.amqtt_child DIRECTORY`. Good for trying out: it keeps nothing on disk,
and speaks MQTT 3.1.1 only. What amqtt 0.12.1 leaves open is closed here:

* It looks up, and even deletes, the session of a client id before it has asked for a password;
  so who cannot be recognised is refused before it looks. The account is the client id.
* A last will is published without asking for rights; so a foreign one is refused at login.
* An old connection of a client stays open beside the new one; so it is ended first.
* It reads messages of any length, and waits for ever for the first.
"""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

import amqtt.broker
import msgspec
import uvloop
from amqtt.adapters import ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import BAD_USERNAME_PASSWORD, NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from runtime import log
from runtime.broker.accounts import ACCOUNTS, LISTENER, Accounts, Listener
from runtime.broker.mosquitto import MESSAGE_BYTES_MAX
from runtime.broker.rights import may_publish, may_receive, may_subscribe
from runtime.ids import secret_hash

_FIRST_MESSAGE_S: Final = 10.0
_GOODBYE_S: Final = 2.0
#: CONNACK of MQTT 5: unsupported protocol version, no properties.
_LEVEL_REFUSED: Final = b"\x20\x03\x00\x84\x00"
_GLANCE_S: Final = 0.005


class TooLongError(Exception):
    """A message is longer than we accept."""


class BoundedReader(ReaderAdapter):
    """Refuses to read more at once than the longest message has, and can look ahead."""

    def __init__(self, inner: ReaderAdapter) -> None:
        """Read from `inner`."""
        self._inner = inner
        self._ahead = b""

    async def read(self, n: int = -1) -> bytes:
        """Return `n` bytes."""
        if n > MESSAGE_BYTES_MAX:
            raise TooLongError
        if not self._ahead:
            return await self._inner.read(n)
        seen, self._ahead = self._ahead[:n], self._ahead[n:]
        return seen + (await self._inner.read(n - len(seen)) if len(seen) < n else b"")

    async def protocol_level(self) -> int:
        """Return the level CONNECT asks for: 4 is MQTT 3.1.1, 5 is 5. Nothing is consumed."""
        head = await self._inner.read(2)
        while head[-1] & 128 and len(head) < 5:
            head += await self._inner.read(1)
        self._ahead = head + await self._inner.read(len(b"\x00\x04MQTT\x04"))
        return self._ahead[-1]

    def feed_eof(self) -> None:
        """Pass the end on."""
        self._inner.feed_eof()


class GuardedHandler(BrokerProtocolHandler):
    """Lets in whom the register knows."""

    broker: ClassVar["GuardedBroker"]

    @classmethod
    async def init_from_connect(
        cls, reader: ReaderAdapter, writer: WriterAdapter, *rest: Any, **named: Any
    ) -> tuple[BrokerProtocolHandler, Session]:
        """Read CONNECT; refuse it, or make the account its client id."""
        try:
            async with asyncio.timeout(_FIRST_MESSAGE_S):
                await _refuse_level_5(reader, writer)
                handler, session = await super().init_from_connect(reader, writer, *rest, **named)
        except (TimeoutError, TooLongError, OSError, EOFError, IndexError):
            raise MQTTError("no CONNECT") from None
        accounts = cls.broker.accounts
        if not accounts.recognises(session.username, session.password):
            await _refuse(writer, BAD_USERNAME_PASSWORD)
        rights = accounts.rights(session.username)
        if session.will_flag and not may_publish(rights, session.will_topic or ""):
            await _refuse(writer, NOT_AUTHORIZED)
        await cls.broker.cut_off(session.username or "")
        session.client_id = session.username
        # Only what shows whether the credential still holds is kept of the secret.
        session.password = secret_hash(session.password or "")
        return handler, session


class GuardedBroker(Broker):
    """Asks the register's rights at every turn."""

    accounts: Accounts

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve a connection, with a bound on what it may send."""
        bounded = BoundedReader(StreamReaderAdapter(reader))
        await self._client_connected(listener_name, bounded, StreamWriterAdapter(writer))

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:  # noqa: ARG002 - its name is amqtt's
        """Accept: who is not recognised never comes this far."""
        return True

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        """Return whether the rights of the session's account allow this."""
        rights = self.accounts.rights(session.username)
        if action is Action.PUBLISH:
            return may_publish(rights, topic)
        if action is Action.RECEIVE:
            return may_receive(rights, topic)
        return may_subscribe(rights, topic)

    async def take(self, accounts: Accounts) -> None:
        """Replace the accounts and cut off whoever is not among them."""
        self.accounts = accounts
        for username, (session, _) in list(self.sessions.items()):
            if not accounts.keeps(session.username, session.password):
                await self.cut_off(username)

    async def cut_off(self, username: str) -> None:
        """End the connection of an account, if it has one, and wait until its session knows."""
        session, handler = self.sessions.get(username, (None, None))
        if session is None or handler is None or not _connected(session):
            return
        await handler.handle_connection_closed()
        await handler.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                while _connected(session):  # noqa: ASYNC110 - amqtt tells nobody
                    await asyncio.sleep(_GLANCE_S)


def _connected(session: Session) -> bool:
    """Return whether amqtt takes a session for connected."""
    return bool(session.transitions.state == "connected")


async def _refuse_level_5(reader: ReaderAdapter, writer: WriterAdapter) -> None:
    """Tell a client of MQTT 5 in its own words that we do not speak it; amqtt would say nothing."""
    if isinstance(reader, BoundedReader) and await reader.protocol_level() == 5:
        writer.write(_LEVEL_REFUSED)
        await writer.drain()
        raise MQTTError("MQTT 5")


async def _refuse(writer: WriterAdapter, code: int) -> None:
    """Answer CONNECT with a refusal and give up on the connection."""
    await ConnackPacket.build(0, code).to_stream(writer)
    raise MQTTError("refused")


async def serve(directory: Path) -> None:
    """Run the broker until SIGTERM; read the accounts again at SIGHUP."""
    listener = msgspec.json.decode((directory / LISTENER).read_bytes(), type=Listener)
    # Made so that the broker makes its handlers of our class.
    amqtt.broker.BrokerProtocolHandler = GuardedHandler
    broker = GuardedBroker(
        BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"{listener.host}:{listener.port}")},
            plugins={},
        )
    )
    GuardedHandler.broker = broker
    stop, reread = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reread.set)
    await broker.take(_read(directory))
    await broker.start()
    async with asyncio.TaskGroup() as group:
        rereading = group.create_task(_reread(broker, directory, reread))
        await stop.wait()
        rereading.cancel()
    await broker.shutdown()


async def _reread(broker: GuardedBroker, directory: Path, asked: asyncio.Event) -> None:
    """Take the accounts anew whenever asked."""
    while True:
        await asked.wait()
        asked.clear()
        await broker.take(_read(directory))


def _read(directory: Path) -> Accounts:
    """Return the accounts as they are now."""
    return Accounts((directory / ACCOUNTS).read_bytes())


if __name__ == "__main__":
    log.configure("warning", "json")
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    uvloop.run(serve(Path(sys.argv[1])))

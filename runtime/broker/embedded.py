"""The embedded broker: started, told of new credentials, kept alive, stopped.

New credentials count at once: a probe account gets a new secret with every change, and `reload`
returns when the broker lets it in, so whoever was registered before can log in too.
"""

import asyncio
import getpass
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import IO, Final

import msgspec

from domain.errors import KeepclearError
from runtime.broker import child, mosquitto
from runtime.broker.accounts import ACCOUNTS, LISTENER, Listener, accounts_of
from runtime.broker.choice import BrokerChoice
from runtime.broker.credential import Credential, credential_of
from runtime.broker.login import BrokerLogin
from runtime.broker.probe import Answer, try_login
from runtime.broker.rights import OWN_PREFIX, AccountKind
from runtime.clock import monotonic
from runtime.ids import new_secret
from runtime.log import logger
from runtime.settings import Settings
from runtime.supervise import Beat, first_of

_log = logger("runtime.broker")

#: The parts of this program that log in. One session an account: no two may share one.
OWN_PARTS: Final = ("ingest", "downlink", "watch")

_START_S: Final = 15.0
_RELOAD_S: Final = 5.0
_GLANCE_S: Final = 0.02
_PROBE_PERIOD_S: Final = 3.0


class BrokerStartError(KeepclearError):
    """The embedded broker did not start; its broker.log in the data directory says why."""


class BrokerReloadError(KeepclearError):
    """The embedded broker did not take new credentials in time."""


class BrokerDiedError(KeepclearError):
    """The embedded broker died."""


class EmbeddedBroker:
    """One broker process and what it knows.

    `start` once, then give `run` to the supervisor, which begins it anew when the broker dies;
    `stop` at the very end. To be used from the main thread's loop.
    """

    def __init__(self, settings: Settings, choice: BrokerChoice) -> None:
        """Prepare a broker on the address and below the data directory of `settings`."""
        self.kind: Final = choice.kind
        self._choice = choice
        self._place = mosquitto.Place(
            host=settings.mqtt_host,
            port=settings.mqtt_port,
            directory=settings.broker_dir,
            system_user=getpass.getuser(),
        )
        self._secrets = {part: new_secret() for part in OWN_PARTS}
        self._probe = self._login("probe", new_secret())
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._held: IO[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process, while it lives."""
        return self._process.pid if self._process is not None and self.alive else None

    def login(self, part: str) -> BrokerLogin:
        """Return how one of `OWN_PARTS` logs in; good until this object ends."""
        return self._login(part, self._secrets[part])

    async def start(self, credentials: Iterable[Credential]) -> None:
        """Start the broker; it accepts `credentials` when this returns.

        Raises:
            BrokerBusyError: Another keepclear lives on the same data directory.
            BrokerStartError: It did not come up; most often its port is taken.
        """
        directory = self._place.directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._held = child.lock(directory)
        async with self._turn:
            await child.take_over(directory)
            self._write(tuple(credentials))
            await self._spawn()

    async def reload(self, credentials: Iterable[Credential]) -> None:
        """Replace all credentials; the new ones work, and the old do not, when this returns.

        Whoever is logged in with a credential that is gone is cut off.

        Raises:
            BrokerReloadError: The broker did not follow. It reads them at its next start.
        """
        async with self._turn:
            self._write(tuple(credentials))
            if self._process is not None and self.alive:
                with suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGHUP)
            # A dead broker reads them when it is revived, and nobody can log in before.
            if not await self._accepted(_RELOAD_S) and self.alive:
                raise BrokerReloadError

    async def run(self, beat: Beat) -> None:
        """Watch the broker, as a room: revive it if need be, beat while it answers.

        Raises:
            BrokerDiedError: The process ended; begin again to revive it.
        """
        async with self._turn:
            await self._revive()
        while not beat.stopping.is_set():
            if await try_login(self._probe, _PROBE_PERIOD_S) is Answer.ACCEPTED:
                beat()
            await self._watch(beat)
            if not self.alive:
                raise BrokerDiedError

    async def stop(self) -> None:
        """Stop the broker and let go of the directory; safe to repeat."""
        async with self._turn:
            if self._process is not None:
                await child.end(self._process, self._place.directory)
                self._process = None
            if self._held is not None:
                self._held.close()
                self._held = None

    def _login(self, part: str, secret: str) -> BrokerLogin:
        """Return a login of one of our own accounts."""
        local = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104
        return BrokerLogin(
            host=local.get(self._place.host, self._place.host),
            port=self._place.port,
            username=f"{OWN_PREFIX}{part}",
            password=secret,
        )

    async def _revive(self) -> None:
        """Start the process again unless it lives and answers."""
        if self.alive and await try_login(self._probe, _PROBE_PERIOD_S) is Answer.ACCEPTED:
            return
        if self._process is not None:
            await child.end(self._process, self._place.directory)
        await self._spawn()

    async def _spawn(self) -> None:
        """Start the process and wait until it lets the probe in."""
        began = monotonic()
        self._process = await child.spawn(self._command(), self._place.directory)
        if not await self._accepted(_START_S):
            await child.end(self._process, self._place.directory)
            raise BrokerStartError
        _log.info(
            "broker_started",
            kind=self.kind,
            port=self._place.port,
            pid=self.pid,
            took_s=monotonic() - began,
        )

    async def _accepted(self, patience_s: float) -> bool:
        """Return whether the probe is let in, by a process that lives, in time."""
        deadline = monotonic() + patience_s
        while monotonic() < deadline and self.alive:
            answer = await try_login(self._probe, patience_s)
            # A stranger on our port would refuse; one who accepts our fresh secret is ours.
            if answer is Answer.ACCEPTED:
                return self.alive
            await asyncio.sleep(_GLANCE_S)
        return False

    async def _watch(self, beat: Beat) -> None:
        """Wait until the process ends, the room should stop, or it is time to look again."""
        assert self._process is not None
        await first_of(self._process.wait(), beat.stopping.wait(), timeout_s=_PROBE_PERIOD_S)

    def _write(self, credentials: Sequence[Credential]) -> None:
        """Write what the broker reads, with a new secret for the probe."""
        self._probe = self._login("probe", new_secret())
        own = [
            credential_of(f"{OWN_PREFIX}{part}", AccountKind.OWN, secret)
            for part, secret in self._secrets.items()
        ]
        probe = credential_of(self._probe.username, AccountKind.PROBE, self._probe.password)
        everybody = (*credentials, *own, probe)
        for name, text in self._files(everybody).items():
            child.write_private(self._place.directory / name, text)

    def _files(self, everybody: Sequence[Credential]) -> dict[str, str]:
        """Return the broker's files by name."""
        if self.kind == "mosquitto":
            return {
                mosquitto.CONFIGURATION: mosquitto.configuration_of(self._place),
                mosquitto.PASSWORDS: mosquitto.passwords_of(everybody),
                mosquitto.ACCESS: mosquitto.access_of(everybody),
            }
        listener = Listener(host=self._place.host, port=self._place.port)
        return {
            LISTENER: msgspec.json.encode(listener).decode(),
            ACCOUNTS: accounts_of(everybody),
        }

    def _command(self) -> list[str]:
        """Return how the broker is started; it names our directory, so that we know it again."""
        directory = self._place.directory
        if self._choice.executable is not None:
            return [str(self._choice.executable), "-c", str(directory / mosquitto.CONFIGURATION)]
        return [sys.executable, "-m", "runtime.broker.amqtt_child", str(directory)]

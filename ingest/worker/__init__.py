"""The ingest room: from the broker to the record, and only then back to the device.

Shell. For every batch the order is: commit, then the stream `facts`, then the PUBACKs, then what
each device is told over `ack`. A crash between any two of them means that messages come again,
and have no second effect. What accumulates while one batch is being committed is the next one.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from domain.errors import KeepclearError
from domain.reading import RawMessage
from ingest.delivery import Delivery
from ingest.mqtt import Subscription
from ingest.worker.commit import Acknowledgement, Committer
from ingest.worker.inbox import Inbox
from records.database import Records
from runtime.broker.login import BrokerLogin
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.streams import Streams
from runtime.supervise import Beat

#: The stream of admitted readings, in the order of the log.
FACTS: Final = "facts"
#: The stream whose entries say "look at the register again".
REGISTER: Final = "register"
GROUP: Final = "ingest"

_PATIENCE: Final = timedelta(seconds=1)


class IngestBusyError(KeepclearError):
    """Too many messages are waiting to be admitted; try again."""


class IngestStoppedError(KeepclearError):
    """The message was not committed: ingest stopped first. Try again."""


class Ingest:
    """The room. `run` is one life of it; the inbox outlives them."""

    def __init__(
        self,
        *,
        records: Records,
        streams: Streams,
        login: BrokerLogin,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        """Take what the broker at `login` has, into `records`."""
        self._records = records
        self._streams = streams
        self._login = login
        self._batch_max = settings.commit_messages_max
        self._commit_wait_s = settings.commit_wait_s
        self._lane_max = settings.lane_messages_max
        self._lanes_max = settings.lanes_messages_max
        self._metrics = metrics
        self._inbox: Inbox | None = None
        self._subscription: Subscription | None = None

    @property
    def listening(self) -> bool:
        """Whether what a device publishes now reaches us."""
        return self._subscription is not None and self._subscription.listening

    async def submit(self, message: RawMessage) -> None:
        """Admit a message that did not come by MQTT; return once it is committed.

        Raises:
            IngestBusyError: Nothing was taken.
            IngestStoppedError: It may or may not be committed; sending it again is safe.
        """
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle() -> None:
            if not committed.done():
                committed.set_result(None)

        def fail() -> None:
            if not committed.done():
                committed.set_exception(IngestStoppedError())

        delivery = Delivery(message=message, settle=settle, fail=fail)
        if self._inbox is None or not self._inbox.offer(delivery):
            raise IngestBusyError
        await committed

    async def run(self, beat: Beat) -> None:
        """Live until `beat.stopping`: subscribe, and commit whatever comes."""
        inbox = Inbox(self._lane_max, self._lanes_max)
        committer = Committer(self._records, self._streams.open(FACTS), self._metrics, beat)
        await committer.follow_register()
        subscription = Subscription(self._login, inbox.put)
        self._inbox, self._subscription = inbox, subscription
        subscription.open()
        try:
            async with asyncio.TaskGroup() as group:
                beside = (
                    group.create_task(self._follow(committer)),
                    group.create_task(_breathe(beat)),
                )
                await self._work(beat, inbox, committer, subscription)
                for task in beside:
                    task.cancel()
        finally:
            self._inbox = self._subscription = None
            inbox.close()
            await asyncio.to_thread(subscription.close)

    async def _work(
        self, beat: Beat, inbox: Inbox, committer: Committer, subscription: Subscription
    ) -> None:
        """Commit one batch after the other."""
        while not beat.stopping.is_set():
            await inbox.wait(_PATIENCE.total_seconds())
            if self._commit_wait_s > 0.0:
                await asyncio.sleep(self._commit_wait_s)
            taken, flood = inbox.take(self._batch_max)
            self._metrics.lanes_depth.set(len(inbox))
            if taken or flood:
                self._metrics.messages_received.inc(len(taken) + len(flood))
                await _commit(taken, flood, committer, subscription)

    async def _follow(self, committer: Committer) -> None:
        """Keep up with the register: at once when woken, else every second."""
        stream = self._streams.open(REGISTER)
        await stream.unacknowledged(GROUP)
        while True:
            entries = await stream.read(GROUP, 100, _PATIENCE)
            await stream.acknowledge(GROUP, [entry.entry_id for entry in entries])
            await committer.follow_register()


async def _commit(
    taken: Sequence[Delivery],
    flood: Sequence[Delivery],
    committer: Committer,
    subscription: Subscription,
) -> None:
    """Commit a batch, then settle its deliveries, then tell the devices."""
    told: Sequence[Acknowledgement] = ()
    committed = False
    try:
        told = await committer.commit(
            [delivery.message for delivery in taken], [delivery.message for delivery in flood]
        )
        committed = True
    finally:
        for delivery in (*taken, *flood):
            if committed:
                delivery.settle()
            else:
                delivery.fail()
    for acknowledgement in told:
        subscription.publish(f"kc/v1/{acknowledgement.device_id}/ack", acknowledgement.payload)


async def _breathe(beat: Beat) -> None:
    """Say that the room lives while it waits for the record or a full stream."""
    while True:
        beat()
        await asyncio.sleep(_PATIENCE.total_seconds())

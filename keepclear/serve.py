"""`keepclear serve`: everything in one process on embedded parts; nothing is simulated."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from keepclear.house import House, opened
from runtime import log
from runtime.settings import Settings
from runtime.supervise import Room, Supervisor

_log = log.logger("keepclear.serve")


async def serve(
    settings: Settings | None = None, guests: Callable[[House], Sequence[Room]] | None = None
) -> None:
    """Run every room until the process is told to end.

    Args:
        settings: What the environment says, unless given.
        guests: Rooms that live in the house beside its own; the demonstration is one.

    Raises:
        KeepclearError: Something the house needs is taken or does not start.
    """
    settings = settings or Settings()
    log.configure(settings.log_level, settings.log_format)
    async with opened(settings) as house:
        kind = "external" if house.broker is None else house.broker.kind
        _log.info("serve_started", url=settings.base_url, broker=kind, mqtt=settings.mqtt_port)
        rooms = [*house.rooms(), *(guests(house) if guests is not None else ())]
        house.supervisor = Supervisor(rooms, drain=timedelta(seconds=settings.drain_s))
        await house.supervisor.run()

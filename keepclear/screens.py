"""The door's websockets, handed to the alerts room once somebody has been let in."""

from fastapi import WebSocket

from alerts.live.asgi import Live, serve_console, serve_protected
from domain.ids import PersonId
from mobile_api.deps import Sees


class Screens:
    """Serves the live screens of one process."""

    def __init__(self, live: Live) -> None:
        """Serve with the parts in `live`."""
        self._live = live

    async def console(
        self, socket: WebSocket, principal: str, sees: Sees, subprotocol: str | None
    ) -> None:
        """Accept `socket` and serve the console, with only what `sees` allows."""
        await socket.accept(subprotocol)
        await serve_console(self._live, socket, principal=principal, sees=sees)

    async def victim(
        self, socket: WebSocket, principal: str, person_id: PersonId, subprotocol: str | None
    ) -> None:
        """Accept `socket` and serve her screen to a protected person."""
        await socket.accept(subprotocol)
        await serve_protected(self._live, socket, principal=principal, person_id=person_id)

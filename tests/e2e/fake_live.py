"""A stand-in for the server behind the pages: it speaks the wire and decides nothing.

It lets a test say what her page or the console is told, and see what they sent. The pages and
their headers are the real ones. The composed system has its own tests; here a page can be shown
states that the system reaches only after minutes.
"""

import asyncio
import contextlib
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from mobile_api.pages import Centre, Visitors, add_pages

Room = Literal["console", "victim"]
Frame = dict[str, Any]

HEARTBEAT_S = 1.0
#: Longer than a browser waits.
HANGING_S = 30.0
PATIENCE_S = 8.0


def written(at: datetime) -> str:
    """Return an instant as the wire writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(kw_only=True)
class Fake:
    """What the server says, and what it was told.

    Attributes:
        snapshots: The body of the snapshot for each kind of socket.
        events: What was sent to each kind of socket so far; the cursor counts them.
        heard: Frames that came from browsers, in order.
        posted: (path, body) of every call that changed something.
        refusals: Status to answer on a path instead of obeying.
        answers: Body to answer on a path.
        silent: No frame leaves any more, as from a frozen server; the sockets stay open.
        deaf: HTTP calls hang, as on a frozen server.
    """

    snapshots: dict[Room, Frame]
    events: dict[Room, list[Frame]] = field(default_factory=lambda: {"console": [], "victim": []})
    heard: list[Frame] = field(default_factory=list)
    posted: list[tuple[str, Frame]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    officer: bool = True
    phone: str | None = "en"
    silent: bool = False
    deaf: bool = False
    sockets: dict[Room, list[WebSocket]] = field(
        default_factory=lambda: {"console": [], "victim": []}
    )
    loop: asyncio.AbstractEventLoop | None = None
    address: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    news: threading.Condition = field(default_factory=threading.Condition)
    visits: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def say(self, room: Room, kind: str, content: Frame, *, at: datetime | None = None) -> None:
        """Send an event to every socket of `room`, and keep it for those who resume."""
        instant = written(at or datetime.now(UTC))  # noqa: TID251 - a test's server has a clock.
        frame = {"type": "event", "at": instant, "kind": kind, "data": content}
        self.events[room].append(frame)
        frame["cursor"] = str(len(self.events[room]))
        self._run(self._broadcast(room, frame))

    def wait_for(self, came: Callable[[], bool]) -> None:
        """Wait until `came`, looked at after each thing that browsers send."""
        with self.news:
            assert self.news.wait_for(came, timeout=PATIENCE_S)

    def wait_to_hear(self, frame: Frame) -> None:
        """Wait until a browser has sent `frame`."""
        self.wait_for(lambda: frame in self.heard)

    def _note(self, kept: list[Any], sent: Any) -> None:
        with self.news:
            kept.append(sent)
            self.news.notify_all()

    def cut(self, room: Room, code: int = 1012) -> None:
        """Close every socket of `room`."""
        for link in list(self.sockets[room]):
            self._run(link.close(code))

    def _run(self, work: Any) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)

    async def _broadcast(self, room: Room, frame: Frame) -> None:
        if self.silent:
            return
        async with self.turn:
            for link in list(self.sockets[room]):
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await link.send_text(json.dumps(frame))

    async def answer(self, path: str, request: Request) -> Response:
        """Answer a call as told, or politely."""
        if self.deaf:
            await asyncio.sleep(HANGING_S)
        if request.method != "GET":
            said = await request.body()
            self._note(self.posted, (path, json.loads(said) if said else {}))
        refusal = self.refusals.get(path)
        if refusal is not None:
            return JSONResponse({"title": "Refused", "detail": "Refused."}, status_code=refusal)
        polite = {"csrf_token": "fake"} if path == "session" else {}
        return JSONResponse(self.answers.get(path, polite))

    async def attend(self, room: Room, link: WebSocket) -> None:
        """Serve one socket: snapshot or what was missed, then events and heartbeats."""
        await link.accept()
        self.visits[room] += 1
        try:
            first = await link.receive_json()
            self._note(self.heard, first)
            async with self.turn:
                if not self.silent:
                    await self._greet(room, link, str(first.get("after")))
                self.sockets[room].append(link)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._beat(link))
                group.create_task(self._listen(link))
        except* (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            if link in self.sockets[room]:
                self.sockets[room].remove(link)

    async def _greet(self, room: Room, link: WebSocket, after: str) -> None:
        past = self.events[room]
        if after.isdigit() and int(after) <= len(past):
            for frame in past[int(after) :]:
                await link.send_text(json.dumps(frame))
            return
        frame = {"type": "snapshot", "cursor": str(len(past)), **self.snapshots[room]}
        await link.send_text(json.dumps(frame))

    async def _beat(self, link: WebSocket) -> None:
        while True:
            if not self.silent:
                at = written(datetime.now(UTC))  # noqa: TID251 - as above.
                await link.send_text(json.dumps({"type": "heartbeat", "at": at}))
            await asyncio.sleep(HEARTBEAT_S)

    async def _listen(self, link: WebSocket) -> None:
        while True:
            self._note(self.heard, await link.receive_json())


def application(fake: Fake, centre: Centre) -> FastAPI:
    """Return the real pages on the pretended API."""
    app = FastAPI()

    async def is_officer(_: Request) -> bool:
        return fake.officer

    async def phone_language(_: Request) -> str | None:
        return fake.phone

    @app.websocket("/api/v1/live/{room}")
    async def live(room: Room, link: WebSocket) -> None:
        await fake.attend(room, link)

    @app.api_route("/api/v1/{path:path}", methods=["GET", "POST", "DELETE"])
    async def api(path: str, request: Request) -> Response:
        return await fake.answer(path, request)

    add_pages(
        app, visitors=Visitors(is_officer=is_officer, phone_language=phone_language), centre=centre
    )
    return app


@contextlib.contextmanager
def serving(fake: Fake, centre: Centre | None = None) -> Generator[Fake]:
    """Serve `fake` on a free port of this machine until the block ends."""
    app = application(fake, centre or Centre())
    config = uvicorn.Config(
        app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        fake.address = f"http://127.0.0.1:{door.getsockname()[1]}"
        ready = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, door, fake, ready), daemon=True)
        thread.start()
        assert ready.wait(20)
        try:
            yield fake
        finally:
            fake.deaf = False
            server.should_exit = True
            thread.join(10)


def _serve(server: uvicorn.Server, door: socket.socket, fake: Fake, ready: threading.Event) -> None:
    async def run() -> None:
        fake.loop = asyncio.get_running_loop()
        door.listen(64)
        ready.set()
        await server.serve(sockets=[door])

    asyncio.run(run())

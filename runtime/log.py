"""Telling what happened, on one line each, to standard error.

Event names are constants of the form `noun_verbed`; ids and reasons are fields. Our own lines and
those of every library (uvicorn, SQLAlchemy, paho, asyncio, warnings) pass the same redaction, see
`runtime.log_redaction`. Tracebacks show files, lines and functions: no source, no locals.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from domain.errors import KeepclearError
from runtime.log_redaction import HIDDEN, clean_fields, clean_foreign, clean_text

Format = Literal["auto", "console", "json"]

_EVENT: Final = re.compile(r"[a-z]+[0-9]{0,2}(?:_[a-z]+[0-9]{0,2})*")
_FRAMES_MAX: Final = 30
_CHAIN_MAX: Final = 6
#: Fields the machinery itself puts on a line.
_OWN_FIELDS: Final = ("at", "level", "logger", "event", "exception")
_MACHINERY: Final = ("_record", "_from_structlog")
#: Libraries that print statements, packets or requests when they are let.
_QUIET: Final = {
    "sqlalchemy": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "amqtt": logging.WARNING,
    "transitions": logging.WARNING,
    "paho": logging.WARNING,
    "asyncio": logging.WARNING,
    "websockets": logging.WARNING,
}


def logger(room: str) -> FilteringBoundLogger:
    """Return the logger of a room, a dotted module name. Safe to call at import."""
    return cast("FilteringBoundLogger", structlog.stdlib.get_logger(room))


def configure(level: str = "info", style: Format = "auto", out: TextIO | None = None) -> None:
    """Send every line of this process through the redaction and to `out` (standard error).

    Args:
        level: The least severe level written: debug, info, warning or error.
        style: `json`, `console`, or `auto`: console if `out` is a terminal.
        out: Where lines go.
    """
    stream = out or sys.stderr
    plain = style == "console" or (style == "auto" and stream.isatty())
    _take_over_logging(
        logging.getLevelNamesMapping()[level.upper()], _formatter(plain=plain), stream
    )
    _take_over_hooks()


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Return the line with nothing on it that could lead anyone to anyone."""
    machinery = {key: event[key] for key in _MACHINERY if key in event}
    own = {key: str(event[key]) for key in _OWN_FIELDS if key in event}
    taken = machinery.keys() | own.keys()
    said = clean_fields({key: value for key, value in event.items() if key not in taken})
    return {**machinery, **own, **said}


def exception_text(error: BaseException) -> str:
    """Return what may be said of an exception: its kind, its way here, and its cleaned message."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < _CHAIN_MAX * _FRAMES_MAX:
        lines.append(_one_exception(link))
        if isinstance(link, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", link)
            lines.extend(f"({exception_text(inner)})" for inner in group.exceptions[:_CHAIN_MAX])
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " <- ".join(lines)


def _one_exception(error: BaseException) -> str:
    """Return kind, message and frames of one exception of a chain."""
    ours = isinstance(error, KeepclearError)
    said = clean_text(str(error)) if ours else clean_foreign(_message_of(error))
    return f"{type(error).__name__}: {said} [{_frames(error.__traceback__)}]"


def _message_of(error: BaseException) -> str:
    """Return a foreign message; the ones that are nothing but a value are not repeated."""
    return HIDDEN if isinstance(error, (KeyError, UnicodeError)) else str(error)


def _frames(trace: TracebackType | None) -> str:
    """Return the way an exception came, without source lines: those may hold literals."""
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return ", ".join(frames[-_FRAMES_MAX:])


def _own_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Hide an event that is not a constant word: it was put together from values."""
    if _EVENT.fullmatch(str(event.get("event", ""))) is None:
        event["event"] = HIDDEN
    return event


def _foreign_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Clean the sentence of a library."""
    event["event"] = clean_foreign(str(event.get("event", "")))
    return event


def _render_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn whatever was passed as `exc_info` into harmless text."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    event.pop("stack", None)
    error = _exception_of(given)
    event.pop("exception", None)
    if error is not None:
        event["exception"] = exception_text(error)
    return event


def _hand_over(
    chosen: logging.Logger, method: str, event: EventDict
) -> tuple[tuple[EventDict], dict[str, object]]:
    """Give a cleaned line to logging, without the exception it would otherwise look up itself."""
    arguments, keywords = structlog.stdlib.ProcessorFormatter.wrap_for_formatter(
        chosen, method, event
    )
    return arguments, {**keywords, "exc_info": None}


def _exception_of(given: object) -> BaseException | None:
    """Return the exception that `exc_info` means: one, a triple, or the present one."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        second = cast("tuple[object, ...]", given)[1:2]
        return second[0] if second and isinstance(second[0], BaseException) else None
    return sys.exception() if given else None


_REDACTION: Final[tuple[Processor, ...]] = (
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    _render_exception,
    redact,
)

# Here and not in `configure`, so that a program or a test that forgot to configure leaks nothing.
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _own_event,
        *_REDACTION,
        _hand_over,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)


def _formatter(*, plain: bool) -> logging.Formatter:
    """Return the formatter all handlers share."""
    last: Processor = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=30, timestamp_key="at")
        if plain
        else structlog.processors.JSONRenderer()
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            _foreign_event,
            *_REDACTION,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        pass_foreign_args=False,
    )


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; cleans the arguments of foreign ones before they become text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, a foreign one with cleaned arguments."""
        if "_logger" not in record.__dict__:
            record = logging.makeLogRecord(record.__dict__)
            record.msg = record.msg if isinstance(record.msg, str) else _argument(record.msg)
            record.args = _clean_arguments(record.args) if record.args else ()
        super().emit(record)


def _clean_arguments(arguments: object) -> Any:
    """Return logging arguments in which every object hides itself."""
    if isinstance(arguments, Mapping):
        return {
            key: _argument(value) for key, value in cast("Mapping[str, object]", arguments).items()
        }
    return tuple(_argument(value) for value in cast("tuple[object, ...]", arguments))


def _argument(value: object) -> object:
    """Return a logging argument: scalars as they are, for %d and %f; the rest by its kind."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, BaseException):
        return exception_text(value)
    return f"<{type(value).__name__}>"


def _take_over_logging(level: int, formatter: logging.Formatter, stream: TextIO) -> None:
    """Make the root logger the only one that writes."""
    # A record that cannot be formatted would be printed raw, arguments and all.
    logging.raiseExceptions = False
    root = logging.getLogger()
    replacement = _Handler(stream)
    replacement.setFormatter(formatter)
    root.handlers[:] = [replacement]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        existing = logging.getLogger(name)
        existing.handlers.clear()
        existing.propagate = True
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, level))
    logging.captureWarnings(capture=True)


def _take_over_hooks() -> None:
    """Let exceptions nobody caught leave by the log and not by Python's traceback."""
    uncaught = logging.getLogger("uncaught")

    def on_exception(
        kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            uncaught.error("exception_uncaught", exc_info=error)

    def on_thread(event: threading.ExceptHookArgs) -> None:
        if event.exc_value is not None:
            uncaught.error("thread_failed", exc_info=event.exc_value)

    def on_unraisable(event: "sys.UnraisableHookArgs") -> None:
        if event.exc_value is not None:
            uncaught.error("exception_unraisable", exc_info=event.exc_value)

    sys.excepthook = on_exception
    threading.excepthook = on_thread
    sys.unraisablehook = on_unraisable

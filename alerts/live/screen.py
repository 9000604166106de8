"""What her page shows after a run of her events: the rule of the snapshot. Pure.

A snapshot is the fold of the events before its cursor, so a phone that applies what it missed to
an old snapshot stands where a new snapshot would put it. The last `alert` and what followed it are
enough to fold.
"""

from collections.abc import Iterable
from typing import Any, cast

Data = dict[str, Any]


def empty() -> Data:
    """Return the screen before anything has happened."""
    return {"alert": None, "help": None}


def fold(screen: Data, kind: str, data: Data) -> Data:
    """Return the screen after one more of her events."""
    if kind == "alert":
        return {**screen, "alert": data, "help": data["help"]}
    if kind == "help.state":
        return _with_help(screen, data)
    if kind == "protection.state":
        return {**screen, "protection": data}
    return screen


def fold_all(events: Iterable[tuple[str, Data]]) -> Data:
    """Return the screen after all of `events`, in order."""
    screen = empty()
    for kind, data in events:
        screen = fold(screen, kind, data)
    return screen


def _with_help(screen: Data, news: Data) -> Data:
    alert = cast("Data | None", screen["alert"])
    same = alert is not None and alert["help"]["incident_id"] == news["incident_id"]
    if news["state"] != "closed":
        told = {**cast("Data", alert), "help": news} if same else alert
        return {**screen, "alert": told, "help": news}
    shown = cast("Data | None", screen["help"])
    ended = shown is not None and shown["incident_id"] == news["incident_id"]
    return {**screen, "alert": None if same else alert, "help": None if ended else shown}

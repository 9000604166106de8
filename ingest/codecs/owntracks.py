"""OwnTracks: the JSON its phone apps publish, `_type` location and lwt.

Pure. Source: the OwnTracks booklet, "JSON", and its published schema (owntracks/json-schema).
`tst` is the instant of the fix in seconds; `vel` is km/h; `acc`, `alt`, `vel` are left out when
zero, so a missing accuracy is unknown and never perfect. Messages about the app itself (cards,
waypoints, commands, its own region alarms) are kept and counted and say nothing here.
"""

from datetime import datetime
from typing import Final

from domain.position import Position
from domain.reading import FixReport, PresenceReport, RawMessage, Reason
from ingest import fields
from ingest.codecs.items import Item, Object, read_items, refuse
from ingest.payload import Fault, body_hash

KMH_TO_MPS: Final = 1.0 / 3.6


def decode(message: RawMessage) -> tuple[Item, ...]:
    """Return what one OwnTracks message, or an array of them, says."""
    return read_items(message, _read)


def _read(item: Object, _received_at: datetime) -> Item:
    match item.get("_type"):
        case "location":
            return _location(item)
        case "lwt":
            return PresenceReport(online=False)
        case "encrypted":
            return Fault(reason=Reason.ENCRYPTED)
        case None:
            return refuse(item, Reason.MISSING_FIELD, "_type")
        case str():
            return refuse(item, Reason.UNSUPPORTED_TYPE, "_type")
        case _:
            return refuse(item, Reason.WRONG_TYPE, "_type")


def _location(item: Object) -> Item:
    fixed_at = fields.instant(item.get("tst"))
    if isinstance(fixed_at, Reason):
        return refuse(item, fixed_at, "tst")
    latitude_deg = fields.coordinate(item.get("lat"), 90.0)
    if isinstance(latitude_deg, Reason):
        return refuse(item, latitude_deg, "lat", fixed_at)
    longitude_deg = fields.coordinate(item.get("lon"), 180.0)
    if isinstance(longitude_deg, Reason):
        return refuse(item, longitude_deg, "lon", fixed_at)
    return FixReport(
        fixed_at=fixed_at,
        position=Position(latitude_deg=latitude_deg, longitude_deg=longitude_deg),
        body_hash=body_hash(item),
        accuracy_m=fields.accuracy_m(item.get("acc")),
        speed_mps=fields.speed_mps(item.get("vel"), KMH_TO_MPS),
        course_deg=fields.course_deg(item.get("cog")),
        altitude_m=fields.altitude_m(item.get("alt")),
        battery_percent=fields.battery_percent(item.get("batt")),
    )

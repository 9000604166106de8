"""Where: a point on the WGS 84 ellipsoid that does not print itself.

A coordinate in a log line can lead someone to someone, so the type keeps it out of `repr`,
`str`, f-strings and tracebacks alike.
"""

import math

import msgspec


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A point, WGS 84, degrees.

    Attributes:
        latitude_deg: Degrees north, -90 to 90.
        longitude_deg: Degrees east, -180 to 180; 180 and -180 are the same meridian.
    """

    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        """Keep NaN, infinities and anything off the globe out of the system."""
        assert math.isfinite(self.latitude_deg)
        assert math.isfinite(self.longitude_deg)
        assert -90.0 <= self.latitude_deg <= 90.0
        assert -180.0 <= self.longitude_deg <= 180.0

    def __repr__(self) -> str:
        """Say that there is a place, never which."""
        return "Position(<hidden>)"

"""How wrong a fix may be: from what a device claims to what has been measured.

Pure. A device claims a radius for 68 %. Phones of the MobilityNet runs (docs: `SOURCES.md`,
measured against reference paths) claim 10 m and are 35 m off one time in twenty; a small claim is
over-confident, a large one less so. The engine uses a radius that nineteen fixes in twenty keep.
"""

from bisect import bisect_right
from typing import Final

from domain.reading import Fix, Source

#: Claimed 68 % radius (m) -> radius that 95 % of real fixes keep (m), measured, both makers pooled.
MEASURED: Final[tuple[tuple[float, float], ...]] = (
    (0.0, 25.0),
    (10.0, 30.0),
    (30.0, 75.0),
    (65.0, 110.0),
    (200.0, 300.0),
)

#: Beyond the table the claims themselves become honest: 95 % keep one and a half times the claim.
BEYOND_TABLE: Final = 1.5

#: A fix wider than this says that its device lives, not where it is.
PLACE_RADIUS_M_MOST: Final = 2_000.0

#: Radius for a fix that claims none, by what made it (m). Unknown is not perfect.
UNCLAIMED_M: Final[dict[Source, float]] = {
    Source.GNSS: 100.0,
    Source.RF: 100.0,
    Source.WIFI: 150.0,
    Source.CELL: 3_000.0,
}


def error_radius_m(accuracy_m: float | None, source: Source) -> float:
    """Return the radius in metres that 95 % of fixes with this claim keep."""
    if accuracy_m is None:
        return UNCLAIMED_M[source]
    if accuracy_m >= MEASURED[-1][0]:
        return BEYOND_TABLE * accuracy_m
    upper = bisect_right(MEASURED, accuracy_m, key=lambda row: row[0])
    (claim_below, radius_below), (claim_above, radius_above) = MEASURED[upper - 1], MEASURED[upper]
    share = (accuracy_m - claim_below) / (claim_above - claim_below)
    return radius_below + share * (radius_above - radius_below)


def tells_place(fix: Fix) -> bool:
    """Return whether `fix` is narrow enough to say where its device is."""
    return error_radius_m(fix.accuracy_m, fix.source) <= PLACE_RADIUS_M_MOST

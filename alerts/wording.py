"""The words that stand for what her screen says. Pure.

Keys, not sentences: her page, and later a text or a voice call, each say them in her language.
Nothing here names a place, a person or a distance in figures.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.incident import AlertLevel


class Band(StrEnum):
    """How near, coarsely. Tied to levels, so it has their hysteresis and cannot be used to aim."""

    #: He is in her area.
    AREA = "area"
    #: Close to her.
    CLOSE = "close"
    #: Very close to her.
    VERY_CLOSE = "very_close"
    #: At a place of hers while she is somewhere else.
    AT_YOUR_PLACE = "at_your_place"
    #: We do not know.
    UNKNOWN = "unknown"
    #: Gone.
    AWAY = "away"


class Step(StrEnum):
    """What she can do now."""

    FOLLOW_PLAN = "follow_plan"
    #: Think about going inside.
    GO_INSIDE = "go_inside"
    #: Go inside or to a busy place. Lock the door.
    GO_INSIDE_NOW = "go_inside_now"
    CALL_999 = "call_999"


BANDS: Mapping[AlertLevel, Band] = MappingProxyType(
    {
        AlertLevel.WARNING: Band.AREA,
        AlertLevel.BREACH: Band.CLOSE,
        AlertLevel.CONTACT: Band.VERY_CLOSE,
        AlertLevel.UNKNOWN: Band.UNKNOWN,
        AlertLevel.OVER: Band.AWAY,
    }
)

STEPS: Mapping[AlertLevel, tuple[Step, ...]] = MappingProxyType(
    {
        AlertLevel.WARNING: (Step.FOLLOW_PLAN, Step.GO_INSIDE),
        AlertLevel.BREACH: (Step.GO_INSIDE_NOW, Step.CALL_999),
        AlertLevel.CONTACT: (Step.GO_INSIDE_NOW, Step.CALL_999),
        AlertLevel.UNKNOWN: (Step.FOLLOW_PLAN,),
        AlertLevel.OVER: (),
    }
)

#: What her page says of her help begins so: for a call of hers, and for an alert.
CALL_TEXT_PREFIX = "sos."
HELP_TEXT_PREFIX = "help."

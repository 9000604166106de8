"""The words of the ledger: every decision of this room, and its reason. Pure.

The ledger answers, long afterwards, "why was she not told?" as well as "why was she told?". A
decision without a reason cannot be written down.
"""

from datetime import datetime
from enum import StrEnum

import msgspec


class Decision(StrEnum):
    """What was decided."""

    #: Officers are paged, or an incident is opened, worsened, eased.
    INCIDENT = "incident"
    #: Nothing is done about a transition.
    IGNORE = "ignore"
    TELL = "tell"
    SUPPRESS = "suppress"
    #: She has been told already.
    DEDUPE = "dedupe"
    DELIVERED = "delivered"
    RECEIVED = "received"
    SEEN = "seen"
    FAILED = "failed"
    CARRY_OUT = "carry_out"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why a notice went out, or did not, and what became of it."""

    #: The level of what stands for her changed.
    LEVEL = "level"
    #: The worse of two ended, and the other still stands.
    STILL_STANDS = "still_stands"
    #: A human closed what still stood on her screen.
    CLOSED = "closed"
    NOT_ABOUT_HER = "not_about_her"
    #: A device's trouble: officers decide what to tell her.
    FOR_OFFICERS = "for_officers"
    LATE_NEWS = "late_news"
    #: We do not know where he is, and nothing makes it urgent.
    TIMED_TASK = "timed_task"
    #: Something worse is on her screen.
    WORSE_STANDS = "worse_stands"
    SAME_ALERT = "same_alert"
    #: Written to a connection of hers.
    SENT = "sent"
    #: Her phone is not connected; it is told when it comes back.
    NOT_CONNECTED = "not_connected"
    #: Sent, and not even her phone has answered in time.
    NOT_RECEIVED = "not_received"
    #: Her phone answered by itself.
    BY_PHONE = "by_phone"
    #: A human answered.
    BY_HUMAN = "by_human"
    #: The answer was recorded before.
    AGAIN = "again"
    UNKNOWN_ALERT = "unknown_alert"
    FOREIGN_ALERT = "foreign_alert"
    DONE = "done"


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision.

    Attributes:
        subject: What it is about: an incident, an alert or a command, by id.
        ref: What brought it about: a transition, a command or a person, by id.
    """

    at: datetime
    subject: str
    ref: str
    decision: Decision
    reason: str

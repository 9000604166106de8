"""Transitions, incidents and commands that are valid by default; tests override what matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.incident import apply
from alerts.policy import rule
from domain.command import Command, CommandType
from domain.ids import (
    CommandId,
    ConditionId,
    DeviceId,
    OrderId,
    PersonId,
    TransitionId,
    derive,
)
from domain.incident import Incident
from domain.order import Circle, ExclusionZone, Order, OrderType, Proximity
from domain.position import Position
from domain.transition import FixReference, Level, Subject, Transition

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
ORDER = OrderId("order-1")
CONDITION = ConditionId("condition-1")
ZONE = ConditionId("condition-2")
WEARER = PersonId("wearer-1")
HER = PersonId("protected-1")
TAG = DeviceId("tag-1")


def at(seconds: float) -> datetime:
    """Return the instant `seconds` after the start of the story."""
    return START + timedelta(seconds=seconds)


def a_transition(after: Level = Level.BREACH, seconds: float = 0.0, **fields: Any) -> Transition:
    """Return a proximity transition to `after`; pass `subject` and the rest to change it."""
    given: dict[str, Any] = {
        "at": at(seconds),
        "since": at(seconds),
        "order_id": ORDER,
        "wearer_id": WEARER,
        "subject": Subject.PROXIMITY,
        "after": after,
        "before": Level.CLEAR,
        "reason": "distance",
        "condition_id": CONDITION,
        "protected_id": HER,
        "device_id": TAG,
        "nearest_m": 420.0,
        "central_m": 450.0,
        "uncertainty_m": 30.0,
        "fix": FixReference(device_id=TAG, fixed_at=at(seconds - 1), received_at=at(seconds)),
    }
    given |= fields
    cause = f"{given['subject']}{given['condition_id']}{given['device_id']}{after}{seconds}"
    given.setdefault("transition_id", TransitionId(derive("transition", cause)))
    return Transition(**given)


def of_device(subject: Subject, seconds: float = 0.0, **fields: Any) -> Transition:
    """Return a transition about the tag as a whole."""
    given: dict[str, Any] = {"condition_id": None, "protected_id": None, "nearest_m": None}
    after = fields.pop("after", Level.UNKNOWN)
    return a_transition(after, seconds, subject=subject, **(given | fields))


def an_incident(*transitions: Transition) -> Incident:
    """Return the incident that `transitions`, by default one breach, make."""
    incident: Incident | None = None
    for transition in transitions or (a_transition(),):
        incident = apply(incident, transition, rule(transition)).incident
    assert incident is not None
    return incident


def a_command(command_type: CommandType, seconds: float = 1.0, **fields: Any) -> Command:
    """Return an officer's command."""
    given: dict[str, Any] = {
        "command_id": CommandId(f"command-{command_type}-{seconds}"),
        "actor": "officer-1",
        "at": at(seconds),
        "received_at": at(seconds),
    }
    return Command(command_type=command_type, **(given | fields))


def an_order(**fields: Any) -> Order:
    """Return an order that keeps the wearer away from her and from one place of hers."""
    given: dict[str, Any] = {
        "order_id": ORDER,
        "order_type": OrderType.RESTRAINING_ORDER,
        "reference": "T20261234",
        "wearer_id": WEARER,
        "valid_from": START - timedelta(days=1),
        "valid_until": START + timedelta(days=365),
        "timezone": "Europe/London",
        "conditions": (
            Proximity(
                condition_id=CONDITION,
                protected_id=HER,
                alert_m=1000.0,
                warning_m=2000.0,
                contact_m=300.0,
            ),
            ExclusionZone(
                condition_id=ZONE,
                area=Circle(centre=Position(latitude_deg=51.6, longitude_deg=-0.1), radius_m=300.0),
                protected_id=HER,
            ),
        ),
    }
    return Order(**(given | fields))

"""Every figure we publish, declared in one place.

No label ever holds a device, a person, an order or a place: labels are words of fixed
vocabularies. One `Metrics` belongs to one process and is handed to its rooms.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: Seconds, from a local commit to a stage that takes far too long.
_STAGES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0)
_GROUPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)

#: The stages of a fix, in order, for `stage_seconds`.
RECEIVED_COMMITTED: Final = "received_committed"
COMMITTED_DECIDED: Final = "committed_decided"


class Metrics:
    """The figures of one process.

    Each attribute is a Prometheus instrument; its help text says what it counts.
    """

    def __init__(self) -> None:
        """Declare everything in a registry of our own, so that tests do not share one."""
        self.registry = CollectorRegistry(auto_describe=True)
        self._declare_intake()
        self._declare_decisions()
        self._declare_health()

    def _declare_intake(self) -> None:
        """From the broker to the record."""
        self.messages_received = self._counter("messages_received", "MQTT messages received.")
        self.messages_duplicate = self._counter(
            "messages_duplicate", "Messages that had been admitted before."
        )
        self.readings_rejected = self._counter(
            "readings_rejected", "Readings kept as evidence but not believed.", "reason"
        )
        self.messages_quarantined = self._counter(
            "messages_quarantined", "Messages that no one could read.", "reason"
        )
        self.commits = self._counter("commits", "Group commits.")
        self.commit_group_size = self._histogram(
            "commit_group_size", "Writes that shared one commit.", _GROUPS
        )
        self.lanes_depth = self._gauge("lanes_depth", "Messages waiting to be admitted.")

    def _declare_decisions(self) -> None:
        """From the record to a human."""
        self.fixes_evaluated = self._counter("fixes_evaluated", "Fixes the engine has judged.")
        self.transitions = self._counter("transitions", "Transitions, by what changed.", "kind")
        self.incidents_opened = self._counter("incidents_opened", "Incidents opened.", "kind")
        self.deliveries = self._counter(
            "deliveries", "Attempts to tell someone.", "channel", "outcome"
        )
        self.sockets = self._gauge("sockets", "Websockets open now.", "audience")
        self.stage_seconds = self._histogram(
            "stage_seconds", "Time a fix spent in a stage.", _STAGES_S, "stage"
        )

    def _declare_health(self) -> None:
        """How the machinery is."""
        self.room_beat_age_seconds = self._gauge(
            "room_beat_age_seconds", "Time since a room last spoke.", "room"
        )
        self.room_restarts = self._gauge("room_restarts", "Lives after the first.", "room")
        self.canary_age_seconds = self._gauge(
            "canary_age_seconds", "Time since the canary last went through."
        )

    def render(self) -> str:
        """Return everything as Prometheus text, format 0.0.4."""
        return generate_latest(self.registry).decode()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"keepclear_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"keepclear_{name}", meaning, labels, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"keepclear_{name}", meaning, labels, buckets=buckets, registry=self.registry
        )

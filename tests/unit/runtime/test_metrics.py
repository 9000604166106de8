"""Metrics: figures without anybody in them."""

import pytest

from runtime.metrics import COMMITTED_DECIDED, Metrics

#: Labels whose values are words of a fixed vocabulary.
ALLOWED = {
    *("reason", "kind", "channel", "outcome", "audience", "stage", "stream", "group", "room"),
    *("le",),
}


def touched() -> Metrics:
    """Return metrics in which every instrument has been used once."""
    metrics = Metrics()
    for instrument in vars(metrics).values():
        names = getattr(instrument, "_labelnames", None)
        if names:
            instrument.labels(*("x" for _ in names))
    return metrics


def test_what_is_counted_is_rendered() -> None:
    """The text is what Prometheus reads."""
    metrics = Metrics()
    metrics.messages_received.inc(3)
    metrics.stage_seconds.labels(COMMITTED_DECIDED).observe(0.004)
    lines = metrics.render().splitlines()

    assert "keepclear_messages_received_total 3.0" in lines
    assert 'keepclear_stage_seconds_bucket{le="0.005",stage="committed_decided"} 1.0' in lines


def test_no_label_can_hold_a_device_or_a_person() -> None:
    """Every label is one of the fixed vocabularies."""
    used = {
        label
        for family in touched().registry.collect()
        for sample in family.samples
        for label in sample.labels
    }

    assert set() == used - ALLOWED


def test_every_figure_is_explained() -> None:
    """Each instrument says in a sentence what it counts."""
    assert all(family.documentation.endswith(".") for family in Metrics().registry.collect())


def test_processes_do_not_share_a_registry() -> None:
    """Two Metrics count apart."""
    one, other = Metrics(), Metrics()
    one.commits.inc()

    assert "keepclear_commits_total 1.0" in one.render()
    assert "keepclear_commits_total 0.0" in other.render()


def test_an_unknown_label_is_refused() -> None:
    """Nobody can add a label on the way."""
    with pytest.raises(ValueError, match="label"):
        Metrics().transitions.labels(kind="proximity", device="tag-1")

"""How much a claim of accuracy is worth."""

import itertools

from domain.reading import Source
from geofence.errors import MEASURED, UNCLAIMED_M, error_radius_m, tells_place
from tests.unit.geofence.scenes import TAG, a_fix


def test_no_claim_is_not_a_perfect_claim() -> None:
    """A fix without accuracy is worse than one that claims fifty metres."""
    assert error_radius_m(None, Source.GNSS) == UNCLAIMED_M[Source.GNSS]
    assert error_radius_m(None, Source.GNSS) > error_radius_m(50.0, Source.GNSS)


def test_small_claims_are_not_taken_at_their_word() -> None:
    """A claim of a metre is given what such claims have been worth."""
    assert 25.0 < error_radius_m(1.0, Source.GNSS) < 35.0


def test_a_wider_claim_is_never_a_narrower_radius() -> None:
    """The radius grows with the claim, without a jump where the table ends."""
    claims = [claim / 4 for claim in range(4 * 3000)]
    radii = [error_radius_m(claim, Source.GNSS) for claim in claims]
    assert radii == sorted(radii)
    assert all(after - before < 1.0 for before, after in itertools.pairwise(radii))


def test_the_table_is_met_exactly() -> None:
    """At its own claims the table is the answer."""
    for claim, radius in MEASURED:
        assert radius == error_radius_m(claim, Source.GNSS)


def test_a_very_wide_fix_proves_life_not_place() -> None:
    """Five kilometres of claimed error say nothing of where."""
    assert not tells_place(a_fix(TAG, 0, 0, accuracy_m=5_000.0))
    assert not tells_place(a_fix(TAG, 0, 0, accuracy_m=1e6))
    assert tells_place(a_fix(TAG, 0, 0, accuracy_m=1_000.0))

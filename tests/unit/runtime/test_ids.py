"""Identities and secrets."""

import hashlib
import re

from runtime.ids import new_id, new_secret, secret_hash


def test_ids_fit_everywhere_a_device_id_does() -> None:
    """An id is its prefix and 26 characters that need no quoting anywhere."""
    assert re.fullmatch(r"tag-[0-9a-hjkmnp-tv-z]{26}", new_id("tag"))


def test_ids_differ_and_sort_by_time() -> None:
    """Two ids are never equal, and the time part never runs backwards."""
    made = [new_id("x") for _ in range(1000)]
    instants = [made_id[:12] for made_id in made]

    assert len(made) == len(set(made))
    assert sorted(instants) == instants


def test_secrets_are_kept_as_a_hash() -> None:
    """A secret has 256 bits, and what we keep is its SHA-256."""
    secret = new_secret()

    assert 43 == len(secret)
    assert hashlib.sha256(secret.encode()).hexdigest() == secret_hash(secret)

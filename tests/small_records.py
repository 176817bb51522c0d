"""Records in tests."""

from __future__ import annotations

from music_adversaries.book.measurements import named
from music_adversaries.book.records import Record


def kinds(record: Record) -> set[tuple[str, frozenset[str]]]:
    """Which quantities a record has, and by which conditions each is told apart."""
    found = map(named, record.measurements)
    return {(one.quantity, frozenset(name for name, _ in one.conditions)) for one in found}

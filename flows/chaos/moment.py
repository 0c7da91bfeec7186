"""The moment at which the proof begins."""

from datetime import UTC, datetime

NOON = datetime(2027, 3, 1, 4, tzinfo=UTC)
"""Twelve o'clock in Shanghai."""

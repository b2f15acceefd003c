"""Clips with known truth."""

"""Measuring how the skin itself moves."""

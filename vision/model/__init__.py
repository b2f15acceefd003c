"""Frozen carriers: what the stages hand to each other. Imports nothing above `settings`."""

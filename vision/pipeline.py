"""The whole method in order: read aloud, it is about ten calls."""

"""Pure array mathematics that several stages share."""

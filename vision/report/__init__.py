"""Writing down what was found."""

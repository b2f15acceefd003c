"""From motion to twitches, and from twitches to what they mean. Plain arrays only."""

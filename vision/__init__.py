"""twitchscope: measures muscle twitches in phone video."""

"""Writing down what was found: result.json and its companions, sentences, pictures, report.html.

Reads carriers; of the stages it takes the frames from `video`, and from `twitch` bursts, chance and spectrum, which
are drawn just as they were counted.
"""

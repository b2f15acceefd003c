"""Writing down what was found: result.json and its companions, sentences, pictures, report.html.

Reads carriers only; knows no stage but `video`, from which it takes the one frame of the still.
"""

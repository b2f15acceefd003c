"""What results/motion.md says around its tables."""

COLUMNS = {
    "noise": ["scene", "noise", "method", "sd, px", "bound, px", "sd ÷ bound", "90 % of cells below", "rms ÷ rms",
              "÷ two-frame bound", "÷ wide bound", "ms a frame"],
    "gain": ["scene", "moving", "method"],
    "bias": ["scene", "method", "largest shared error, px", "of a cell, rms px"],
    "body": ["scene", "movement", "left, rms px", "1 % of cells above", "cells seen, %", "twitch of 2 px keeps"],
    "drift": ["method", "frames", "first minute, px", "last minute, px", "drift, px", "ms a frame"],
}  # fmt: skip

TEXT = """# Displacement against the physical limit

`python benchmarks/motion.py`. Scenes, methods and the bound: `benchmarks/README.md`.

{made}

## Noise of a still scene

Standard deviation over time of each cell and axis, median over cells, beside the Cramér-Rao bound of that cell's own
pixels, the light known without noise. Noise in grey levels. `rms ÷ rms` pools the cells, so that those with the least
texture rule it. The wide bound counts 2 px more on every side of the cell, all that smoothing draws in. A window
wider than a cell, as that of Lucas-Kanade over 3 cells, DIS and phase correlation, beats the bound of a cell at the
price of the local gain below.

{noise}

## Gain

Half-sine pulses at 30 frames/s, noise of 1 grey level, the settings of the table above. 1 is the true size. A local
twitch is read by least squares over its footprint (sigma 0.075 of the outer-eye distance, 15 px; 16 px on skin). The
mean over a cell of 7 px alone costs 0.8 % of that.

{gain}

## Bias between pixels

The whole picture moved by 0.1 to 0.9 px, and half of it down: error that all cells share, and that of a cell by itself.

{bias}

## What moves as a whole

Drawn into pixels (benchmarks/body.py), followed and taken out (`vision.motion.stabilise`), noise 1, 3 s. What is left
at rest holds the noise of the cells, which the row "nothing" shows. The twitch stands for 0.27 s at 2 px, a local
Gaussian as above; what it keeps is its gain times what the model of the whole leaves of it.

{body}

## Drift

A small skin picture that sways by 1.5 px while its brightness goes up and down by 10 %, noise 2, 30 frames/s, made as
it is measured: its texture is shifted in the frequency domain, so nothing is interpolated. Error of the mean over each
cell's first and last minute, rms over cells; drift is the change between them.

{drift}
"""

"""Clips with known truth: ``simulate(scenario_named("eyelid", seed=7), path)``.

    scenario   what a clip shows, every number of it; `named` the scenarios the command line knows
    rests      a set of scenarios in which nothing twitches
    schedule   when things happen: twitches, eye closures, frame times; `wander` how hands, heads and lamps drift
    distractors  when things happen that are no twitches; `mimic` moves the face, `optics` changes the light
    truth      what an analysis should find; `labels` its pattern
    scene      the picture at rest: `portrait` (a face) or `skin` (a limb), with `texture` and `tones`; `places` in it
    warp       where each pixel of a frame comes from, `lids` around the eyes; `camera` light and noise
    render     frames; `clip` files
    trains     events alone, no picture, seen through a detector; `patterns` every row of the label table

All draws come from the seed through one generator for each purpose, so that no draw depends on what is rendered or
on another purpose: the same seed gives the same frames, and a new blink leaves the twitches where they were.

Left out: movement within one exposure (each frame shows one instant); a rolling shutter skews the hand's shake and
nothing else; a head that turns bulges, but hides nothing of itself. A twitch is rounder and cleaner here than on a
patient.
"""

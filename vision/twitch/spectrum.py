"""The rhythm of the motion itself at the busiest site, apart from any event: a spectrum on real timestamps."""

from __future__ import annotations

import numpy as np
import scipy.signal

from vision.model.arrays import FloatArray
from vision.model.events import EventSet, Site
from vision.model.signals import MotionSignals
from vision.twitch.pooling import footprint

SLOWEST_HZ, FASTEST_HZ = 1.0, 20.0  # slower is breathing and posture; facial units fire faster only within a twitch
NYQUIST_SHARE = 0.8  # of half the frame rate: above it, frame timing and aliases decide
OVERSAMPLING = 4  # frequencies for each independent one
BACKGROUND_ORDER = 2  # of the polynomial through the noise: flat, red and white-with-red are all within it
FALSE_ALARM = 0.01  # probability, over all frequencies searched, that noise shows such a peak
SHORTEST_S = 5.0


def spectral_peak_hz(events: EventSet, signals: MotionSignals) -> float | None:
    """Frequency at which the busiest site moves most, None where no peak stands out of its surroundings.

    Notes
    -----
    Lomb-Scargle (Scargle 1982, doi:10.1086/160554) on the frames that were seen. The power of each frequency is
    compared with a smooth background, so that the slope of a red spectrum makes no peak; the false-alarm
    probability counts all frequencies searched.
    """
    if not events.sites:
        return None
    time_s, course_px = site_course(max(events.sites, key=lambda site: site.event_count), signals)
    if len(time_s) < 2 or time_s[-1] - time_s[0] < SHORTEST_S:
        return None
    fastest_hz = min(FASTEST_HZ, NYQUIST_SHARE * 0.5 / events.frame_interval_s)
    step_hz = 1 / (OVERSAMPLING * (time_s[-1] - time_s[0]))
    frequency_hz = np.arange(SLOWEST_HZ, fastest_hz, step_hz)
    if not len(frequency_hz) or course_px.std() == 0:
        return None
    power = scipy.signal.lombscargle(time_s, course_px - course_px.mean(), 2 * np.pi * frequency_hz)
    height = power / background(frequency_hz, power)
    top = int(np.argmax(height))
    searched = len(frequency_hz)  # oversampled ones are not independent, but their maximum is as high as if they were
    false_alarm = -np.expm1(searched * np.log1p(-np.exp(-min(float(height[top]), 700.0))))
    return float(frequency_hz[top]) if false_alarm < FALSE_ALARM else None


def background(frequency_hz: FloatArray, power: FloatArray) -> FloatArray:
    """Mean power of noise at each frequency: a parabola in log-log, which a single peak hardly moves."""
    level = np.log(np.maximum(power, 1e-12 * float(power.max())))
    octave = np.log(frequency_hz)
    fitted = np.polyval(np.polyfit(octave, level, BACKGROUND_ORDER), octave)
    return np.asarray(np.exp(fitted + np.euler_gamma))  # E[ln X] = ln(mean) - 0.577 for noise


def site_course(site: Site, signals: MotionSignals) -> tuple[FloatArray, FloatArray]:
    """Times and displacement along a site's direction, pooled over its footprint; frames without a view left out."""
    centre = np.array([[site.x_px, site.y_px]])
    sigma_px = site.footprint_sigma_px or signals.spacing_px
    share = footprint(signals.point_px, centre, sigma_px)[:, 0]
    near = share > 0
    seen = signals.valid[:, near].all(1) if near.any() else np.zeros(len(signals.time_s), bool)
    if not seen.any():
        return np.zeros(0), np.zeros(0)
    information = np.einsum("n,nij->ij", share[near] ** 2, signals.structure[near])
    moved = signals.displacement_px[seen][:, near].astype(float)
    score = np.einsum("n,nij,tnj->ti", share[near], signals.structure[near], moved)
    vector = np.linalg.solve(information, score.T).T
    angle = site.direction_rad or 0.0
    return signals.time_s[seen], vector @ np.array([np.cos(angle), np.sin(angle)])

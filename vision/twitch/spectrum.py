"""The rhythm of the motion itself at each site, apart from any event: a spectrum on real timestamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vision.blocks import blocks
from vision.model.arrays import FloatArray
from vision.model.events import EventSet, Site
from vision.model.features import SiteSpectrum
from vision.model.signals import MotionSignals
from vision.twitch.pooling import footprint
from vision.twitch.trains import busiest_site

SLOWEST_HZ, FASTEST_HZ = 1.0, 20.0  # slower is breathing and posture; facial units fire faster only within a twitch
NYQUIST_SHARE = 0.8  # of half the frame rate: above it, frame timing and aliases decide
OVERSAMPLING = 4  # frequencies for each independent one
BACKGROUND_ORDER = 2  # of the polynomial through the noise: flat, red and white-with-red are all within it
FALSE_ALARM = 0.01  # probability, over all frequencies searched, that noise shows such a peak
SHORTEST_S = 5.0
HIGHEST_HARMONIC = 4  # of a peak, looked for below it: a train of short twitches holds several
SMALLEST_FUNDAMENTAL = 0.1  # of the highest peak; the rate of a train of twitches is its strongest or near it; ours
LINE_WIDTH_HZ, LINE_REACH_HZ = 0.25, 0.6  # an uneven beat spreads by pi f CV^2, 0.25 Hz at 8 Hz and CV 0.1; ours
LIGHT_HZ = (100.0, 120.0, 200.0, 240.0)  # lamps on 50 and 60 Hz mains brighten twice a cycle, and their overtones
MAINS_WANDER = 0.002  # of the mains' frequency: 50 Hz is kept to 0.1 Hz; our choice
MOST_KEYFRAME_HARMONIC = 20  # finer combs are everywhere and mark nothing
FEWEST_KEYFRAMES = 4
FRAMES_AT_ONCE = 4096  # bounds the memory of a long clip
SMALLEST_SHARE = 1e-16  # of the course that a sine explains: keeps a frequency finite at which all sines are 0


def site_spectra(events: EventSet, signals: MotionSignals) -> tuple[SiteSpectrum, ...]:
    """Read the spectrum of each site that was watched long enough.

    Notes
    -----
    Lomb-Scargle (Scargle 1982, doi:10.1086/160554) on the frames that were seen. The power of each frequency is
    compared with a smooth background, so that the slope of a red spectrum makes no peak; the false-alarm
    probability counts all frequencies searched. They are oversampled fourfold, which makes it err on the safe side
    (Baluev 2008, doi:10.1111/j.1365-2966.2008.12689.x, gives about three independent ones for four). A train of
    short twitches has peaks at multiples of its rate; the lowest of those that stand out is given.
    """
    found = (_spectrum(site, events, signals) for site in events.sites)
    return tuple(spectrum for spectrum in found if spectrum is not None)


def busiest_peak_hz(events: EventSet, spectra: tuple[SiteSpectrum, ...]) -> float | None:
    """Give the peak of the site with most events, None where nothing stands out there."""
    site = busiest_site(events.events) if events.events else _first_id(events)
    return next((spectrum.peak_hz for spectrum in spectra if spectrum.site == site), None)


def _first_id(events: EventSet) -> int | None:
    return max(events.sites, key=lambda site: site.event_count).id if events.sites else None


@dataclass(frozen=True, eq=False)
class Periodogram:
    """Power of one site's motion, each frequency against its smooth background: (F,) `frequency_hz` and `height`."""

    frequency_hz: FloatArray
    height: FloatArray
    resolution_hz: float


def site_periodogram(site: Site, events: EventSet, signals: MotionSignals) -> Periodogram | None:
    """Read the power at each frequency searched; None where the site was watched for too short a time."""
    time_s, course_px = site_course(site, signals)
    if len(time_s) < 2 or time_s[-1] - time_s[0] < SHORTEST_S or course_px.std() == 0:
        return None
    resolution_hz = float(1 / (time_s[-1] - time_s[0]))
    fastest_hz = min(FASTEST_HZ, NYQUIST_SHARE * 0.5 / events.frame_interval_s)
    frequency_hz = np.arange(SLOWEST_HZ, fastest_hz, resolution_hz / OVERSAMPLING)
    if len(frequency_hz) <= BACKGROUND_ORDER + 1:
        return None
    power = lomb_scargle(time_s, course_px - course_px.mean(), resolution_hz / OVERSAMPLING, len(frequency_hz))
    return Periodogram(frequency_hz, power / background(frequency_hz, power), resolution_hz)


def lomb_scargle(time_s: FloatArray, course: FloatArray, step_hz: float, count: int) -> FloatArray:
    """(F,) power at `count` frequencies from `SLOWEST_HZ` on, by steps of `step_hz`, as SciPy's `lombscargle` gives it.

    Frequencies at even steps are sums of a slow and a quick one, so that two small sets of waves and a matrix product
    stand for all: memory and trigonometry grow with the root of the frequencies, not with their number.
    """
    fine = int(np.ceil(np.sqrt(count)))
    coarse = -(-count // fine)
    once, twice = np.zeros((2, coarse, fine), complex)
    for some in blocks(len(time_s), FRAMES_AT_ONCE):
        turn = 2j * np.pi * time_s[some, None]
        slow = np.exp(turn * (SLOWEST_HZ + step_hz * fine * np.arange(coarse)))
        quick = np.exp(turn * step_hz * np.arange(fine))
        once += (slow * course[some, None]).T @ quick
        twice += (slow**2).T @ quick**2
    once, twice = once.ravel()[:count], twice.ravel()[:count]
    turned, length = once * np.exp(-0.5j * np.angle(twice)), np.abs(twice)
    cosine, sine = (len(time_s) + length) / 2, np.maximum((len(time_s) - length) / 2, SMALLEST_SHARE * len(time_s))
    return np.asarray((turned.real**2 / cosine + turned.imag**2 / sine) / 2)


def _spectrum(site: Site, events: EventSet, signals: MotionSignals) -> SiteSpectrum | None:
    found = site_periodogram(site, events, signals)
    if found is None:
        return None
    frequency_hz, height = found.frequency_hz, found.height
    peak = _fundamental(frequency_hz, height, found.resolution_hz)
    peak = _middle_of_line(peak, frequency_hz, height)
    p = false_alarm_p(float(height.max()), len(frequency_hz))
    peak_hz = float(frequency_hz[peak]) if p < FALSE_ALARM else None
    marks = () if peak_hz is None else _marks(peak_hz, found.resolution_hz, events.frame_interval_s, signals)
    return SiteSpectrum(
        site.id, peak_hz, p, (float(frequency_hz[0]), float(frequency_hz[-1])), found.resolution_hz, marks
    )  # fmt: skip


def false_alarm_p(height: float, searched: int) -> float:
    """Probability that the highest of `searched` frequencies of noise alone reaches `height` times the mean power."""
    return float(-np.expm1(searched * np.log1p(-np.exp(-min(max(height, 1e-12), 700.0)))))


def height_by_chance(p: float, searched: int) -> float:
    """Undo `false_alarm_p`: the height that the highest of `searched` frequencies of noise reaches with `p`."""
    return float(-np.log(-np.expm1(np.log1p(-p) / searched)))


def _fundamental(frequency_hz: FloatArray, height: FloatArray, resolution_hz: float) -> int:
    """Index of the highest peak, or of the lowest peak of which it is a multiple and that stands out too."""
    from scipy.signal import find_peaks  # loads for long; needed once the film is read

    top = int(np.argmax(height))
    peaks = find_peaks(height)[0]
    least = SMALLEST_FUNDAMENTAL * float(height[top])
    high = [int(i) for i in peaks if height[i] >= least]
    outstanding = [i for i in high if false_alarm_p(float(height[i]), len(height)) < FALSE_ALARM]
    while (lower := _lower_harmonic(top, outstanding, frequency_hz, resolution_hz)) is not None:
        top = lower
    return top


def _middle_of_line(peak: int, frequency_hz: FloatArray, height: FloatArray) -> int:
    """Index of the middle of a line that an uneven beat has spread into many peaks; a sharp line stays."""
    width = LINE_WIDTH_HZ / float(frequency_hz[1] - frequency_hz[0])
    near = np.flatnonzero(np.abs(frequency_hz - frequency_hz[peak]) <= LINE_REACH_HZ)
    return int(near[np.argmax(gaussian_filter1d(height, width)[near])])


def _lower_harmonic(top: int, peaks: list[int], frequency_hz: FloatArray, resolution_hz: float) -> int | None:
    for harmonic in range(HIGHEST_HARMONIC, 1, -1):
        near = [i for i in peaks if abs(frequency_hz[i] - frequency_hz[top] / harmonic) <= resolution_hz]
        if near:
            return min(near, key=lambda i: abs(float(frequency_hz[i]) - float(frequency_hz[top]) / harmonic))
    return None


def _marks(peak_hz: float, resolution_hz: float, frame_s: float, signals: MotionSignals) -> tuple[str, ...]:
    """Say what else moves at a frequency: aliases of lamps, and the comb of the keyframes."""
    rate_hz = 1 / frame_s
    light = [
        f"alias of {light_hz:g} Hz light"
        for light_hz in LIGHT_HZ
        if abs(alias_hz(light_hz, rate_hz) - peak_hz) <= resolution_hz + MAINS_WANDER * light_hz
    ]
    comb_hz = keyframe_comb_hz(signals, resolution_hz)
    if comb_hz is None:
        return tuple(light)
    harmonic = round(peak_hz / comb_hz)
    if 1 <= harmonic <= MOST_KEYFRAME_HARMONIC and abs(peak_hz - harmonic * comb_hz) <= resolution_hz:
        light.append(f"keyframes, harmonic {harmonic}")
    return tuple(light)


def keyframe_comb_hz(signals: MotionSignals, resolution_hz: float) -> float | None:
    """Rate of the keyframes; None where they are few, or so rare that their comb is everywhere."""
    key_s = signals.time_s[signals.is_keyframe]
    if len(key_s) < FEWEST_KEYFRAMES:
        return None
    comb_hz = 1 / float(np.median(np.diff(key_s)))
    return comb_hz if comb_hz > 4 * resolution_hz else None


def alias_hz(frequency_hz: float, rate_hz: float) -> float:
    """Frequency that pictures at `rate_hz` show for a faster one."""
    folded = frequency_hz % rate_hz
    return min(folded, rate_hz - folded)


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

"""Which pattern: the label table as a small explicit model, from features to probabilities, a label and reasons.

Every condition of the table is a membership between 0 and 1, softened by what the counts cannot tell. They split one
whole, so that the four probabilities add up to 1 by construction::

    nothing real (few events, scattered as false ones are)
        limit fine, watched long enough, eyes ordinary   -> no-twitch
        otherwise                                        -> spread evenly
    real
        most of the time
            a face or an eye                             -> sustained-facial
            skin                                         -> spread evenly
        with quiet gaps
            one place                                    -> intermittent-focal
            three or more, none with over half, in turn  -> migrating
            anything between                             -> half to each neighbour

`indeterminate` is the decision to name none: a precondition fails, or no pattern reaches ``call_probability``.
All numbers are our choice, unvalidated (`vision.settings.PatternSettings`); none was fitted to patients.
"""

from __future__ import annotations

from vision.model.events import EventSet
from vision.model.features import PATTERNS, Features, Pattern, PatternCall
from vision.model.regions import View
from vision.model.result import Quality
from vision.settings import PatternSettings
from vision.twitch.evidence import Case, Evidence, weigh_evidence
from vision.twitch.reasons import objections, reasons_for, supporting_sentences
from vision.twitch.trains import counted_once, require_usable


def call_pattern(
    events: EventSet, features: Features, quality: Quality, view: View, settings: PatternSettings
) -> PatternCall:
    """Name the pattern of the clip, or say why none can be named.

    Returns
    -------
    The label, the probability of each of the four patterns (they add up to 1), and reasons as sentences that carry
    their numbers: the deciding one first, for `indeterminate` followed by what to film next.

    Raises
    ------
    ShapeError
        Times are not finite, or the observed intervals do not add up to the observed time.
    """
    require_usable(events)
    events = counted_once(events)
    case = Case(events, features, quality, view, settings)
    evidence = weigh_evidence(case)
    probability = pattern_probability(evidence, view, settings)
    best = max(PATTERNS, key=lambda name: probability[name])
    against = objections(case, evidence, best, probability[best])
    reasons = against or reasons_for(best, case, evidence)
    return PatternCall(
        label="indeterminate" if against else best,
        probability=probability,
        reasons=(*reasons, *supporting_sentences(case)),
    )


def pattern_probability(evidence: Evidence, view: View, settings: PatternSettings) -> dict[Pattern, float]:
    """Split one whole over the four patterns, as the module's text says; the lapse is spread evenly.

    A power sharpens the shares so that they say how often they are right (temperature scaling, Guo et al. 2017,
    doi:10.48550/arXiv.1706.04599); its order and its ties stay.
    """
    with_gaps = evidence.real * (1.0 - evidence.continuous)
    between = with_gaps * max(0.0, 1.0 - evidence.one_place - evidence.moving_about)
    shares: dict[Pattern, float] = {
        "intermittent-focal": with_gaps * evidence.one_place + between / 2,
        "migrating": with_gaps * evidence.moving_about + between / 2,
        "sustained-facial": 0.0 if view == "skin" else evidence.real * evidence.continuous,
        "no-twitch": (1.0 - evidence.real) * evidence.quiet_call,
    }
    rest = max(0.0, 1.0 - sum(shares.values()))
    even = (rest + settings.lapse_probability) / len(PATTERNS)
    total = sum(shares.values()) + even * len(PATTERNS)
    sharp = {name: ((shares[name] + even) / total) ** settings.calibration_exponent for name in PATTERNS}
    return {name: value / sum(sharp.values()) for name, value in sharp.items()}

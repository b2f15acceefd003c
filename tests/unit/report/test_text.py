from datetime import date
from pathlib import Path

import pytest

from tests import builders
from vision.context import neurologist_reasons, parse_context
from vision.model.clip import ClipInfo
from vision.model.features import EyeClosure
from vision.model.result import Quality, RegionLimit
from vision.report import facts, text

DISEASES = ("myokymia", "spasm", "sclerosis", "als", "fasciculation", "blepharospasm", "tic", "dystonia", "parkinson")
ALL = [
    builders.focal_result,
    builders.rest_result,
    builders.unsettled_result,
    builders.skin_result,
    builders.sustained_result,
]


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("is_simulated", [False, True])
def test_every_summary_carries_the_wording_and_names_no_disease(build, is_simulated):
    lines = text.summary_lines(build(is_simulated=is_simulated).document)
    assert lines[-1] == text.REQUIRED_WORDING
    words = " ".join(lines[:-1]).lower().replace("-", " ").split()
    assert not set(DISEASES) & {word.strip(".,;:()") for word in words}
    assert any(line.startswith("Simulated clip:") for line in lines) == is_simulated
    assert all(line and "\n" not in line for line in lines)


def test_the_wording_is_that_of_the_design():
    design = Path(__file__).resolve().parents[3] / ".." / "shared" / "design" / "science.md"
    if not design.exists():
        pytest.skip("the design documents do not lie beside the checkout")
    assert text.REQUIRED_WORDING in " ".join(design.read_text(encoding="utf-8").split())


def test_focal_answer():
    assert text.answer_sentence(builders.focal_result().document) == (
        "Twitching at one place, the right lower eyelid: 14 twitches in 29 s of clear view (29 a minute), "
        "in bursts of about 5 a second, with quiet gaps of up to 6 s."
    )


def test_focal_answer_with_both_lids_and_a_stray_elsewhere():
    lower = builders.make_site(1, "lower-eyelid", "right", 190, 310, 9)
    upper = builders.make_site(2, "upper-eyelid", "right", 190, 270, 2)
    stray = builders.make_site(3, "cheek", "left", 370, 400, 1)
    order = [lower] * 9 + [upper] * 2 + [stray]
    events = [builders.make_event(k + 1, 0.5 + 0.8 * k, site) for k, site in enumerate(order)]
    result = builders.make_result(events, [lower, upper, stray], label="intermittent-focal")
    assert text.answer_sentence(result.document) == (
        "Twitching at one place, the right lower eyelid and the right upper eyelid: "
        "12 twitches in 11 s of clear view (64 a minute), 1 of them elsewhere."
    )


def test_quiet_answer_says_how_long_and_how_small():
    answer = text.answer_sentence(builders.rest_result().document)
    assert answer.startswith("Twitches: none seen in 11 s of clear view, down to 0.21 px (0.099 % of")
    unknown = builders.rest_result(quality=Quality(True, 11.3, None, None, ()))
    assert text.answer_sentence(unknown.document) == "Twitches: none seen in 11 s of clear view."
    assert text.limit_sentences(unknown.document)[-1].endswith("is not known.")


def test_limit_in_millimetres():
    document = builders.rest_result(quality=Quality(True, 11.3, 0.21, 0.04, ())).document
    assert text.limit_of_detection(document) == "0.21 px (0.040 mm)"


def test_limits_by_region():
    limits = (RegionLimit("forehead", "midline", 2.4, None, 0.011), RegionLimit("cheek", "left", 1.25, None, 0.006))
    document = builders.rest_result(quality=Quality(True, 11.3, 2.4, None, (), 0.011, limits)).document
    assert text.region_limits_sentence(document) == (
        "Smallest twitch that would have been seen, by region: left cheek 1.2 px, forehead 2.4 px."
    )
    assert text.region_limits_sentence(builders.rest_result().document) == ""


def test_migrating_answer():
    assert text.answer_sentence(builders.skin_result().document) == (
        "Twitching that moves about, at 18 places of the skin: 18 twitches in 11 s of clear view (96 a minute), "
        "the busiest place holding 6 % of them."
    )


def test_sustained_answer():
    assert text.answer_sentence(builders.sustained_result().document) == (
        "Almost continuous twitching at the right lower eyelid, the right cheek and the right mouth corner: "
        "in movement for 93 % of 11 s of clear view, about 4 a second at the busiest place."
    )


def test_unsettled_answers_differ():
    some = text.answer_sentence(builders.unsettled_result().document)
    assert some.startswith("This clip does not settle the pattern: 2 twitches in 11 s of clear view")
    assert some.endswith("at the left cheek. Too few events: 2, where 3 are needed.")
    none = text.answer_sentence(builders.rest_result(label="indeterminate", reasons=()).document)
    assert none.startswith("This clip does not settle the pattern: none seen in 11 s of clear view, down to 0.21 px")
    useless = builders.rest_result(label="indeterminate", reasons=(), quality=Quality(False, 0.4, None, None, ()))
    assert text.answer_sentence(useless.document).endswith("0.4 s of clear view are not enough to go on.")
    assert text.pattern_sentence(useless.document).startswith("Pattern: indeterminate. Nearest: ")


def test_simulated_skin_shows_no_person():
    assert text.simulated_sentence(builders.skin_result(is_simulated=True).document) == text.SIMULATED_SKIN
    assert text.simulated_sentence(builders.focal_result(is_simulated=True).document) == text.SIMULATED_PORTRAIT


def test_eyes_that_were_not_seen_are_not_counted():
    assert text.closure_sentence(builders.skin_result().document) == ""
    eyes = EyeClosure(3, 9.0, 1, 2, 0.9, True, "two closures of one eye alone")
    said = text.closure_sentence(builders.rest_result(eye_closure=eyes).document)
    assert said.endswith("2 of them one-sided, the longest 0.90 s. Two closures of one eye alone.")


def test_clip_facts_say_what_is_not_known():
    info = ClipInfo("ab" * 32, "mp4", "h264", "yuv420p", 1080, 1920, None, None, None, None, 90)
    told = dict(facts.clip_facts(info))
    assert told["Size"] == "1080 × 1920 px, upright"
    assert told["Length"] == told["Frames"] == told["Frame rate"] == "not stated in the file"
    assert told["Turned by the player"] == "90°"
    assert "Frames promised" not in told


def test_clip_facts_of_a_damaged_clip():
    info = ClipInfo(
        "ab" * 32, "mp4", "h264", "yuv420p", 640, 480, 200, 6.7, 29.97, True, 0, is_complete=False,
        declared_frame_count=900, bit_rate_bps=2_400_000,
    )  # fmt: skip
    told = dict(facts.clip_facts(info))
    assert told["Frames promised"] == "900"
    assert told["Frame rate"] == "29.97 frames a second on average, uneven"
    assert told["Bit rate"] == "2.4 Mbit/s"
    assert told["Complete"].startswith("no")


def with_context(result, **parts):
    context = parse_context({"asked_on": "2026-11-22", **parts}, date(2026, 11, 22))
    return result.document.model_copy(update={"context": context})


@pytest.mark.parametrize("build", ALL)
def test_nothing_asked_puts_the_clinician_before_the_answer(build):
    lines = text.summary_lines(build().document)
    assert lines[0] == text.NEUROLOGIST_NOT_ASKED
    assert lines.index(text.answer_sentence(build().document)) == 2
    assert all(reason.text[1:] in lines[1] for reason in neurologist_reasons(None))


@pytest.mark.parametrize("build", ALL)
def test_any_yes_puts_the_clinician_before_the_answer(build):
    document = with_context(build(), signs={"swallowing": True, "weakness": False})
    lines = text.summary_lines(document)
    assert lines[0].startswith("See a neurologist, whatever stands below: 1 of the reasons to do so was answered")
    assert lines[1:3] == ["Yes: trouble with swallowing.", "No: weakness that grows in the twitching part."]
    assert lines[3].startswith("Not asked: visible loss of muscle; ")
    assert lines[4] == text.answer_sentence(document)


def test_no_yes_leaves_the_answer_first_and_still_lists_every_reason():
    document = with_context(builders.focal_result(), signs={"weakness": False})
    lines = text.summary_lines(document)
    assert lines[0] == text.answer_sentence(document)
    assert text.NEUROLOGIST_NO in lines
    said = " ".join(lines)
    assert all(reason.text[1:] in said for reason in neurologist_reasons(document.context))


def test_the_context_never_changes_what_the_clip_shows():
    plain = builders.focal_result().document
    asked = with_context(builders.focal_result(), signs={"weakness": True}, triggers={"stress": True})
    assert asked.pattern == plain.pattern
    assert text.answer_sentence(asked) == text.answer_sentence(plain)
    assert ("More stress than usual?", "yes") in text.context_facts(asked)
    assert text.context_facts(plain) == []


def test_measured_closures_stand_beside_the_asked_ones():
    assert text.closure_beside(builders.focal_result().document) == (
        "Measured in this clip: 6 closures of an eye, blinks included, 6 of them complete, 0 one-sided, "
        "the longest 0.31 s."
    )
    assert text.closure_beside(builders.skin_result().document) == ""

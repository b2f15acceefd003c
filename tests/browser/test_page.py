"""The report in a real Chromium: what a clinician does with keys and mouse, and what the page must never do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests import builders
from tests.integration.test_report import write_clip
from vision.model.drawing import Drawing
from vision.report.draw import draw
from vision.report.export import read_result, write_result
from vision.report.reviewed import read_review

sync_api = pytest.importorskip("playwright.sync_api", reason="a development dependency")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; .ci/run installs it"),
]
SECONDS = 15
FRAME_S = 1 / 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("page")
    sha256 = write_clip(place / "clip.mp4", seconds=SECONDS)
    write_result(builders.focal_result(sha256=sha256, duration_s=float(SECONDS)), place / "out")
    draw(read_result(place / "out"), place / "out", place / "clip.mp4", Drawing())
    return place / "out"


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, folder):
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto((folder / "report.html").as_uri())
    until(opened, "document.querySelector('video').readyState >= 2")
    yield opened
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("data:", "blob:"))] == [
        (folder / "report.html").as_uri()
    ]
    opened.close()


def until(page, condition: str) -> None:
    """Poll from outside: the page's policy lets no string become code."""
    for _ in range(1000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    raise AssertionError(f"never: {condition}")


def shown_s(page) -> float:
    until(page, "!document.querySelector('video:not([hidden])').seeking")
    return float(page.evaluate("document.querySelector('video:not([hidden])').currentTime"))


def test_every_event_jumps_the_film_to_within_one_frame(page, folder):
    events = [event for event in read_result(folder).document.events if event.onset_s < SECONDS - 0.1]
    assert len(events) >= 7
    for event in events:
        page.keyboard.press("n")
        assert abs(shown_s(page) - event.onset_s) <= FRAME_S
    page.keyboard.press("p")
    assert abs(shown_s(page) - events[-2].onset_s) <= FRAME_S


def test_a_click_in_the_timeline_jumps_there(page, folder):
    third = read_result(folder).document.events[2]
    page.locator('.timeline g[data-event="3"]').first.click()
    assert abs(shown_s(page) - third.onset_s) <= FRAME_S
    assert "Twitch 3" in page.inner_text("#now")
    assert page.locator("#site-trace svg").count() >= 1


def test_keys_play_slow_down_and_step(page):
    page.keyboard.press("s")
    assert page.evaluate("document.querySelector('video').playbackRate") == 0.5
    page.keyboard.press(" ")
    until(page, "!document.querySelector('video').paused")
    page.keyboard.press(" ")
    until(page, "document.querySelector('video').paused")
    before = shown_s(page)
    page.keyboard.press(".")
    assert shown_s(page) - before == pytest.approx(FRAME_S, abs=0.5 * FRAME_S)


def test_the_other_film_goes_on_where_this_one_was(page):
    page.keyboard.press("n")
    before = shown_s(page)
    page.locator("input[value=magnified]").check()
    assert abs(shown_s(page) - before) <= FRAME_S
    assert page.evaluate("document.querySelector('video:not([hidden])').dataset.film") == "magnified"


def test_a_review_by_keyboard_round_trips(page, folder, tmp_path):
    page.fill("#reviewer", "Dr <script>alert(1)</script> \u202e 😀")
    page.locator("h1").click()
    page.keyboard.press("n")
    page.keyboard.press("a")
    page.keyboard.press("n")
    page.fill("#remark", '=1+1 "no"')
    page.locator("h1").click()
    page.keyboard.press("x")
    page.keyboard.press("i")
    with page.expect_download() as download:
        page.locator("[data-act=save]").click()
    assert download.value.suggested_filename == "review.json"
    download.value.save_as(tmp_path / "review.json")
    review = read_review(tmp_path / "review.json", read_result(folder).document)
    assert [(one.event, one.verdict) for one in review.decisions] == [(1, "accepted"), (2, "rejected")]
    assert review.decisions[1].remark == '=1+1 "no"'
    assert review.reviewer == json.loads(Path(tmp_path / "review.json").read_text())["reviewer"]
    assert len(review.added) == 1


@pytest.mark.parametrize("width_px", [390, 820, 1280])
def test_nothing_sticks_out_sideways(page, width_px):
    page.set_viewport_size({"width": width_px, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px


def test_it_opens_in_two_seconds(page):
    assert page.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart") <= 2000


def test_axe_finds_no_barrier(chromium, folder):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="a development dependency").Axe()
    context = chromium.new_context(bypass_csp=True)  # axe is a script of its own, which the page would not run
    opened = context.new_page()
    opened.goto((folder / "report.html").as_uri())
    found = axe.run(opened).response["violations"]
    assert [(one["id"], [node["html"][:90] for node in one["nodes"][:3]]) for one in found] == []
    context.close()

"""The command line: parse, call, print, exit code; nothing else.

Data goes to stdout, talk and progress to stderr. Heavy libraries load inside the commands, so that help comes quickly.
"""

from __future__ import annotations

import datetime
import math
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import cli_clinic
from vision.errors import DefectError, OutputError, SettingsError, ShapeError, TwitchscopeError
from vision.video.files import shown, shown_name

if TYPE_CHECKING:
    from vision.context import Question
    from vision.isolate import Fence
    from vision.model.drawing import Drawing
    from vision.model.request import Request
    from vision.model.result import ResultDocument
    from vision.settings import Settings

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
LONGEST_TEXT = 200  # letters of --body-part; our choice
DEFECT = "this is a defect of twitchscope, run again with --debug and report it"
SCENARIOS_HELP = (  # a test compares it with vision.simulate.named, which is too heavy for --help
    "eyelid, facial, face-migrating, rest, shaky-rest, flicker, eye-closeup, hemifacial, blepharospasm, "
    "rapid-blinking, calf, skin-focal or skin-rest"
)
DISTRACTORS_HELP = (  # compared with vision.simulate.scenario likewise
    "What is no twitch: gaze, nod, turn, lean, body-jolt, camera-jolt, speech, smile, grimace, swallow, focus, "
    "exposure, hair or shadow."
)

app = typer.Typer(help="Measure muscle twitches in phone video: how often, how regular, how far spread.")
context_app = typer.Typer(help="What was asked of the patient: it stands in the report and never changes the pattern.")
app.add_typer(context_app, name="context")
cli_clinic.mount(app)

ClipFile = Annotated[Path, typer.Argument(metavar="CLIP", help="A video file.")]
Clips = Annotated[list[Path], typer.Argument(metavar="CLIP", help="Video files.")]
Side = Literal["left", "right"]
Pdf = Annotated[bool, typer.Option("--pdf", help="Write report.pdf for the patient's file.")]
Fhir = Annotated[bool, typer.Option("--fhir", help="Write fhir.json, an HL7 FHIR R4 bundle.")]
Magnify = Annotated[str, typer.Option(metavar="N", help="Enlarge the movement in a second film: auto, off or times.")]
EventClips = Annotated[bool, typer.Option("--event-clips", help="Write a short film of each twitch, 100 at most.")]
Deidentify = Annotated[bool, typer.Option("--deidentify", help="Pixelate all but the places that twitch.")]
NoVideo = Annotated[bool, typer.Option("--no-video", help="Make no films: a report of less than 1.5 MB.")]
FollowLinks = Annotated[bool, typer.Option("--follow-links", help="Take symbolic links for their files.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]


@dataclass(frozen=True)
class Wanted:
    """What is to come out of an analysis besides the result folder."""

    report: bool
    as_json: bool
    open_report: bool
    drawing: Drawing
    debug: bool


@app.command()
def analyze(
    clips: Clips,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Result folder; several clips: DIR/STEM.")] = None,
    view: Annotated[Literal["auto", "face", "eye", "skin"], typer.Option(help="What the clip shows.")] = "auto",
    region: Annotated[str | None, typer.Option(metavar="X,Y,W,H", help="Skin to watch, upright pixels.")] = None,
    body_part: Annotated[str | None, typer.Option(metavar="TEXT", help="What was filmed, for the report.")] = None,
    side: Annotated[Side | None, typer.Option(help="The patient's side that was filmed.")] = None,
    mirrored: Annotated[Literal["yes", "no"] | None, typer.Option(help="The film is a mirror image.")] = None,
    capture_rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Rate at which slow motion was shot.")
    ] = None,
    scale_mm_per_px: Annotated[float | None, typer.Option(metavar="S", help="Size of a pixel on the skin.")] = None,
    context: Annotated[Path | None, typer.Option(metavar="FILE", help="Answers of the patient, as TOML.")] = None,
    settings: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings as TOML.")] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.html.")] = False,
    pdf: Pdf = False,
    fhir: Fhir = False,
    magnify: Magnify = "auto",
    event_clips: EventClips = False,
    deidentify: Deidentify = False,
    no_video: NoVideo = False,
    follow_links: FollowLinks = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json, one line a clip.")] = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    debug: Debug = False,
) -> None:
    """Measure the twitches in one clip or several."""
    if no_report and (pdf or fhir or event_clips):
        raise SettingsError("--no-report together with --pdf, --fhir or --event-clips", "one of them", "leave one out")
    if no_report and open_report:
        raise SettingsError("--open together with --no-report", "one of them", "leave one out")
    from vision.isolate import Fence

    with Fence() as ahead:  # its libraries load while ours do
        drawing = _drawing(
            magnify, pdf=pdf, fhir=fhir, event_clips=event_clips, deidentify=deidentify, no_video=no_video
        )
        wanted = Wanted(not no_report, as_json, open_report, drawing, debug)
        from vision.context import load_context
        from vision.model.request import Request
        from vision.report.naming import result_folders
        from vision.settings import Settings, load_settings

        request = Request(
            view=None if view == "auto" else view,
            region_px=_rectangle(region),
            body_part=_plain("--body-part", body_part),
            side=side,
            mirrored=None if mirrored is None else mirrored == "yes",
            mm_per_px=_positive("--scale-mm-per-px", scale_mm_per_px),
            capture_rate_hz=_positive("--capture-rate", capture_rate),
            context=None if context is None else load_context(context, datetime.date.today()),
        )
        used = Settings() if settings is None else load_settings(settings)
        used = _following(used) if follow_links else used
        fences = [ahead.told(used), *(Fence(used) for _ in clips[1:])]
        jobs = zip(fences, clips, result_folders(clips, out), strict=True)
        raise typer.Exit(max([_attempt(*job, used, request, wanted) for job in jobs]))


@app.command()
def report(
    result_dir: Annotated[Path, typer.Argument(metavar="RESULT_DIR", help="A folder that analyze wrote.")],
    clip: Annotated[Path | None, typer.Option(metavar="CLIP", help="The clip, for pictures and films.")] = None,
    review: Annotated[Path | None, typer.Option(metavar="FILE", help="review.json as the report saved it.")] = None,
    pdf: Pdf = False,
    fhir: Fhir = False,
    magnify: Magnify = "auto",
    event_clips: EventClips = False,
    deidentify: Deidentify = False,
    no_video: NoVideo = False,
    follow_links: FollowLinks = False,
    debug: Debug = False,  # noqa: ARG001 `main` looks for it
) -> None:
    """Draw the report of a result again."""
    from vision.isolate import Fence
    from vision.report.export import read_document, read_result
    from vision.review import draw_reviewed

    drawing = _drawing(
        magnify, pdf=pdf, fhir=fhir, event_clips=event_clips, deidentify=deidentify, no_video=no_video, review=review
    )
    if clip is None:
        typer.echo(shown(draw_reviewed(read_result(result_dir), result_dir, None, drawing)))
        return
    with Fence(_used(follow_links=follow_links)) as fence, _progress(shown_name(clip)) as on_progress:
        path = fence.draw(result_dir, clip, drawing, on_progress)
    if event_clips:
        _say_films(read_document(result_dir), clip)
    typer.echo(shown(path))


@app.command()
def info(clip: ClipFile, follow_links: FollowLinks = False, debug: Debug = False) -> None:  # noqa: ARG001
    """Say what a clip's file tells of itself."""
    from vision.isolate import Fence
    from vision.report.facts import clip_facts, file_advice

    with Fence(_used(follow_links=follow_links)) as fence:
        facts = fence.info(clip)
    _print_pairs(clip_facts(facts))
    _print_list("To film better:", file_advice(facts))


@app.command()
def doctor(
    clip: Annotated[Path | None, typer.Argument(metavar="[CLIP]", help="A clip to judge.")] = None,
    follow_links: FollowLinks = False,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Check the installation and say how to film; with a clip, say what to film better."""
    if clip is not None:
        _judge_clip(clip, _used(follow_links=follow_links))
        return
    from vision.doctor import FILMING_ADVICE, check_installation

    checks = check_installation()
    _print_pairs([(check.name, check.found if check.is_fine else f"PROBLEM: {check.found}") for check in checks])
    _print_list("How to film:", FILMING_ADVICE)
    raise typer.Exit(DONE if all(check.is_fine for check in checks) else FAILED)


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help=f"One of {SCENARIOS_HELP}.")],
    out: Annotated[Path, typer.Option(metavar="CLIP", help="Clip to write: .mp4, .mov or .mkv.")],
    seed: Annotated[int | None, typer.Option(help="Same seed, same frames.")] = None,
    duration: Annotated[float | None, typer.Option(metavar="S", help="Length in seconds.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Upright pixels, such as 540x960.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="HZ", help="Frames a second.")] = None,
    variable_rate: Annotated[bool | None, typer.Option("--variable-rate", help="Uneven frame times.")] = None,
    amplitude: Annotated[float | None, typer.Option(metavar="PX", help="Height of a twitch; 0: none.")] = None,
    codec: Annotated[str | None, typer.Option(metavar="NAME", help="FFmpeg encoder, such as libx265.")] = None,
    crf: Annotated[int | None, typer.Option(help="Constant quality; lower is better.")] = None,
    bitrate: Annotated[int | None, typer.Option(metavar="BPS", help="Bits a second, instead of --crf.")] = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="Effort of libx264 and libx265.")] = None,
    keyframe_interval: Annotated[float | None, typer.Option(metavar="S", help="Seconds between keyframes.")] = None,
    rotation: Annotated[int | None, typer.Option(metavar="DEG", help="0, 90, 180 or 270.")] = None,
    mirrored: Annotated[bool | None, typer.Option("--mirrored", help="As some selfie cameras save.")] = None,
    side: Annotated[Side | None, typer.Option(help="The patient's side that twitches.")] = None,
    iod: Annotated[float | None, typer.Option(metavar="PX", help="Between the outer eye corners.")] = None,
    noise: Annotated[float | None, typer.Option(metavar="SD", help="Sensor noise, grey levels.")] = None,
    shake: Annotated[float | None, typer.Option(metavar="PX", help="Hand shake, rms.")] = None,
    sway: Annotated[float | None, typer.Option(metavar="PX", help="Sway of head or limb, rms.")] = None,
    shutter: Annotated[float | None, typer.Option(metavar="S", help="Rolling shutter, top to bottom row.")] = None,
    travel: Annotated[float | None, typer.Option(metavar="PX", help="Drift from first to last frame.")] = None,
    pulse: Annotated[float | None, typer.Option(metavar="PX", help="Pulse of the skin.")] = None,
    pulse_colour: Annotated[float | None, typer.Option(metavar="SHARE", help="Green light it takes.")] = None,
    flicker: Annotated[float | None, typer.Option(metavar="HZ", help="Lamp flicker as filmed.")] = None,
    flicker_bands: Annotated[float | None, typer.Option(metavar="N", help="Bands of flicker.")] = None,
    tone: Annotated[str | None, typer.Option(help="light, medium, brown, dark, very-dark or grey.")] = None,
    contrast_as: Annotated[str | None, typer.Option(metavar="TONE", help="Contrast / noise of that tone.")] = None,
    distractors: Annotated[str | None, typer.Option(metavar="NAME,…", help=DISTRACTORS_HELP)] = None,
    distractors_per_min: Annotated[float | None, typer.Option(metavar="N", help="How many a minute.")] = None,
    distractor_size: Annotated[float | None, typer.Option(metavar="X", help="Times the usual size.")] = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Render a clip whose twitches are known, with its truth beside it (NAME.truth.json)."""
    from vision.simulate.clip import simulate as render
    from vision.simulate.named import scenario_from_options

    wanted = scenario_from_options(
        scenario, size=size, seed=seed, duration_s=duration, rate_hz=rate, is_variable_rate=variable_rate,
        amplitude_px=amplitude, codec=codec, crf=crf, bit_rate_bps=bitrate, keyframe_interval_s=keyframe_interval,
        rotation_deg=rotation, is_mirrored=mirrored, side=side, iod_px=iod, noise_sd=noise, shake_px=shake,
        sway_px=sway, pulse_px=pulse, flicker_hz=flicker, flicker_bands=flicker_bands, tone=tone,
        encoder_preset=preset, shutter_s=shutter, travel_px=travel, pulse_colour_share=pulse_colour,
        contrast_as=contrast_as, distractors=distractors, distractors_per_min=distractors_per_min,
        distractor_size=distractor_size,
    )  # fmt: skip
    with _progress(shown_name(out)) as on_progress:
        truth = render(wanted, out, on_frame=lambda done, count: on_progress(done / count))
    typer.echo(f"{shown_name(out)}: {truth.duration_s:g} s, {len(truth.twitches)} twitches, {truth.label}")


@context_app.command("new")
def new_context(
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write.")] = Path("context.toml"),
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Ask the patient's context in the terminal and write it for --context; nothing is sent anywhere."""
    from vision.context import SECTIONS, context_toml, questions, write_context

    if out.exists():
        raise OutputError(f"{out.name} is already there", "a new file", "name another with --out")
    today = datetime.date.today()
    answers: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    typer.echo("Answer y or n, or in words; Enter alone means: not asked.", err=True)
    try:
        for question in questions():
            answers[question.section][question.key] = _ask(question, today)
    except EOFError:
        raise _unfinished(out, answers, today) from None
    write_context(out, context_toml(answers, today))
    typer.echo(shown(out))


def _unfinished(out: Path, answers: dict[str, dict[str, Any]], today: datetime.date) -> OutputError:
    """Keep what was answered before the input ended, and say so."""
    from vision.context import context_toml, write_context

    found, advice = "the answers ended before the questions", "start again"
    if any(value is not None for given in answers.values() for value in given.values()):
        write_context(out, context_toml(answers, today))
        found += f"; those given are in {out.name}, the rest count as not asked"
        advice = f"add the others to {out.name} by hand, or {advice} with another --out"
    return OutputError(found, "an answer or Enter for each", advice)


def _ask(question: Question, today: datetime.date) -> Any:
    """Ask until the answer is one; `EOFError` where nobody answers any more."""
    from vision.context import accepted

    while True:
        typer.echo(f"{question.text} ", nl=False, err=True)  # typer.prompt writes a blank to stdout
        if not (typed := sys.stdin.readline()):
            typer.echo(err=True)
            raise EOFError
        try:
            return accepted(question, typed, today)
        except SettingsError as error:
            typer.echo(f"  {error}", err=True)


@app.command()
def schema(debug: Debug = False) -> None:  # noqa: ARG001
    """Print the JSON Schema of result.json."""
    from vision.report.export import json_schema

    typer.echo(json_schema(), nl=False)


def _used(*, follow_links: bool) -> Settings:
    from vision.settings import Settings

    return _following(Settings()) if follow_links else Settings()


def _following(settings: Settings) -> Settings:
    """Take symbolic links for their files."""
    return settings.model_copy(update={"video": settings.video.model_copy(update={"follow_links": True})})


def _judge_clip(clip: Path, settings: Settings) -> None:
    """Say what to film better: by the file, by a few of its pictures, and by an analysis where that is possible."""
    from vision.isolate import Fence

    with Fence(settings) as fence:
        facts, looks = fence.info(clip), fence.look(clip)
        from vision.doctor import NOTHING_TO_IMPROVE, film_advice, motion_advice

        advice = film_advice(facts, looks)
        try:
            with _progress(shown_name(clip)) as on_progress:
                advice += motion_advice(fence.analyse(clip, on_progress=on_progress), facts)
            advice = advice or [NOTHING_TO_IMPROVE]
        finally:  # a clip that cannot be analysed needs advice most
            typer.echo("\n".join(advice))


def _rectangle(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        x = y = width = height = math.nan
    if not all(math.isfinite(number) for number in (x, y, width, height)):
        raise SettingsError(f"--region {text}", "X,Y,W,H in upright pixels", "such as --region 100,200,300,300")
    return x, y, width, height


def _positive(option: str, number: float | None) -> float | None:
    if number is not None and not (math.isfinite(number) and number > 0):
        raise SettingsError(f"{option} {number:g}", "a number above 0", "leave it out if it is not known")
    return number


def _drawing(
    magnify: str, *, pdf: bool, fhir: bool, event_clips: bool, deidentify: bool, no_video: bool,
    review: Path | None = None,
) -> Drawing:  # fmt: skip
    """Say what is to be drawn; the path of a review is made absolute, since the child works elsewhere."""
    from vision.model.drawing import Drawing

    if event_clips and no_video:
        raise SettingsError("--event-clips together with --no-video", "one of them", "leave one out")
    where = None if review is None else str(review.absolute())
    return Drawing(not no_video, _factor(magnify), event_clips, pdf, fhir, deidentify, where)


def _factor(text: str) -> float | Literal["auto", "off"]:
    from vision.model.drawing import LARGEST_FACTOR, SMALLEST_FACTOR

    if text == "auto" or text == "off":
        return "auto" if text == "auto" else "off"
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not SMALLEST_FACTOR <= factor <= LARGEST_FACTOR:
        wanted = f"auto, off or a number from {SMALLEST_FACTOR:g} to {LARGEST_FACTOR:g}"
        raise SettingsError(f"--magnify {text[:40]}", wanted, "such as --magnify 10")
    return factor


def _plain(option: str, text: str | None) -> str | None:
    if text is not None and not (text.isprintable() and 0 < len(text.strip()) <= LONGEST_TEXT):
        raise SettingsError(f"{option} {text[:40]!r}", f"1 to {LONGEST_TEXT} letters on one line", "write it shorter")
    return text


def _attempt(fence: Fence, clip: Path, folder: Path, settings: Settings, request: Request, wanted: Wanted) -> int:
    """Analyse one clip; a failure is told and does not keep the next clip from its turn."""
    try:
        _analyze_one(fence, clip, folder, settings, request, wanted)
    except BrokenPipeError:  # whoever read our output has left
        raise
    except Exception as error:
        return _report_failure(error, clip.name, is_debug=wanted.debug)
    return DONE


def _analyze_one(
    fence: Fence, clip: Path, folder: Path, settings: Settings, request: Request, wanted: Wanted
) -> None:  # fmt: skip
    """Refuse early what cannot be written, analyse, write the result, print it, draw the report."""
    from vision.video.files import require_regular_file

    with fence:
        require_regular_file(clip, follow_links=settings.video.follow_links)
        from vision.report.export import check_output_folder, write_result

        check_output_folder(folder)
        with _progress(shown_name(clip)) as on_progress:
            result = fence.analyse(clip, request, on_progress)
        write_result(result, folder)
        if wanted.as_json:
            typer.echo(result.document.model_dump_json())
        else:
            _print_summary(result.document, shown_name(clip))
        path = _draw_report(fence, folder, clip, wanted.drawing) if wanted.report else folder
    if wanted.drawing.event_clips:
        _say_films(result.document, clip)
    if not wanted.as_json:
        typer.echo(f"Written: {shown(path)}")
    if wanted.open_report:
        _open_in_browser(path)


def _draw_report(fence: Fence, folder: Path, clip: Path, drawing: Drawing) -> Path:
    """Draw the report, behind the fence: the clip is opened once more for its pictures."""
    try:
        with _progress(f"report of {shown_name(clip)}") as on_progress:
            return fence.draw(folder, clip, drawing, on_progress)
    except TwitchscopeError as error:
        found = f"the result is written, but not its report: {error.found}"
        raise OutputError(found, error.expected, error.advice) from error


def _say_films(document: ResultDocument, clip: Path) -> None:
    """Say on stderr where not every twitch got its film."""
    from vision.report.chosen import films_note

    if note := films_note(document.events):
        typer.echo(f"twitchscope: {shown_name(clip)}: {note}", err=True)


def _open_in_browser(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.absolute().as_uri()):
        typer.echo(f"twitchscope: no browser was found; open {path.name} in the result folder yourself", err=True)


def _print_summary(document: ResultDocument, name: str) -> None:
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    from vision.report.text import summary_lines

    lines, console = summary_lines(document), Console()
    if console.is_terminal:
        text = Text("\n".join([lines[0], "", *lines[1:]]))
        text.stylize("bold", 0, len(lines[0]))
        console.print(Panel(text, title=Text(name)))
    else:
        typer.echo("\n".join(lines))


def _print_list(heading: str, lines: Sequence[str]) -> None:
    if lines:
        typer.echo("\n".join(["", heading, *(f"- {line}" for line in lines)]))


def _print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    width = max(len(word) for word, _ in pairs)
    typer.echo("\n".join(f"{word:<{width}}  {value}" for word, value in pairs))


@contextmanager
def _progress(label: str) -> Iterator[Callable[[float], None]]:
    """Show the share done on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _report_failure(error: Exception, name: str | None, *, is_debug: bool) -> int:
    """Say what went wrong in one line on stderr; give the exit code."""
    if is_debug:
        traceback.print_exception(error)
        typer.echo(getattr(error, "trace", ""), err=True, nl=False)  # what a child process says of itself
    text, code = str(error), FAILED
    if isinstance(error, typer.TyperException):
        said = error.format_message().rstrip(".").replace("Value error, ", "")  # pydantic's, inside typer
        text, code = f"{said}; try twitchscope --help", error.exit_code
    elif isinstance(error, SettingsError):
        code = WRONG_USAGE
    elif isinstance(error, ShapeError | DefectError):
        text = f"{text}; {DEFECT}"
    elif not isinstance(error, TwitchscopeError):
        text = f"unexpected {type(error).__name__}; {DEFECT}"  # its own text may hold a path
    prefix = f"{name}: " if name and name not in text else ""
    typer.echo(f"twitchscope: {shown(' '.join(f'{prefix}{text}'.split()))}", err=True)
    return code


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 done, 1 some clip failed, 2 wrong usage, 130 stopped."""
    given = list(sys.argv[1:] if args is None else args) or ["--help"]
    is_debug = "--debug" in given
    with warnings.catch_warnings():
        if not is_debug:
            warnings.simplefilter("ignore")  # they speak to who develops libraries, not to who films
        try:
            code = int(app(given, prog_name="twitchscope", standalone_mode=False) or DONE)
        except Exception as error:
            return _report_failure(error, None, is_debug=is_debug)
    if code == INTERRUPTED:
        typer.echo("twitchscope: stopped; nothing half-written is left", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())

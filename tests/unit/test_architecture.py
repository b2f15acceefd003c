"""The house stands as it was drawn: imports are light, words are explained, commands are documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomli
import typer.main

import cli

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("av", "cv2", "mediapipe", "scipy", "matplotlib", "skimage", "numpy")
ADAPTERS = {"av": "vision/video/", "mediapipe": "vision/locate/face.py", "skimage": "vision/simulate/"}
SOURCES = sorted((ROOT / "vision").rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["vision", "cli", "vision.errors"])
def test_importing_loads_no_heavy_library_and_says_nothing(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("\n", "")


def test_importing_everything_changes_no_global() -> None:
    """No logging set-up, no warning filter, no folder."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES]
    code = f"""
import importlib, logging, pathlib, warnings
before = (list(logging.root.handlers), logging.root.level, sorted(pathlib.Path().iterdir()))
for name in {names!r}:
    importlib.import_module(name)
assert before == (list(logging.root.handlers), logging.root.level, sorted(pathlib.Path().iterdir()))
"""
    command = [sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + code]
    ran = subprocess.run(command, cwd=ROOT / "samples", capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("library", ADAPTERS)
def test_a_library_stays_behind_its_adapter(library: str) -> None:
    users = [path.relative_to(ROOT).as_posix() for path in SOURCES if library in imported(path)]
    assert users
    assert [user for user in users if not user.startswith(ADAPTERS[library])] == []


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def calls(path: Path) -> set[str]:
    """What a module calls, as written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def test_only_the_command_line_prints_or_exits() -> None:
    banned = {"print", "exit", "quit", "sys.exit", "os._exit", "typer.echo", "sys.stdout.write", "sys.stderr.write"}
    assert [path.name for path in SOURCES if banned & calls(path)] == []


def test_the_names_of_vision_are_all_there() -> None:
    import vision

    assert 8 <= len(vision.__all__) <= 14
    assert all(getattr(vision, name) is not None for name in vision.__all__)
    with pytest.raises(AttributeError):
        vision.nothing_of_the_kind  # noqa: B018


def commands() -> dict[str, list[str]]:
    """Every command of the command line with the options it takes."""
    group = typer.main.get_command(cli.app)
    return {
        name: [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


@pytest.mark.parametrize("command", commands())
def test_the_readme_documents_every_command_and_option(command: str) -> None:
    assert f"twitchscope {command}" in README
    missing = [option for option in commands()[command] if option not in {"--help"} and f"`{option}" not in README]
    assert missing == []


def test_ci_runs_what_the_readme_promises() -> None:
    """The two commands of the README, without the folder that the first one writes to."""
    first, second = re.findall(r"pip install uv && (uv run .+)", README)[:2]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert first.split(" --out")[0] in ci
    assert second in ci


def test_nothing_names_a_download_host_or_a_place_on_this_machine() -> None:
    banned = re.compile(r"pypi\.org|pythonhosted|index-url|extra-index|/root/|/home/|/work/")
    own = ["pyproject.toml", ".ci/run", ".pre-commit-config.yaml", "README.md", "CONTRIBUTING.md", "cli.py"]
    assert [name for name in own if banned.search((ROOT / name).read_text(encoding="utf-8"))] == []


def test_what_a_docstring_points_to_is_there() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    named = {name for text in texts for name in re.findall(r"docs/[\w-]+\.md", text)}
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_a_container_gets_what_the_package_is_built_from_and_no_film_of_a_patient() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    let_in = {line[1:] for line in lines if line.startswith("!")}
    project = tomli.loads((ROOT / "pyproject.toml").read_text())
    needed = {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"], project["project"]["readme"]}
    assert lines[0] == "*"
    assert let_in == {*needed, *project["project"]["license-files"], "pyproject.toml", "samples"}

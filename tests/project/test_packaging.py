"""The package as a user gets it: built, installed in an empty environment, and run.

Dependencies are installed as pip is configured, so that one that is not declared is missed here.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from codemods import __version__
from codemods.semantic_patches import bundled_patches
from tests.support.bundled import environment
from tests.support.checkout import Prepare
from tests.support.project import PROJECT

PACKAGES = ("codemods", "tml_ast")
LIBRARY = {
    "scores.test.tml": b"""\
use std::collections::HashMap

@test
func test_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    return 0
}
""",
    "lib/src/stock.tml": bundled_patches()[0].examples[0].before.encode(),
}
"""A leak of a type of the standard library, and one that a semantic patch fixes."""

pytestmark = pytest.mark.xdist_group("packaging")


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that was built from it.

    The setuptools of the tests builds both. Whether the project declares what building needs shows where pip
    installs the sdist, which it builds in isolation.
    """
    source = tmp_path_factory.mktemp("source") / "tmlfix"
    copytree(PROJECT, source, ignore=ignore_patterns(".*", "build", "__pycache__", "*.egg-info"))
    packages = tmp_path_factory.mktemp("packages")
    outcome = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", packages, ".", folder=source)
    assert outcome.returncode == 0, outcome.stdout
    return packages


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module", params=["*.whl", "*.tar.gz"], ids=["wheel", "sdist"])
def installed(built: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment in which nothing but the wheel or the sdist was installed."""
    (package,) = built.glob(request.param)
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder).returncode == 0
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python"]
    outcome = run(*pip, "install", "--quiet", package, folder=folder)
    assert outcome.returncode == 0, outcome.stdout
    return folder / "bin"


@pytest.fixture
def library(prepared: Prepare, git_identity: Path, tmp_path: Path) -> Path:
    """A repository with a library that leaks."""
    return prepared(LIBRARY, tmp_path / "library").folder


def package_files(folder: Path) -> set[str]:
    """The files of the packages, without what Python compiled."""
    return {
        path.relative_to(folder).as_posix()
        for package in PACKAGES
        for path in (folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert names == package_files(PROJECT)


def test_the_sdist_says_what_it_is(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"README.md", "LICENSE", "pyproject.toml"} <= names


def test_the_metadata_is_that_of_the_project(wheel: Path) -> None:
    fields = metadata(wheel)

    assert fields["Version"] == __version__
    assert fields["License-Expression"] == "MIT"
    assert fields["License-File"] == "LICENSE"
    assert fields["Author"] == "The tmlfix authors"
    assert "Typing :: Typed" in fields.get_all("Classifier", [])
    assert fields["Description-Content-Type"] == "text/markdown"


@pytest.mark.parametrize("program", [["tmlfix"], ["python", "-m", "codemods"]], ids=" ".join)
def test_the_installed_program_runs(installed: Path, program: list[str], wheel: Path, tmp_path: Path) -> None:
    outcome = run(installed / program[0], *program[1:], "--version", folder=tmp_path)

    assert (outcome.returncode, outcome.stdout) == (0, f"tmlfix {metadata(wheel)['Version']}\n")


def test_the_installed_program_finds_leaks(installed: Path, library: Path) -> None:
    outcome = run(installed / "tmlfix", "check", folder=library)

    assert outcome.returncode == 1, outcome.stdout
    assert "scores.test.tml:5:9: [fixable] named-release:" in outcome.stdout
    assert "lib/src/stock.tml:9:1: [fixable] hash-table-contents:" in outcome.stdout
    assert "2 findings in 2 files" in outcome.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("explain hash-table-contents", "Before\n    use core::clone::Duplicate\n"),
        ("compiler-report", "[A break or continue drops nothing](#break-skips-drops)"),
        ("plan", "1,027 leaks, about 50,688 bytes in the plan\n"),
        ("parse --tree scores.test.tml", "Function"),
    ],
)
def test_the_installed_program_has_its_data(installed: Path, command: str, said: str, library: Path) -> None:
    outcome = run(installed / "tmlfix", *command.split(), folder=library)

    assert outcome.returncode == 0, outcome.stdout
    assert said in outcome.stdout


def test_the_installed_program_writes_its_page(installed: Path, library: Path) -> None:
    outcome = run(installed / "tmlfix", "review", "-o", "review.html", folder=library)

    assert outcome.returncode == 0, outcome.stdout
    page = (library / "review.html").read_text()
    for part in ("style.css", "script.js"):
        assert (PROJECT / "codemods/reports/page" / part).read_text() in page
    assert "scores.destroy()" in page


def test_the_installed_library_has_its_grammar(installed: Path, tmp_path: Path) -> None:
    script = "from tml_ast.grammar import load_grammar; print('function' in str(load_grammar()))"
    outcome = run(installed / "python", "-c", script, folder=tmp_path)

    assert outcome.stdout == "True\n"


def test_the_packages_are_the_installed_ones(installed: Path, tmp_path: Path) -> None:
    script = "import codemods, tml_ast; print(codemods.__file__, tml_ast.__file__)"
    files = run(installed / "python", "-c", script, folder=tmp_path).stdout.split()

    assert len(files) == len(PACKAGES)
    assert all(Path(file).is_relative_to(installed.parent) for file in files)

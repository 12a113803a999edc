"""The package as a user gets it: built, installed in an empty environment, and run. Nothing is downloaded."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.support.bundled import environment
from tests.support.project import PROJECT

PACKAGES = ("codemods", "tml_ast")
LEAK = """\
use std::collections::HashMap

@test
func test_entry() -> I32 {
    let scores = HashMap[I64, I64]::new(4)
    scores.set(1, 10)
    return 0
}
"""

pytestmark = pytest.mark.xdist_group("packaging")


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel that was built from it."""
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


@pytest.fixture(scope="module")
def environment_with_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment, with the wheel and with the dependencies of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder).returncode == 0
    python = folder / "bin/python"
    install = ["install", "--quiet", "--no-index", "--no-deps", wheel]
    outcome = run(sys.executable, "-m", "pip", "--python", python, *install, folder=folder)
    assert outcome.returncode == 0, outcome.stdout
    (packages,) = folder.glob("lib/python*/site-packages")
    dependencies = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "dependencies.pth").write_text("\n".join(dependencies))
    return folder / "bin"


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
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    fields = metadata(wheel)

    assert fields["Version"] == project["version"]
    assert fields["License-Expression"] == "MIT"
    assert fields["License-File"] == "LICENSE"
    assert fields["Author"] == "The tmlfix authors"
    assert "Typing :: Typed" in fields.get_all("Classifier", [])
    assert fields["Description-Content-Type"] == "text/markdown"


@pytest.mark.parametrize("program", [["tmlfix"], ["python", "-m", "codemods"]], ids=" ".join)
def test_the_installed_program_finds_a_leak(
    environment_with_wheel: Path, program: list[str], wheel: Path, tmp_path: Path
) -> None:
    (tmp_path / "scores.test.tml").write_text(LEAK)
    command = [environment_with_wheel / program[0], *program[1:]]

    version = run(*command, "--version", folder=tmp_path)
    check = run(*command, "check", folder=tmp_path)

    assert (version.returncode, version.stdout) == (0, f"tmlfix {metadata(wheel)['Version']}\n")
    assert check.returncode == 1, check.stdout
    assert "scores.test.tml:5:9: [fixed]" in check.stdout


def test_the_packages_come_from_the_wheel(environment_with_wheel: Path, tmp_path: Path) -> None:
    script = "import codemods, tml_ast; print(codemods.__file__, tml_ast.__file__)"
    files = run(environment_with_wheel / "python", "-c", script, folder=tmp_path).stdout.split()

    assert len(files) == len(PACKAGES)
    assert all(Path(file).is_relative_to(environment_with_wheel.parent) for file in files)

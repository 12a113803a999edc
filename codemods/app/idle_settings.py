"""What has no effect: patterns that match no file, names that no file has, files that are not read."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from codemods.app.configuration import Configuration, quoted, settings_file
from codemods.files.workspace import Workspace
from codemods.model.errors import UserError


def idle_settings(configuration: Configuration, root: Path, workspace: Workspace) -> tuple[str, ...]:
    """A line for each setting of a tree without effect, and for each folder with sources that is not read.

    The defaults may match nothing.
    """
    paths = {*workspace.files, *(error.path for error in workspace.errors)}
    settings = [*_patterns(configuration, paths), *_names(configuration, workspace.files)]
    skipped = [
        f"{folder}: is not read, for it may hold what a build made; name it as a PATH to have it looked at"
        for folder in workspace.skipped
        if configuration.settings.plan.phase_of(f"{folder}/any.tml") is not None
    ]
    return (*(f"{configuration.file}: {line}" for line in settings), *_unread(root, paths), *skipped)


def _patterns(configuration: Configuration, paths: Collection[str]) -> Iterator[str]:
    """The patterns that match no file."""
    settings = configuration.settings
    rooted = [f"/{path}" for path in paths]
    keys = {
        "include": (settings.include, paths),
        "exclude": (settings.exclude, paths),
        "outside": (settings.plan.outside, rooted),
        **{f"phases.{phase.slug}.scope": (phase.scope, rooted) for phase in settings.plan.phases},
        **{
            f"per-file-ignores.{quoted(pattern)}": ((pattern,), paths)
            for pattern in settings.per_file_ignores
        },
    }
    for key, (patterns, names) in keys.items():
        for pattern in patterns if key in configuration.keys else ():
            if not _matches(names, pattern):
                yield f"{key}: {pattern!r} matches no .tml file{_advice(pattern, names)}"


def _matches(names: Collection[str], pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in names)


def _advice(pattern: str, names: Collection[str]) -> str:
    """What was meant, most likely."""
    bare = pattern.strip("/")
    meant = (f"{bare}/*", f"/{bare}", f"/{bare}/*", bare, f"*/{bare}", f"*/{bare}/*")
    close = next((other for other in meant if _matches(names, other)), None)
    return f"; did you mean {close!r}?" if close is not None else ""


def _names(configuration: Configuration, files: Mapping[str, bytes]) -> Iterator[str]:
    """The types and releases that no file has."""
    for name, release in configuration.settings.owning_types.items():
        key = f"owning-types.{quoted(name)}"
        if not _has(files, name.rpartition("::")[2]):
            yield f"{key}: no .tml file names this type"
        elif not _has(files, release):
            yield f"{key}: no .tml file has a method {release!r}"


def _has(files: Mapping[str, bytes], name: str) -> bool:
    word = re.compile(rb"\b%s\b" % re.escape(name.encode()))
    return any(word.search(source) for source in files.values())


def _unread(root: Path, paths: Collection[str]) -> Iterator[str]:
    """The files with settings in folders below the root, where they do not count."""
    folders = {parent for path in paths for parent in PurePosixPath(path).parents}
    for folder in sorted(map(str, folders - {PurePosixPath()})):
        # A file that cannot be read has no effect either, and is somebody else's.
        with contextlib.suppress(UserError):
            file = settings_file(root / folder)
            if file is not None:
                yield f"{folder}/{file}: is not read, for it is not at the root of the tree, which is {root}"

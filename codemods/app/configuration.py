"""The settings of a project, from ``tmlfix.toml`` or from ``[tool.tmlfix]`` in ``pyproject.toml``."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from codemods.app.rule_texts import described
from codemods.compiler_defects import DEFECTS
from codemods.files.safe_open import UnfitFileError, open_folder, read_file
from codemods.model.compiler_profile import CompilerProfile
from codemods.model.errors import UserError
from codemods.model.phases import PHASES, Plan
from codemods.model.settings import ExplicitReleases, Settings

OWN_FILE = "tmlfix.toml"
SHARED_FILE = "pyproject.toml"
DEFAULT = "default"

KEYS = (
    "include",
    "exclude",
    "outside",
    "explicit-releases",
    "rules",
    "per-file-ignores",
    "phases",
    "owning-types",
    "compiler",
)


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """The rules that a command line asks for; where it does not say, the settings of the project count."""

    selected: frozenset[str] | None = None
    """Only these, also those that the settings turn off; None: all."""
    ignored: frozenset[str] = frozenset()

    def includes(self, rule: str) -> bool:
        """Whether the command line leaves the rule in."""
        return rule not in self.ignored and (self.selected is None or rule in self.selected)

    def applied(self, settings: Settings) -> Settings:
        """The settings with these rules."""
        off = settings.disabled_rules if self.selected is None else described().keys() - self.selected
        return replace(settings, disabled_rules=frozenset(off | self.ignored))


ALL_RULES = RuleChoice()
"""What a command line asks for that names no rules."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force, the file they came from, and the keys that it sets."""

    settings: Settings
    file: str | None = None
    keys: frozenset[str] = frozenset()

    def entries(self) -> Iterator[tuple[str, Any, str]]:
        """Every key with its value, as TOML has it, and where that came from."""
        settings = self.settings
        yield self._entry("include", list(settings.include))
        yield self._entry("exclude", list(settings.exclude))
        yield self._entry("outside", list(settings.plan.outside))
        yield self._entry("explicit-releases", settings.explicit_releases.value)
        yield self._entry("rules.disable", sorted(settings.disabled_rules))
        for pattern, names in settings.per_file_ignores.items():
            yield self._entry(f"per-file-ignores.{quoted(pattern)}", list(names))
        for phase in settings.plan.phases:
            yield self._entry(f"phases.{phase.slug}.scope", list(phase.scope))
        for name, release in settings.owning_types.items():
            yield self._entry(f"owning-types.{quoted(name)}", release)
        if settings.compiler.checked is not None:
            yield self._entry("compiler.checked", settings.compiler.checked)
        yield self._entry("compiler.mended", sorted(settings.compiler.mended))
        yield self._entry("compiler.changed", sorted(settings.compiler.changed))

    def _entry(self, key: str, value: Any) -> tuple[str, Any, str]:
        return key, value, self.file if self.file is not None and key in self.keys else DEFAULT


def quoted(name: str) -> str:
    """A part of a key as TOML has it."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def read_configuration(root: Path, rules: RuleChoice = ALL_RULES) -> Configuration:
    """The configuration of the tree at ``root`` with these ``rules``; the defaults where it has none.

    ``tmlfix.toml`` wins over ``pyproject.toml``. Raises `UserError` for a file that cannot be read, a key
    that does not exist, and a value that makes no sense.
    """
    configuration = _read(root)
    return replace(configuration, settings=rules.applied(configuration.settings))


def settings_file(root: Path) -> str | None:
    """The file at ``root`` that has settings, if there is one. Raises `UserError` as `read_configuration`."""
    return _read(root).file


def _read(root: Path) -> Configuration:
    own = _table(root, OWN_FILE)
    if own is not None:
        return _Reader(OWN_FILE).read(own)
    shared = _table(root, SHARED_FILE) or {}
    tool = shared.get("tool", {})
    if isinstance(tool, dict) and "tmlfix" in tool:
        return _Reader(f"{SHARED_FILE}, [tool.tmlfix]").read(tool["tmlfix"])
    return Configuration(Settings())


def _table(root: Path, name: str) -> dict[str, Any] | None:
    try:
        with open_folder(root) as folder:
            return tomllib.loads(read_file(name, folder).decode())
    except FileNotFoundError:
        return None
    except UnfitFileError as error:
        raise UserError(f"{name} {error}") from None
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: is not TOML: {error}") from None


@dataclass(slots=True)
class _Reader:
    """Checks a table and makes settings of it; every error names the file and the key."""

    file: str
    keys: set[str] = field(default_factory=set)

    def read(self, table: Any) -> Configuration:
        top = self._keys("", table, KEYS)
        settings = Settings()
        plan = Plan()
        if "include" in top:
            settings = replace(settings, include=self._strings("include", top["include"]))
        if "exclude" in top:
            settings = replace(settings, exclude=self._strings("exclude", top["exclude"]))
        if "outside" in top:
            plan = replace(plan, outside=self._strings("outside", top["outside"]))
        if "explicit-releases" in top:
            value = self._one_of("explicit-releases", top["explicit-releases"], list(ExplicitReleases))
            settings = replace(settings, explicit_releases=ExplicitReleases(value))
        rules = self._keys("rules.", top.get("rules", {}), ("disable",))
        if "disable" in rules:
            disabled = self._rules("rules.disable", rules["disable"])
            settings = replace(settings, disabled_rules=frozenset(disabled))
        if "per-file-ignores" in top:
            settings = replace(settings, per_file_ignores=self._per_file(top["per-file-ignores"]))
        scopes = self._scopes(top.get("phases", {}))
        phases = tuple(replace(phase, scope=scopes.get(phase.slug, phase.scope)) for phase in PHASES)
        if "owning-types" in top:
            settings = replace(settings, owning_types=self._owning_types(top["owning-types"]))
        if "compiler" in top:
            settings = replace(settings, compiler=self._compiler(top["compiler"]))
        settings = replace(settings, plan=replace(plan, phases=phases))
        return Configuration(settings, self.file, frozenset(self.keys))

    def _per_file(self, table: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(table, dict):
            raise self._error("per-file-ignores", "is not a table of patterns, each with rules")
        return {
            pattern: self._rules(f"per-file-ignores.{quoted(pattern)}", names)
            for pattern, names in table.items()
        }

    def _rules(self, key: str, value: Any) -> tuple[str, ...]:
        return tuple(self._one_of(key, name, described()) for name in self._strings(key, value))

    def _scopes(self, table: Any) -> dict[str, tuple[str, ...]]:
        scopes = {}
        for slug, phase in self._keys("phases.", table, [phase.slug for phase in PHASES]).items():
            if "scope" in self._keys(f"phases.{slug}.", phase, ("scope",)):
                scopes[slug] = self._strings(f"phases.{slug}.scope", phase["scope"])
        return scopes

    def _owning_types(self, table: Any) -> dict[str, str]:
        if not isinstance(table, dict):
            raise self._error("owning-types", "is not a table of types, each with its release")
        for name, release in table.items():
            identifiers = [*name.split("::"), release]
            self.keys.add(f"owning-types.{quoted(name)}")
            if not all(isinstance(part, str) and part.isidentifier() for part in identifiers):
                raise self._error(f"owning-types.{name}", "is not a type with the method that releases it")
        return dict(table)

    def _compiler(self, table: Any) -> CompilerProfile:
        keys = self._keys("compiler.", table, ("checked", "mended", "changed"))
        mended, changed = self._defects(keys, "mended"), self._defects(keys, "changed")
        if both := sorted(mended & changed):
            raise self._error("compiler", f"says both of {both[0]}: mended and changed")
        if "checked" not in keys:
            if mended or changed:
                raise self._error("compiler", 'does not say when: checked = "YYYY-MM-DD"')
            return CompilerProfile()
        self.keys.add("compiler.checked")
        try:
            day = date.fromisoformat(keys["checked"])
        except (TypeError, ValueError):
            raise self._error("compiler.checked", 'is not a day such as "2026-02-25"') from None
        return CompilerProfile(mended, changed, day.isoformat())

    def _defects(self, table: Mapping[str, Any], name: str) -> frozenset[str]:
        if name not in table:
            return frozenset()
        key = f"compiler.{name}"
        return frozenset(self._one_of(key, entry, DEFECTS) for entry in self._strings(key, table[name]))

    def _keys(self, prefix: str, table: Any, known: Collection[str]) -> Mapping[str, Any]:
        if not isinstance(table, dict):
            raise self._error(prefix.removesuffix(".") or "tmlfix", "is not a table")
        for key in table:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                advice = f"did you mean {close[0]}?" if close else f"known keys: {', '.join(known)}"
                raise self._error(prefix + key, f"is no setting; {advice}")
        return table

    def _strings(self, key: str, value: Any) -> tuple[str, ...]:
        self.keys.add(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
            raise self._error(key, "is not a list of strings")
        return tuple(value)

    def _one_of(self, key: str, value: Any, known: Collection[str]) -> str:
        self.keys.add(key)
        if not isinstance(value, str):
            raise self._error(key, "is not a string")
        if value not in known:
            close = get_close_matches(value, known, n=1)
            advice = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise self._error(key, f"{value!r} is not known; {advice}")
        return value

    def _error(self, key: str, message: str) -> UserError:
        return UserError(f"{self.file}: {key} {message}")

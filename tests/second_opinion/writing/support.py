"""The TML modules that generated programs use, and the imports for what a file uses of them."""

from __future__ import annotations

import re
from pathlib import Path

SUPPORT = {
    f"lib/demo/src/{file.name}": file.read_bytes()
    for file in sorted(Path(__file__).parent.with_name("demo").glob("*.tml"))
}
"""All of them (path to content)."""

_EXPORTS = {
    Path(path).stem: frozenset(re.findall(r"(?m)^pub (?:func|type|enum|behavior) (\w+)", source.decode()))
    for path, source in SUPPORT.items()
}
_LIBRARY = {
    "core::str": r"\bstr::",
    "std::collections::List": r"\bList\[",
    "std::collections::HashMap": r"\bHashMap\[",
}


def with_imports(code: str) -> str:
    """The code of a file, with imports of what it uses from the standard library and the support modules."""
    imports = [f"use {path}" for path, use in _LIBRARY.items() if re.search(use, code)]
    words = set(re.findall(r"\w+", code))
    for module, exports in _EXPORTS.items():
        if used := sorted(exports & words):
            imports.append(f"use demo::{module}::{{{', '.join(used)}}}")
    return "\n".join([*imports, "", code])


def support_of(*sources: str) -> dict[str, bytes]:
    """The support modules that these files use, and those that they use in turn (path to content)."""
    used: dict[str, bytes] = {}
    waiting = list(sources)
    while waiting:
        for module in re.findall(r"\buse demo::(\w+)::", waiting.pop()):
            path = f"lib/demo/src/{module}.tml"
            if path in SUPPORT and path not in used:
                used[path] = SUPPORT[path]
                waiting.append(SUPPORT[path].decode())
    return dict(sorted(used.items()))

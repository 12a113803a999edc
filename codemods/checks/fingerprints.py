"""Names for findings that stay from one commit to the next.

The fingerprint of a finding is made from its rule, file, function and message, without line numbers, and
from its number among findings that agree in all of these. So it stays when lines move.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from codemods.model.findings import Finding

_LINES = re.compile(r"\b(lines?) \d+(?:(?:, | and )\d+)*")


def stable_message(finding: Finding) -> str:
    """The message with N in place of line numbers."""
    return _LINES.sub(r"\1 N", finding.message)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """The fingerprint of each finding. Equal findings differ by their order, so pass all findings at once."""
    seen = Counter[str]()
    result = []
    for finding in findings:
        # Messages quote code, whose layout may change.
        message = re.sub(r"\s", "", stable_message(finding))
        identity = "\0".join((finding.rule, finding.path, finding.function, message))
        seen[identity] += 1
        numbered = f"{identity}\0{seen[identity]}".encode("utf-8", "surrogatepass")
        result.append(hashlib.sha256(numbered).hexdigest()[:32])
    return result

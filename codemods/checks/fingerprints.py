"""What a finding is called from one commit to the next: by what it says, not by where it stands.

The fingerprint of a finding is made of its rule, file, function and message, without line numbers, and of
its number among those that are equal in all of this. So it stays when lines move.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from codemods.model.findings import Finding

_LINES = re.compile(r"\b(lines?) \d+(?:(?:, | and )\d+)*")


def stable_message(finding: Finding) -> str:
    """The message with N in the place of line numbers."""
    return _LINES.sub(r"\1 N", finding.message)


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """The fingerprint of each finding. Equal ones are told apart by their order, so pass them all."""
    seen = Counter[str]()
    result = []
    for finding in findings:
        # Code is quoted in messages, and may be laid out anew.
        message = re.sub(r"\s", "", stable_message(finding))
        identity = "\0".join((finding.rule, finding.path, finding.function, message))
        seen[identity] += 1
        numbered = f"{identity}\0{seen[identity]}".encode("utf-8", "surrogatepass")
        result.append(hashlib.sha256(numbered).hexdigest()[:32])
    return result

"""The defects of TML's compiler that the second opinion can leave out, by the names that tmlfix has for them.

Each stands for a compiler whose makers mended that defect. What such a compiler does instead is what the
defect's description says that it should do.
"""

from __future__ import annotations

ASSIGNMENT = "assignment-frees-nothing"
BRANCH_VALUES = "branch-initialisers"
EARLY_RETURN = "early-return-cancels-later-drops"
IGNORED_PAYLOAD = "ignored-payloads"
INTERPOLATION = "interpolation-frees-operands"
JUMP = "break-skips-drops"
LATE_TEXT = "late-strings-are-unwatched"
OWN_DROP = "own-drop-forgets-fields"
PRIVATE_CALLEE = "private-callee-takes-strings"
RETURNED_CALL = "returned-call-cancels-drop"
SHARED_NAMES = "methods-share-given-names"
VOID_END = "void-end-drops-nothing"

MENDABLE = frozenset(
    {
        *(ASSIGNMENT, BRANCH_VALUES, EARLY_RETURN, IGNORED_PAYLOAD, INTERPOLATION, JUMP, LATE_TEXT),
        *(OWN_DROP, PRIVATE_CALLEE, RETURNED_CALL, SHARED_NAMES, VOID_END),
    }
)
"""All of them."""

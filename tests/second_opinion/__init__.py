"""A second opinion on fixes: runs TML on a model of the heap, under the compiler's own drop rules.

Only the parser is shared with tmlfix. Nothing here knows obligations, summaries or rules: functions
are compiled in one walk over their text, in the way TML's compiler does it, and then executed.
"""

"""The claims ledger: the paper's numbers, the records of our experiments, and the verdicts computed from both.

``book/paper_values.csv`` holds every number that the paper reports. ``book/claims.yml`` holds every claim, with the
line that an experiment's interval is compared with. No verdict is typed by hand.

==========  ============================================================
`paper`     the paper's numbers; what is lost stays lost
`ledger`    claims and their lines, as ``claims.yml`` states them
`verdict`   an interval compared with a line
`finding`   statements of the chapters, each judged by a number
`judge`     every claim judged by every record of its experiment
`stored`    the verdicts of a run next to those of the stored pages
`tables`    the paper's numbers next to those of records
`table1`    the paper's Table 1 next to ours
`words`     numbers as text for readers
`text`      the verdicts as text for a terminal
==========  ============================================================

Paper: Section 6
Notebook: book/09_verdicts.ipynb
"""

from typing import TYPE_CHECKING

from ...lazily import attach

if TYPE_CHECKING:
    from .finding import finding
    from .judge import judge, judgements
    from .ledger import NOT_TESTABLE, NOT_TESTED, Claim, Finding, Line, Predicate, read_claims, read_findings
    from .paper import LostValue, paper_value, paper_values
    from .stored import STORED, beside_stored, computed_on, judged, stored
    from .tables import beside_paper, measured, side_by_side
    from .text import format_table
    from .verdict import CONTRADICTED, INCONCLUSIVE, NO_RECORD, REPRODUCED, VERDICTS, decide, decide_within, verdict
    from .words import show

__all__ = [
    "CONTRADICTED",
    "INCONCLUSIVE",
    "NOT_TESTABLE",
    "NOT_TESTED",
    "NO_RECORD",
    "REPRODUCED",
    "STORED",
    "VERDICTS",
    "Claim",
    "Finding",
    "Line",
    "LostValue",
    "Predicate",
    "beside_paper",
    "beside_stored",
    "computed_on",
    "decide",
    "decide_within",
    "finding",
    "format_table",
    "judge",
    "judged",
    "judgements",
    "measured",
    "paper_value",
    "paper_values",
    "read_claims",
    "read_findings",
    "show",
    "side_by_side",
    "stored",
    "verdict",
]

attach(
    __name__,
    {
        "finding": ("finding",),
        "judge": ("judge", "judgements"),
        "ledger": (
            "NOT_TESTABLE",
            "NOT_TESTED",
            "Claim",
            "Finding",
            "Line",
            "Predicate",
            "read_claims",
            "read_findings",
        ),
        "paper": ("LostValue", "paper_value", "paper_values"),
        "stored": ("STORED", "beside_stored", "computed_on", "judged", "stored"),
        "tables": ("beside_paper", "measured", "side_by_side"),
        "text": ("format_table",),
        "verdict": (
            "CONTRADICTED",
            "INCONCLUSIVE",
            "NO_RECORD",
            "REPRODUCED",
            "VERDICTS",
            "decide",
            "decide_within",
            "verdict",
        ),
        "words": ("show",),
    },
)

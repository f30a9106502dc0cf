"""The accessibility part of the privacy report: the success criteria of WCAG 2.2, levels A and AA, by what Mailgate's own tests look for."""

from collections.abc import Iterator

from mailgate.console.privacy.document import Block, Grid, Heading, Items, ToAdd
from mailgate.model.phrase import phrase

CHECKED = tuple(
    "1.1.1 1.2.2 1.3.1 1.3.5 1.4.1 1.4.2 1.4.3 1.4.4 1.4.12 2.1.1 2.2.1 2.2.2 2.4.1 2.4.2 2.4.4 3.1.1 3.1.2 3.3.2 4.1.2".split()
)
"""The criteria for which axe-core, as the tests run it, looks for faults. A test compares them with its rules."""
REFLOW = "1.4.10"
"""The criterion that the tests check by the width of each page."""
NOT_CHECKED = tuple(
    "1.2.1 1.2.3 1.2.4 1.2.5 1.3.2 1.3.3 1.3.4 1.4.5 1.4.11 1.4.13 2.1.2 2.1.4 2.3.1 2.4.3 2.4.5 2.4.6 2.4.7 2.4.11 2.5.1 2.5.2 2.5.3 2.5.4 2.5.7 2.5.8 3.2.1 3.2.2 3.2.3 3.2.4 3.2.6 3.3.1 3.3.3 3.3.4 3.3.7 3.3.8 4.1.3".split()
)
"""All others."""


def accessibility() -> Iterator[Block]:
    """The table of a statement (Implementing Decision (EU) 2018/1523), as far as tests fill it."""
    yield Heading(2, phrase("5. Accessibility"))
    yield phrase(
        "Mailgate's tests open the pages for people, the console and the extension in a browser, in a dark window of 320 and a light one of 1280 pixels, and look for faults with axe-core. A release has none."
    )
    yield Grid(
        (phrase("Criteria of WCAG 2.2, levels A and AA"), phrase("Checked how")),
        [
            (
                ", ".join(CHECKED),
                phrase("In part, by these tests: axe-core finds some faults of each, not all"),
            ),
            (REFLOW, phrase("By these tests: no page is wider than a window of 320 pixels")),
            (", ".join(NOT_CHECKED), ToAdd(phrase("the result of a check by hand, with its date"))),
        ],
    )
    yield Items(
        [
            ToAdd(phrase("the status: fully, partly or not compliant, and what is not accessible and why")),
            ToAdd(phrase("the contact for feedback, and the procedure of enforcement")),
        ]
    )

"""Words that people type in the tests of the console, and names of rules and versions: data that a page shows
unchanged."""

RULES = (
    "Nobody 2",
    "other:",
    "client.kind",
    "windows",
    "Another version was put in force",
    "default",
    "policy.yaml",
    "Mailgate",
    "No prohibited app",
    "prohibited",
    "nobody",
    "everybody",
    "others",
    "newer",
    "older",
    "shut",
    'the "rule"',
)
TYPED_BY_PEOPLE = (
    *(
        "back again",
        "undone at once",
        "over",
        "back",
        "for <her>",
        "legal asked",
        "sent in error",
        "too early",
        "No phones",
        "a new phone",
    ),
    *("too many people <b>", "too many", "first start", "WeChat prohibited", "none"),
)
IN_THE_LOG = (
    "api at desk",
    "console at gate-1",
    "plan 0",
    "plan 1",
    "plan 2",
    "version 1",
    "before",
    "digest",
    "file",
    "policy",
    "token",
    "way",
)
"""Entries of the audit log stay as they are stored."""
CODES = (
    *("Android", "Linux", "Windows", "Google Chrome", "Example ID"),
    "laptop",
    "phone",
    "tablet",
    "kind",
    "enforce",
    "warned",
    "warn",
    "3 records",
    "Company mail: a rule that affects a device of yours has started",
)
"""Words of rules and of the other side, and the subject of a mail in the language of who gets it."""
OF_LIBRARIES = ("Service Unavailable",)
"""What aiohttp says of a status."""

TYPED = tuple(sorted({*RULES, *TYPED_BY_PEOPLE, *IN_THE_LOG, *CODES, *OF_LIBRARIES}, key=len, reverse=True))

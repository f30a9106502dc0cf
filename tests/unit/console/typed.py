"""What the tests of the console have people type, and what they call their rules: data that a page shows as it is."""

TYPED = frozenset(
    {
        "No prohibited app",
    }
)

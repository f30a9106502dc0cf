"""How pages show whose they are."""

from dataclasses import dataclass

INK_ON_DARK = "#0d1b2c"
"""What stands on a button in a dark page."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """Of one company. What is empty is as the gate has it."""

    name: str = ""
    logo: str = ""
    """A ``data:`` address."""
    colour: str = ""
    """Of buttons and links, like ``#0b5cad``, and in dark pages."""
    colour_dark: str = ""

    def style(self) -> str:
        """What stands behind the style that every page has."""
        rules = f":root{{--accent:{self.colour};--on-accent:#fff}}" if self.colour else ""
        if self.colour and not self.colour_dark:  # else the one above would hold in dark pages too
            rules = f"@media(prefers-color-scheme:light){{{rules}}}"
        if self.colour_dark:
            dark = f":root{{--accent:{self.colour_dark};--on-accent:{INK_ON_DARK}}}"
            rules += f"@media(prefers-color-scheme:dark){{{dark}}}"
        return rules


OURS = Appearance()
"""That of no company."""

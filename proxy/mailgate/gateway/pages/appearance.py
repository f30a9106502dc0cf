"""The company's look of the pages: name, logo and colours."""

from dataclasses import dataclass

INK_ON_DARK = "#0d1b2c"
"""The colour of the text on a button in a dark page."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """The look of one company. An empty field leaves the gate's own."""

    name: str = ""
    logo: str = ""
    """The logo, as a ``data:`` URL."""
    colour: str = ""
    """The colour of buttons and links, like ``#0b5cad``, in light and in dark pages."""
    colour_dark: str = ""

    def style(self) -> str:
        """The rules that follow the style of every page."""
        rules = f":root{{--accent:{self.colour};--on-accent:#fff}}" if self.colour else ""
        if self.colour and not self.colour_dark:  # without this, the rule above would count in dark pages too
            rules = f"@media(prefers-color-scheme:light){{{rules}}}"
        if self.colour_dark:
            dark = f":root{{--accent:{self.colour_dark};--on-accent:{INK_ON_DARK}}}"
            rules += f"@media(prefers-color-scheme:dark){{{dark}}}"
        return rules


DEFAULT_APPEARANCE = Appearance()
"""The gate's own look."""

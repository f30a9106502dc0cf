"""The settings of the pages for employees: their languages, and the own page."""

from typing import Annotated

from pydantic import StringConstraints

from mailgate.config.addresses import PageUrl
from mailgate.config.mail import ShortText
from mailgate.model.languages import SOURCE
from mailgate.policy.apps import Strict
from mailgate.policy.localized_text import Language

LoginQuestion = Annotated[str, StringConstraints(pattern=r"^(GET|OPTIONS) /[!-~]*$", max_length=500)]


class LanguageSettings(Strict):
    """The languages of pages."""

    default: Language = SOURCE
    """The language of a page if the browser asks for none that the gate has."""


class ExtensionPages(Strict):
    """The page on which people get the companion extension for their browser: in a store, or of the company."""

    chromium: PageUrl | None = None
    """The page for Chrome, Edge and related browsers."""
    firefox: PageUrl | None = None


class EmployeePage(Strict):
    """The page on which people see their devices and what is stored about them (``/.mailgate/me``)."""

    login_check: LoginQuestion | None = "OPTIONS /Microsoft-Server-ActiveSync"
    """A request that asks the webmail for a login and changes nothing. A login is believed once the webmail accepts
    it."""
    contact: ShortText | None = None
    """The contact for a copy of the stored data; by default the contact of the first rule that has one."""
    pairing_codes: bool = False
    """Whether people who have logged in there on a computer may get a code that adds a browser
    (``docs/extension.md``)."""
    extension: ExtensionPages = ExtensionPages()
    """The link of the fix ``get-extension``. Without it the step only names the help desk."""

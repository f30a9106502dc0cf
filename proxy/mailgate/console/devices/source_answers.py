"""The answers of sources that were asked about a device, in words."""

from collections.abc import Mapping

from mailgate.console.words import source_in_words
from mailgate.devices.device import Device, Report
from mailgate.model import CheckResult
from mailgate.model.fact import Fact, Words
from mailgate.model.phrase import joined, phrase
from mailgate.policy import AppCatalog

Slot = tuple[str, str]
_CAME = {
    CheckResult.ASKED: phrase("told the device to report; it mostly answers within seconds"),
    CheckResult.GONE: phrase("no longer has the device"),
    CheckResult.WAIT: phrase("was asked less than a minute ago"),
    CheckResult.CANNOT: phrase("cannot be asked about one device; it reports by itself"),
    CheckResult.FAILED: phrase("did not answer"),
}


class SourceAnswer(Fact):
    """The answer of one source."""

    source: str
    """The source."""
    result: str
    """`taken`: it answered; `asked`: the device was told to report; `gone`: it no longer has the device; `wait`: it was
    asked a moment ago; `cannot`: it cannot be asked; `failed`."""
    words: Words
    """The answer in words."""


def source_answers(
    came: Mapping[Slot, CheckResult], device: Device | None, catalog: AppCatalog
) -> list[SourceAnswer]:
    """The answer of each source. ``device`` already has the new reports."""
    reports = {each.key: each for each in device.reports} if device else {}
    return [
        SourceAnswer(
            source=slot[0], result=again.value, words=_words(slot, again, reports.get(slot), catalog)
        )
        for slot, again in came.items()
    ]


def _words(slot: Slot, again: CheckResult, report: Report | None, catalog: AppCatalog) -> str:
    source = source_in_words(slot[0])
    if again is not CheckResult.TAKEN:
        return joined([source, _CAME[again]], " ")
    if report is None or report.reported_at is None:
        return phrase("%(source)s answered, but does not see which apps are there", source=source)
    apps = ", ".join(catalog.name_of(key) for key in sorted(report.apps))
    if not apps:
        return phrase("%(source)s answered: no listed app on it", source=source)
    return phrase("%(source)s answered: %(apps)s on it", source=source, apps=apps)

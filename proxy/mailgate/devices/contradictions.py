"""Finds contradictions between sources about one device. The texts are for an admin, who has to find out which source
is right.

If one source saw a listed app and another did not, that is no contradiction: ``posture.py`` decides which of them counts.
"""

from collections.abc import Iterable, Iterator, Sequence

from mailgate.devices.device import Contradiction, Report
from mailgate.devices.names import Name, user_text
from mailgate.model import Kind, Reason
from mailgate.model.phrase import joined, joined_by_and, joined_names, phrase

PLACEHOLDER_MIN_IDS = 16
"""A device with this many ids of one source, or more, is assumed to be many devices that share a placeholder.

A device that enrols again and again gets a new id each time, but not this many.
"""
_SHOWN = 3
_FAMILIES = dict.fromkeys(("ios", "ipados"), phrase("ios or ipados"))
"""Operating systems that sources do not tell apart."""


def contradictions(reports: Sequence[Report]) -> tuple[Contradiction, ...]:
    """The contradictions between these reports of one device. A report whose source no longer
    has the device does not count."""
    current = [report for report in reports if not report.gone]
    crowd = sorted({report.source for report in reports if looks_like_placeholder(reports, report.source)})
    return tuple(
        Contradiction(
            Reason.DEVICE_NAME_CONTRADICTED,
            "",
            phrase(
                "%(source)s has %(crowd)s devices or more of one name, which is probably a placeholder",
                source=source,
                crowd=PLACEHOLDER_MIN_IDS,
            ),
        )
        for source in crowd[:1]
    ) + tuple(
        Contradiction(reason, "", joined((noun, _said(said)), ": "))
        for reason, noun, said in (
            (Reason.DEVICE_KIND_CONTRADICTED, phrase("kind"), list(_kinds(current))),
            (Reason.DEVICE_OS_CONTRADICTED, phrase("operating system"), list(_systems(current))),
            (Reason.DEVICE_OWNER_CONTRADICTED, phrase("owner"), list(_owners(current))),
        )
        if len({each for each, _ in said}) > 1
    )


def looks_like_placeholder(reports: Iterable[Report], source: str) -> bool:
    """Whether one source has so many ids for this device that their common name is probably a placeholder."""
    return sum(report.source == source and not report.gone for report in reports) >= PLACEHOLDER_MIN_IDS


def shared_name(name: Name, others: Iterable[str]) -> Contradiction:
    """The contradiction that two devices claim the same name although they cannot be one device."""
    kind, text = name
    told = sorted(others)
    shown = ", ".join(told[:_SHOWN])
    if len(told) > _SHOWN:
        shown = phrase("%(names)s and %(more)s more", names=shown, more=len(told) - _SHOWN)
    detail = phrase(
        "the %(kind)s name %(name)s is reported for %(others)s too, which is another device",
        kind=kind,
        name=text,
        others=shown,
    )
    return Contradiction(Reason.DEVICE_NAME_CONTRADICTED, f"{kind} {text}", detail)


def _kinds(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    """The reported kinds. Phone and tablet do not contradict each other: sources draw that line differently, and rules
    treat both alike."""
    for report in reports:
        if report.kind not in (None, Kind.UNKNOWN):
            yield (
                phrase("laptop") if report.kind is Kind.LAPTOP else phrase("phone or tablet"),
                report.source,
            )


def _systems(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    for report in reports:
        if report.os:
            yield (_FAMILIES.get(report.os.lower(), report.os.lower()), report.source)


def _owners(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    """The reported owners. A login name with a domain and one without are the same owner if the part before the ``@``
    is the same."""
    owners = [(user_text(report.owner), report.source) for report in reports if report.owner]
    bare = {owner for owner, _ in owners if "@" not in owner}
    for owner, source in owners:
        local = owner.partition("@")[0]
        yield (local if local in bare else owner, source)


def _said(said: Iterable[tuple[str, str]]) -> str:
    """Each reported value with the sources that report it, in alphabetical order."""
    by_word: dict[str, list[str]] = {}
    for word, source in said:
        by_word.setdefault(word, []).append(source)
    return joined(
        phrase(
            "%(word)s says %(sources)s", word=word, sources=joined_names(sorted(set(sources)), joined_by_and)
        )
        for word, sources in sorted(by_word.items())
    )

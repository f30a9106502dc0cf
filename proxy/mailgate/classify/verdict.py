"""Weighs what the families of signals say: the most restrictive counts, agreement is worth more than a claim."""

from collections.abc import Sequence

from mailgate.classify.reading import Reading
from mailgate.model import Assurance, Client, Finding, Kind, Protocol, Reason

_FORMLESS = frozenset({"tool", "bot", "mail_app", "device"})
"""Forms that are no form factor and are left empty in a client."""

_NOTHING = Reading()


def weigh(readings: Sequence[Reading], protocol: Protocol) -> Client:
    """The client behind ``readings``, which come strongest family first."""
    readings = [reading for reading in readings if reading.tells]
    taken = _taken(readings)
    if len(readings) == 1:  # nothing that it could agree with, or contradict
        told, findings, assurance = readings, readings[0].findings, Assurance.CLAIMED
    else:
        told = [taken, *readings]
        findings = tuple([each for reading in readings for each in reading.findings])
        findings += _clash(readings, taken)
        assurance = _assurance(readings, taken, findings)
    system = _first([reading.os for reading in told])
    return Client(
        kind=taken.kind,
        handheld=taken.handheld,
        assurance=assurance,
        form="" if taken.form in _FORMLESS else taken.form,
        os=system,
        os_version=_first([reading.os_version for reading in readings if reading.os == system]),
        browser=_first([reading.browser for reading in told]),
        browser_version=_first([reading.browser_version for reading in told]),
        model=_first([reading.model for reading in told]),
        protocol=protocol,
        signals=tuple([signal for reading in readings for signal in reading.signals]),
        findings=findings,
    )


def _first(words: list[str]) -> str:
    for word in words:
        if word:
            return word
    return ""


def _taken(readings: Sequence[Reading]) -> Reading:
    """The most restrictive outright reading, unless an inferred one is more restrictive still.

    An inferred reading never makes a laptop, and a mail client of unknown form disputes no form that is told.
    """
    taken = min([r for r in readings if r.form and not r.weak], key=_rank, default=_NOTHING)
    for reading in readings:
        if reading.weak and _counts(reading, taken):
            taken = reading
    return taken


def _rank(reading: Reading) -> int:
    """0 is the most restrictive: exact handhelds (a tablet is told more exactly than a phone) to computers."""
    if reading.handheld:
        return {"phone": 1, "mail_app": 2}.get(reading.form, 0)
    return 4 if reading.kind is Kind.LAPTOP else 3


def _counts(inferred: Reading, taken: Reading) -> bool:
    if inferred.form == "mail_app":
        return taken.kind is Kind.UNKNOWN
    of_a_device = inferred.handheld or inferred.kind is Kind.OTHER
    return of_a_device and taken.kind in (Kind.LAPTOP, Kind.UNKNOWN, Kind.MAIL_APP)


def _clash(readings: Sequence[Reading], taken: Reading) -> tuple[Finding, ...]:
    """A finding where one family names a computer and another a device that is none.

    An inferred computer does not speak against appliances: televisions and consoles run desktop systems.
    """
    computer = any(r.kind is Kind.LAPTOP and (taken.handheld or not r.weak) for r in readings)
    if not computer or not (taken.handheld or taken.kind is Kind.OTHER):
        return ()
    said = "; ".join(f"{s.name} {s.value!r} says {s.says}" for r in readings for s in r.signals if s.says)
    return (Finding(Reason.KIND_CONTRADICTED, f"the request names different kinds: {said}"),)


def _assurance(readings: Sequence[Reading], taken: Reading, findings: Sequence[Finding]) -> Assurance:
    contradicted = any(finding.reason is Reason.KIND_CONTRADICTED for finding in findings)
    agreeing = [r for r in readings if r.form and r.form == taken.form]
    systems = {r.os for r in agreeing if r.os}
    agree = len(agreeing) > 1 and len(systems) <= 1 and not contradicted
    return Assurance.CONSISTENT if agree else Assurance.CLAIMED

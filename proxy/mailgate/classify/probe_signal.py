"""The browser probe as a family of signals. The gate passes its finding on as a header that no client can send."""

import re

from mailgate.classify.probe_readings import WHY, ProbeFinding
from mailgate.classify.reading import KIND_OF_FORM, Reading
from mailgate.model import Finding, Kind, Reason, Signal
from mailgate.model.phrase import phrase

HEADER = "mailgate-probe"
"""The header's name. Names that begin with ``mailgate-`` are dropped from requests (``gateway/http1/trusted_headers.py``)."""

_TEXT = re.compile(r"(?P<form>[a-z]+)(?:;by=(?P<by>[a-z-]+))?(?:;os=(?P<os>[a-z]+))?(?P<observed>;observe)?")


def probe_header(found: ProbeFinding, *, observed: bool) -> str:
    """The header's value, like ``tablet;by=mac-with-touch;os=ipados``. ``observed``: whether the finding is shown but
    does not count."""
    system = f";os={found.os}" if found.os else ""
    return f"{found.form};by={found.by}{system}{';observe' if observed else ''}"


def read_probe(header: str) -> Reading:
    """Read the probe's finding. A computer is what the client claims, so it always counts. Any other finding counts unless
    the probe only observes; then it leaves a contradiction."""
    told = _TEXT.fullmatch(header)
    if told is None or told["form"] not in KIND_OF_FORM:
        return Reading()
    form, by = told["form"], told["by"] or "told"
    kind = KIND_OF_FORM[form]
    signals = (Signal("probe", by, WHY.get(by, form), kind),)
    if kind is Kind.LAPTOP or not told["observed"]:
        return Reading(form, os=told["os"] or "", signals=signals)
    detail = phrase(
        "the browser probe finds a %(form)s: %(why)s; it only observes, so the claim counts",
        form=form,
        why=WHY.get(by, by),
    )
    return Reading(signals=signals, findings=(Finding(Reason.KIND_CONTRADICTED, detail),))

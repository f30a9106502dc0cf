"""What runs: the gate at its admin port, and the way by which people's requests come to it."""

import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from mailgate import __version__
from mailgate.app.doctor.diagnosis import Diagnosis, Examined, State, failed, ok, unknown
from mailgate.app.in_force import HELP_KEYS
from mailgate.config.values import Address
from mailgate.console.now.attention import needs_of
from mailgate.console.now.readiness import Readiness
from mailgate.console.words import trouble_in_words
from mailgate.errors import SourceError, Trouble
from mailgate.gateway.own_addresses import HEALTHY, Arrival, way_question
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.http.connection_limits import connection_shares
from mailgate.http.trusted_headers import name_in, within
from mailgate.model import Reason
from mailgate.model.addresses import canonical_address
from mailgate.store import Store
from mailgate.wire import ApiResponse

MIN_CONNECTIONS = 500
"""The fewest connections for mail that a company's gate should have."""
NEARLY_ALL = 0.8
"""The share of the open files from which on the alarm rings too."""
_HELPS = {
    "now": "docs/operate.md#when-things-break",
    "policy": "`mailgate check`, then `mailgate policy plan`",
    "exemptions": "`mailgate policy history` says by whom and why",
    "connectors": "`mailgate connectors list`",
}
"""What to do about what needs a person, by the page of the console that is about it."""
WHO_TRUSTS = "docs/deploy.md#behind-a-proxy-that-ends-tls"


def _admin(gate: Examined, path: str) -> str:
    """An address of the gate's admin port, seen from this machine."""
    at = gate.at_hand.admin_listen
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(at.host, at.host)  # noqa: S104 - compared
    return f"http://{Address(here, at.port)}{path}"


async def running_gate(gate: Examined) -> AsyncIterator[Diagnosis]:
    """What ``/readyz`` says, in words."""
    try:
        answer = await gate.get(_admin(gate, "/readyz"))
        state = Readiness.model_validate_json(answer.body)
    except SourceError:
        found = f"no gate answers at {gate.at_hand.admin_listen}"
        read = "start it, and read its log: `systemctl status mailgate`, `journalctl -u mailgate`"
        yield failed("gate", found, read)
        return
    except ValidationError:
        found = f"what answers at {gate.at_hand.admin_listen} is no gate of this version"
        yield failed("gate", found, "mend `admin_listen`, or restart the gate after an upgrade")
        return
    if not state.ready:
        yield failed("gate", "it is stopping, and takes no new requests", "start it again")
    if state.version != __version__:
        found = f"version {state.version} runs, and {__version__} is installed"
        yield Diagnosis("gate", State.WARNING, found, "restart it when that suits")
    needs = needs_of(state)
    for need in needs:
        how = State.FAILED if need.urgent else State.WARNING
        yield Diagnosis("gate", how, str(need.words), _HELPS.get(need.page, _HELPS["now"]))
    if state.ready and not needs:
        rules = f"rules of version {state.rules.number}"
        yield ok("gate", f"it is ready; workers: {state.workers.answering}, {rules}")


async def descriptors(gate: Examined) -> AsyncIterator[Diagnosis]:
    """The open files that each process of the running gate may have, and has."""
    try:
        text = (await gate.get(_admin(gate, "/metrics"))).body.decode()
    except SourceError:
        found = "how many files the gate may open is known while it runs"
        yield unknown("open files", found, "start it")
        return
    most, open_now = _worst(text, "process_max_fds", min), _worst(text, "process_open_fds", max)
    room = connection_shares(int(most)).mail
    found = f"{open_now:.0f} of {most:.0f} are open, which is room for {room} connections of mail"
    if room < MIN_CONNECTIONS or open_now > NEARLY_ALL * most:
        yield failed("open files", found, "raise `LimitNOFILE=` of the unit, or `ulimit -Hn`, and restart")
    else:
        yield ok("open files", found)


def _samples(text: str, name: str) -> Iterator[tuple[dict[str, str], float]]:
    for family in text_string_to_metric_families(text):
        yield from ((each.labels, each.value) for each in family.samples if each.name == name)


def _worst(text: str, name: str, choose: Callable[[Iterable[float]], float]) -> float:
    """A figure of the process that has the least room, by what ``choose`` chooses."""
    return choose(value for _, value in _samples(text, name))


async def public_url(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether what people type leads to a gate on this store, and whom that gate then takes for the client."""
    url, query = gate.at_hand.public_url, await _way_question(gate)
    try:
        answer = await gate.get(f"{url}/.mailgate/healthz{query}")
    except SourceError as error:
        helps = "let its name lead to this gate, or to the proxy before it"
        if error.trouble is Trouble.CERTIFICATE:
            helps = "renew the certificate, or name your own authority: SSL_CERT_FILE=FILE mailgate doctor"
        yield failed("public URL", f"{url} {trouble_in_words(str(error))}", helps)
        return
    arrival = _arrival(answer)
    if arrival is None and not query and answer.body == HEALTHY:
        found = f"{url} leads to a gate; which store it is on was not seen"
        yield unknown("public URL", found, "see the line about the store")
        return
    if arrival is None:
        yield _elsewhere(url, answer)
        return
    yield ok("public URL", f"{url} leads to a gate on this store")
    for each in judged(arrival, gate):
        yield each


async def _way_question(gate: Examined) -> str:
    """The query by which a gate tells how it is reached; empty without the keys of the store."""
    keys = await gate.store.keys.known(HELP_KEYS) if isinstance(gate.store, Store) else ()
    return f"?{way_question(Tickets(keys), gate.clock())}" if keys else ""


def _arrival(answer: ApiResponse) -> Arrival | None:
    try:
        return Arrival(**json.loads(answer.body)) if answer.status == 200 else None
    except (ValueError, TypeError):
        return None


def _elsewhere(url: str, answer: ApiResponse) -> Diagnosis:
    """What answers there if it is no gate on this store."""
    leads = answer.headers.get("location", "")
    if answer.status == 200 and answer.body == HEALTHY:
        found = "leads to a gate on another store"
        helps = "name the store of that gate, or let the name lead to this one"
    elif answer.status in range(300, 400):
        parts = urlsplit(leads)
        found = f"leads on to {parts.scheme}://{parts.netloc}"
        helps = "write into `public_url` what people end at, and let `/.mailgate/` lead to the gate"
    else:
        found = f"leads to something that is no gate, which answers with {answer.status}"
        helps = "let its name lead to this gate, or to the proxy before it, with `/.mailgate/` to the gate"
    return failed("public URL", f"{url} {found}", helps)


def judged(arrival: Arrival, gate: Examined) -> Iterator[Diagnosis]:
    """Whether the gate believes the right proxies, by what it made of a request from this machine."""
    url = urlsplit(gate.at_hand.public_url)
    troubles = list(_troubles(arrival, gate))
    if arrival.scheme != url.scheme:
        found = f"the gate takes a request by {url.scheme} for one by {arrival.scheme}"
        troubles.append((found, "let the proxy set `X-Forwarded-Proto`, and name it in `trusted_proxies`"))
    hosts = {name_in(each.encode()) for each in (url.hostname or "", *gate.at_hand.hosts)}
    if name_in(arrival.host.encode()) not in hosts:
        found = f"the gate was asked for the host {arrival.host}"
        troubles.append((found, "let the proxy pass `Host` on, or name that host in `hosts`"))
    for found, helps in troubles:
        yield failed("proxies", found, f"{helps}: {WHO_TRUSTS}")
    if not troubles:
        yield _whom(arrival, gate)


def _troubles(arrival: Arrival, gate: Examined) -> Iterator[tuple[str, str]]:
    if arrival.told and not arrival.by_proxy:
        found = f"a proxy at {arrival.peer} hands requests on and is not trusted, {_as_one(arrival)}"
        network = f"{arrival.peer}/{ip_address(arrival.peer).max_prefixlen}"
        yield found, f"name it in `trusted_proxies`: {network}"
    direct = canonical_address(arrival.peer) in _own_addresses(gate)
    if arrival.by_proxy and "x-forwarded-for" not in arrival.told and not direct:
        found = f"the proxy at {arrival.peer} does not say whose requests it hands on, {_as_one(arrival)}"
        yield found, "let it set `X-Forwarded-For`"


def _as_one(arrival: Arrival) -> str:
    return f"so that everybody counts as {arrival.peer}"


def _own_addresses(gate: Examined) -> frozenset[str]:
    return gate.own_addresses(urlsplit(gate.at_hand.public_url).hostname or "")


def _whom(arrival: Arrival, gate: Examined) -> Diagnosis:
    own = _own_addresses(gate)
    if arrival.remote in own:
        return ok("proxies", f"a request from here counts as from {arrival.remote}, which is this machine")
    if within(arrival.remote, gate.at_hand.trusted_proxies):
        found = f"a request from here counts as from the proxy at {arrival.remote}"
        add = "let each proxy add to `X-Forwarded-For`, and none replace it"
        return failed("proxies", found, f"{add}: {WHO_TRUSTS}")
    here = ", ".join(sorted(own)) or "an unknown address"
    found = f"a request from here counts as from {arrival.remote}, and this machine asks from {here}"
    return unknown("proxies", found, "right if addresses are translated between here and the gate")


async def forward_auth(gate: Examined) -> AsyncIterator[Diagnosis]:
    """Whether the proxy that carries the mail asks the gate about it, in the language of the settings."""
    asked = [each.dialect for each in (gate.at_hand.authz, *gate.at_hand.authz_listeners) if each]
    if not asked:
        return
    url = gate.at_hand.public_url
    try:
        before, _ = await _numbers(gate)
        # a name of its own, so that no proxy answers by a verdict that it keeps
        agent = f"mailgate-doctor/{secrets.token_hex(4)}"
        answer = await gate.get(f"{url}/", headers={"User-Agent": agent})
        after, gates = await _numbers(gate)
    except SourceError as error:
        found = f"what {url} does about mail was not seen: {trouble_in_words(str(error))}"
        yield unknown("forward auth", found, "start the gate and the proxy, then try again")
        return
    name = answer.headers.get("server", "").partition("/")[0]
    proxy = f"the proxy at {url}" + (f", which calls itself {name}," if name else "")
    state, found, helps = spoken(after - before, gates, " or ".join(dict.fromkeys(asked)))
    yield Diagnosis("forward auth", state, f"{proxy} {found}, and answered with {answer.status}", helps)


def spoken(new: Counter[str], gates: int, dialect: str) -> tuple[State, str, str]:
    """What a proxy did about a request, by what the gate has counted meanwhile, and what to do about that.

    :param gates: how many gates are on the store: another one may have been asked.
    """
    if new[Reason.REQUEST_AMBIGUOUS] or new[Reason.REQUEST_MALFORMED]:
        found = f"asked, but not in the dialect {dialect}, so that its question was refused"
        return State.FAILED, found, "set `dialect` to what it speaks: docs/forward-auth.md#what-is-asked"
    if new[Reason.NOT_FOUND]:
        found = "asked where it gets no answer: it is not trusted, or not at its own address"
        return State.FAILED, found, "name it in `trusted_proxies`, and let it ask at /.mailgate/authz"
    if new[_DECIDED]:
        return State.OK, f"asked in the dialect {dialect}", ""
    if gates > 1:
        found = "did not ask this gate, but may have asked another one"
        return State.UNKNOWN, found, "run this beside each gate"
    helps = "let it ask about every request: docs/forward-auth.md"
    return State.FAILED, "did not ask, so mail goes by the gate", helps


_DECIDED = "decided"


async def _numbers(gate: Examined) -> tuple[Counter[str], int]:
    """How many requests a running gate has refused to read, by reason, and how many it has decided; and how many gates there are."""
    text, counts = (await gate.get(_admin(gate, "/metrics"))).body.decode(), Counter[str]()
    for labels, value in _samples(text, "mailgate_errors_total"):
        counts[labels["reason"]] += int(value)
    counts[_DECIDED] = int(sum(value for _, value in _samples(text, "mailgate_decisions_total")))
    here = (value for labels, value in _samples(text, "mailgate_gates") if labels["state"] != "gone")
    return counts, int(sum(here))

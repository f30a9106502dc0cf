"""Metrics for Prometheus. Labels come from closed sets only, so that no client can make new series."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Info,
    Metric,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from mailgate.model import Access, AttestationResult, CertificateResult, Decision, Effect, Reason
from mailgate.store.ledger import Repeat

DECISION_BUCKETS = (0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 1.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began says Prometheus better


class Metrics:
    """Every metric of the gate, in a separate registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.decisions = LabelledCounter(
            "mailgate_decisions", "Requests decided", ("effect", "reason", "kind"), self.registry
        )
        self.refusals = LabelledCounter(
            "mailgate_refusals",
            "Requests that were warned or refused, by the rule that decided",
            ("rule", "effect", "reason"),
            self.registry,
        )
        self.decision_seconds = DurationHistogram(
            "mailgate_decision_seconds",
            "Time from the facts to the decision",
            DECISION_BUCKETS,
            self.registry,
        )
        counter, gauge = self._counter, self._gauge
        self.would = counter(
            "mailgate_report_only_matches", "Report-only rules that matched", "rule", "effect"
        )
        self.errors = counter(
            "mailgate_errors", "Answers of the gate to requests that it could not serve", "reason"
        )
        self.attestations = counter("mailgate_attestations", "Attestations offered, by outcome", "result")
        self.issuer_keys = counter(
            "mailgate_issuer_keys", "Requests for an issuer's keys, by outcome", "issuer", "result"
        )
        self.issuer_keys_success = gauge(
            "mailgate_issuer_keys_success_timestamp_seconds",
            "When an issuer last answered for its keys, in seconds since 1970",
            "issuer",
        )
        self.enrolments = counter(
            "mailgate_enrolments", "Enrolments and reports of devices, by outcome", "what", "result"
        )
        self.two_places = counter(
            "mailgate_keys_in_two_places", "Requests whose key was in use elsewhere at the same time"
        )
        self.contradictions = counter(
            "mailgate_kind_contradictions", "Clients whose signals name different kinds"
        )
        self.certificate_expiry = gauge(
            "mailgate_certificate_expiry_timestamp_seconds",
            "When the certificate that is served there expires, in seconds since 1970",
            "listener",
            "file",
        )
        self.certificates = counter(
            "mailgate_client_certificates", "TLS client certificates presented, by outcome", "result"
        )
        self.login_tokens = counter(
            "mailgate_login_tokens", "Tokens of logins that trusted proxies passed on, by outcome", "result"
        )
        self.two_devices = counter(
            "mailgate_two_devices", "Requests whose certificate is of another device than the request names"
        )
        self.device_findings = gauge(
            "mailgate_device_findings", "Contradictions between the sources of devices, by reason", "reason"
        )
        self.devices = gauge("mailgate_devices", "Known devices, by what they get of mail", "mail")
        self.browsers = gauge(
            "mailgate_browsers", "Browsers with the companion extension, by what is known of them", "state"
        )
        self.tokens_ending = gauge(
            "mailgate_enrolment_tokens_ending",
            "Shared enrolment tokens in use with less than a tenth of their uses or of their time left",
        )
        self.probes = counter("mailgate_probes", "Browser probes: pages shown, and their results", "result")
        self.page_logins = counter(
            "mailgate_page_logins", "Logins at the own page, by the answer of the webmail", "result"
        )
        self.help_requests = counter(
            "mailgate_help_requests", "Requests for help from the page of a refusal", "rule"
        )
        self.let_ins = counter(
            "mailgate_let_ins", "Times people let themselves in, by the rule that refused them", "rule"
        )
        self.lines_lost = counter(
            "mailgate_log_lines_lost",
            "Lines of a log that were lost, because they could not be written",
            "log",
        )
        self.reloads = counter("mailgate_config_reloads", "Changed files read, by result", "result")
        self.config_ok = gauge("mailgate_config_ok", "1 while the files on disk have no mistakes")
        self.policy = Info("mailgate_policy", "The policy in force", registry=self.registry)
        self.build = Info("mailgate_build", "The version of Mailgate", registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def record(self, access: Access, decision: Decision, *_: object) -> None:
        """Count one decision (a ``DecisionListener``, ``recorder.py``)."""
        self.decisions.add((decision.effect, decision.reason, access.client.kind))
        if decision.effect is not Effect.ALLOW:
            self.refusals.add((decision.rule, decision.effect, decision.reason))
        for trial in decision.would:
            self.would.labels(trial.rule, trial.effect or "").inc()
        if access.attestation is not None:
            self.attestations.labels(proof_outcome(access.attestation)).inc()
        if access.certificate is not None:
            self.certificates.labels(proof_outcome(access.certificate)).inc()
        for reason in {finding.reason for finding in access.client.findings}:
            if reason is Reason.KIND_CONTRADICTED:
                self.contradictions.inc()
            elif reason is Reason.TWO_DEVICES:
                self.two_devices.inc()

    def recurring(self, access: Access, decision: Decision) -> Repeat:
        """What counts the same request again. It has no proof, and nothing was found about its client."""
        decided = self.decisions.count((decision.effect, decision.reason, access.client.kind))
        refused = (decision.rule, decision.effect, decision.reason)
        refusals = self.refusals if decision.effect is not Effect.ALLOW else None
        would = [self.would.labels(trial.rule, trial.effect or "") for trial in decision.would]

        def repeat(_agent: str, _person: str, _wanted: str, _now: datetime, _reference: str = "") -> None:
            decided[0] += 1
            if refusals is not None:
                refusals.add(refused)
            for counter in would:
                counter.inc()

        return repeat

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a gauge whose value is read when it is scraped."""
        self._gauge(name, meaning).set_function(read)


def proof_outcome(result: AttestationResult | CertificateResult | None) -> str:
    """What became of a proof, in one word."""
    return "none" if result is None else result.refused or "accepted"


class LabelledCounter(Collector):
    """The number of events, by the values of labels, which come from closed sets."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], registry: CollectorRegistry) -> None:
        self.name, self.labels, self._meaning = name, labels, meaning
        self._counts: dict[tuple[str, ...], list[int]] = {}
        registry.register(self)

    def add(self, values: tuple[str, ...]) -> None:
        self.count(values)[0] += 1

    def count(self, values: tuple[str, ...]) -> list[int]:
        """The count of these values, for those who add to it often."""
        return self._counts.setdefault(values, [0])

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self._meaning, labels=self.labels)
        for values, (count,) in self._counts.items():
            family.add_metric(values, count)
        yield family


class DurationHistogram(Collector):
    """The durations of events. ``bounds`` are the upper ends of the buckets in seconds, ascending."""

    def __init__(self, name: str, meaning: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name, self._meaning, self._bounds = name, meaning, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[Metric]:
        buckets, total = list[tuple[str, float]](), 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        yield HistogramMetricFamily(self._name, self._meaning, buckets=buckets, sum_value=self._sum)


class ExternalCounter(Collector):
    def __init__(
        self, name: str, meaning: str, read: Callable[[], float], registry: CollectorRegistry
    ) -> None:
        self._name, self._meaning, self._read = name, meaning, read
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._meaning, value=self._read())

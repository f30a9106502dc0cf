"""Numbers for Prometheus. Labels come from closed sets alone, so that no client can make new series."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Info

from mailgate.gateway.tallies import Durations, Tallies
from mailgate.model import Effect, Kind, Reason

DECISION_BUCKETS = (0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 1.0)


class Metrics:
    """Every metric of the gate, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.decisions = Tallies(
            "mailgate_decisions", "Requests decided", ("effect", "reason", "kind"), self.registry
        )
        self.would = Counter(
            "mailgate_would", "Report-only rules that matched", ["rule", "effect"], registry=self.registry
        )
        self.refusals = Tallies(
            "mailgate_refusals",
            "Requests that were not simply let in, by the rule that decided",
            ("rule", "effect", "reason"),
            self.registry,
        )
        self.decision_seconds = Durations(
            "mailgate_decision_seconds",
            "Time from the facts to the decision",
            DECISION_BUCKETS,
            self.registry,
        )
        self.errors = Counter(
            "mailgate_errors", "Answers that the gate gave for an error", ["reason"], registry=self.registry
        )
        self.attestations = Counter(
            "mailgate_attestations",
            "Attestations offered, by what became of them",
            ["result"],
            registry=self.registry,
        )
        self.issuer_keys = Counter(
            "mailgate_issuer_keys",
            "Questions for an issuer's keys, by what came of them",
            ["issuer", "result"],
            registry=self.registry,
        )
        self.issuer_keys_success = Gauge(
            "mailgate_issuer_keys_success_seconds",
            "When an issuer last answered for its keys, in seconds since 1970",
            ["issuer"],
            registry=self.registry,
        )
        self.enrolments = Counter(
            "mailgate_enrolments",
            "Devices that asked to enrol or reported, by what came of it",
            ["what", "result"],
            registry=self.registry,
        )
        self.two_places = Counter(
            "mailgate_keys_in_two_places",
            "Requests whose key was in use elsewhere at the same time",
            registry=self.registry,
        )
        self.contradictions = Counter(
            "mailgate_kind_contradictions",
            "Clients whose signals name different kinds",
            registry=self.registry,
        )
        self.certificates = Counter(
            "mailgate_client_certificates",
            "TLS client certificates presented, by what became of them",
            ["result"],
            registry=self.registry,
        )
        self.two_devices = Counter(
            "mailgate_two_devices",
            "Requests whose certificate names another device than they do",
            registry=self.registry,
        )
        self.device_findings = Gauge(
            "mailgate_device_findings",
            "What the sources of devices contradict each other in, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.probes = Counter(
            "mailgate_probes",
            "Browser probes: pages shown, and what came of them",
            ["result"],
            registry=self.registry,
        )
        self.page_logins = Counter(
            "mailgate_page_logins",
            "Logins offered to the page of a person, by what the webmail said to them",
            ["result"],
            registry=self.registry,
        )
        self.help_requests = Counter(
            "mailgate_help_requests",
            "Requests for help from the page of a refusal",
            ["rule"],
            registry=self.registry,
        )
        self.reloads = Counter(
            "mailgate_config_reloads", "Changed files read, by result", ["result"], registry=self.registry
        )
        self.config_ok = Gauge(
            "mailgate_config_ok", "1 while the files on disk are free of mistakes", registry=self.registry
        )
        self.policy = Info("mailgate_policy", "The policy in force", registry=self.registry)
        self.build = Info("mailgate_build", "The version that runs", registry=self.registry)

    def count(self, effect: Effect, reason: Reason, kind: Kind) -> None:
        """Count one decision."""
        self.decisions.add((effect, reason, kind))

    def watch(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A gauge that is read when it is scraped."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

"""The key of a decision: two accesses with the same key get the same decision, so it needs to be computed only once.

The key holds the values of the variables that the policy reads, and everything else that ``decide`` reads. It holds no
header, address or name that no rule reads. Everything that ``decide`` reads belongs here; the tests compare the two
over made-up policies and accesses.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any

from mailgate.classify.discovery import is_discovery
from mailgate.model import Access, Decision, PostureState, Reason, User
from mailgate.policy.people import confusable_name, has_one_reading, in_groups
from mailgate.policy.reliefs import is_in_doubt, subject_of
from mailgate.policy.rule_states import share_subject
from mailgate.policy.rules import Policy
from mailgate.policy.stages import grace_end, in_share
from mailgate.policy.variables import CLOCKS, VARIABLES

_NEVER = datetime.max.replace(tzinfo=UTC)


class DecisionKey:
    def __init__(self, policy: Policy) -> None:
        self._readers = [_reader(name) for name in sorted(policy.reads - CLOCKS)]
        self._clocks = [_reader(name) for name in sorted(policy.reads & CLOCKS)]
        self._index = policy.index
        self._by_the_clock = sum(
            1 << place for place, rule in enumerate(policy.rules) if rule.when.reads & CLOCKS
        )
        self._partial = [rule for rule in policy.rules if rule.share < 1]
        self._groups = sorted({rule.groups for rule in policy.rules if rule.groups})
        self._reads_groups = "user.groups" in policy.reads
        naming = [rule.when for rule in policy.rules if "user.name" in rule.when.reads]
        words = [word for when in naming for word in when.names.get("user.name", ())]
        self._named = frozenset((*words, *map(confusable_name, words)))
        """The names of people in conditions, and the bare names that they could be mistaken for."""
        self._compares_names = all("user.name" in when.compared for when in naming)
        """Whether no condition does more with a name than compare it with these."""
        self._graces = sorted({rule.grace for rule in policy.rules if rule.grace})
        self._reliefs = policy.reliefs
        self._may_let_in = bool(policy.let_ins)
        stages = [rule.stages for rule in policy.rules if rule.stages]
        self._turns = sorted({start for each in stages for _, start in each.starts()})

    def of(self, access: Access, *, dates: bool = True) -> Hashable:
        """The key of an access, without the variables that change with the clock. Without ``dates``, decisions with the same
        key may differ in their deadline alone."""
        readings = access.readings()
        found = tuple([self._of_reading(each, dates=dates) for each in readings])
        return (found, self._of_let_ins(readings)) if self._may_let_in else found

    def _of_let_ins(self, readings: Sequence[Access]) -> Hashable:
        """What tells whether people may let themselves in: who is in doubt, and which readings are of the first one's person."""
        person = subject_of(readings[0])
        return bool(person), tuple([(is_in_doubt(each), subject_of(each) == person) for each in readings])

    def _of_reading(self, access: Access, *, dates: bool) -> Hashable:
        posture, client = access.posture, access.client
        proof, certificate = access.attestation, access.certificate
        return (
            posture.state,
            posture.apps,
            posture.lost,
            not posture.findings,
            proof is None or proof.refused,
            certificate is None or certificate.refused,
            client.kind,
            not client.findings or client.contradicted,
            any(each.reason is Reason.DEVICE_OF_ANOTHER for each in client.findings),
            is_discovery(access.facts),
            bisect_right(self._turns, access.now),
            self._of_user(access.user, share_subject(access)),
            tuple([each.number for each in self._reliefs.about(access)]),
            tuple([end if dates else end is not None for end in self._grace_ends(access)]),
            _last_known(access) if posture.state is PostureState.UNAVAILABLE else (),
            *[read(access) for read in self._readers],
        )

    def _of_user(self, user: User, subject: str) -> Hashable:
        """The groups of the person, as far as rules look at them, and the shares that the subject is in. Many subjects have the same
        shares, and the key does not name them."""
        return (
            tuple([in_share(rule.share, rule.id, subject) for rule in self._partial]),
            tuple([in_groups(groups, user) for groups in self._groups]),
            user.groups_known if self._reads_groups else None,
        )

    def of_person(self, user: User) -> Hashable:
        """What decisions depend on of a person: while nothing is known of a device, people with the same value get the same
        decision on the same request, at any time."""
        return (
            bool(user.name),
            self._of_user(user, user.name),
            user.groups if self._reads_groups else (),
            self._meant(user.name),
            tuple([each.number for each in self._reliefs.of_person(user.name)]),
        )

    def _meant(self, name: str) -> str:
        """The name, if a condition may tell it from others; empty if it is surely none that a condition names."""
        bare = confusable_name(name)
        unnamed = self._compares_names and bare not in self._named and has_one_reading(bare)
        return "" if unnamed else name

    def times(self, access: Access) -> tuple[Hashable, ...]:
        """The values of the variables that change with the clock."""
        return tuple([read(access) for read in self._clocks])

    def is_timeless(self, access: Access, decision: Decision) -> bool:
        """Whether the decision is the same at any time, because no rule that had to be read for it reads a clock."""
        reached = (1 << len(decision.trials)) - 1
        return not self._by_the_clock & reached & self._index.to_read(access)

    def until(self, access: Access, decision: Decision) -> datetime:
        """The first moment at which the same request may be decided otherwise, though nothing else has changed: a stage begins,
        or something ends. It is ``now`` if a rule reads the clock itself."""
        if (access.claims and self._by_the_clock) or not self.is_timeless(access, decision):
            return access.now
        return min(self._reading_until(each) for each in access.readings())

    def _reading_until(self, access: Access) -> datetime:
        proof, certificate, login = access.attestation, access.certificate, access.login
        ends = (
            access.posture.expires_at,
            access.posture.compliance_until,
            proof.expires if proof else None,
            certificate.expires if certificate else None,
            login.expires if login else None,
            self._reliefs.next_end(access.now),
            *self._grace_ends(access),
            *self._turns,
        )
        return min((end for end in ends if end is not None and end > access.now), default=_NEVER)

    def _grace_ends(self, access: Access) -> list[datetime | None]:
        return [grace_end(grace, access.posture.first_seen, access.now) for grace in self._graces]


def _reader(name: str) -> Callable[[Access], Hashable]:
    read: Callable[[Access], Any] = VARIABLES[name].read
    return (lambda access: tuple(read(access))) if VARIABLES[name].type.startswith("list") else read


def _last_known(access: Access) -> Hashable:
    posture = access.posture
    return posture.last_state, posture.expires_at is not None and access.now < posture.expires_at

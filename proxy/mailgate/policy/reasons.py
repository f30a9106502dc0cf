"""The reason and the apps of a decision, inferred from the variables of the condition."""

from collections.abc import Mapping
from dataclasses import replace

from mailgate.model import Absence, Access, Compliance, Effect, Kind, PostureState, Reason, Update
from mailgate.model.apps import AppCatalog
from mailgate.policy.condition import Condition
from mailgate.policy.variables import VARIABLES, cel_activation, extension_word
from mailgate.policy.written import at_least, order_of, parts_of

_OF_APPS = frozenset({"device.apps", "device.lists", "device.state", "device.absence"})
"""The variables that change with a listed app."""
_VERDICT = frozenset({"device.compliance", "device.compliance_at", "device.compliance_apps"})
_STATES = {
    PostureState.STALE: Reason.POSTURE_STALE,
    PostureState.MISSING: Reason.POSTURE_MISSING,
    PostureState.PARTIAL: Reason.POSTURE_PARTIAL,
    PostureState.UNAVAILABLE: Reason.POSTURE_UNAVAILABLE,
}


def infer(condition: Condition, effect: Effect, access: Access, catalog: AppCatalog) -> Reason:
    """The reason of a rule without a ``reason`` of its own. Whose device it is comes first, then the device, signed evidence, the
    certificate, versions, the extension and the client's kind, as far as the condition reads them."""
    if effect is Effect.ALLOW:
        return Reason.RULE_MATCHED
    reads = condition.reads
    return (
        _of_the_owner(reads, access)
        or _of_apps(condition, access, catalog)
        or _of_verdict(condition, access)
        or _of_device(reads, access)
        or _of_attestation(reads, access)
        or _of_certificate(reads, access)
        or _of_versions(condition, access)
        or _of_extension(condition, access)
        or _of_client(reads, access)
        or Reason.RULE_MATCHED
    )


def _of_the_owner(reads: frozenset[str], access: Access) -> Reason | None:
    """A device that counts for its owner alone is as good as none, whatever is known of it."""
    of_another = any(each.reason is Reason.DEVICE_OF_ANOTHER for each in access.client.findings)
    read = any(name.startswith(("device.", "certificate.")) for name in reads)
    return Reason.DEVICE_OF_ANOTHER if of_another and read else None


def _of_apps(condition: Condition, access: Access, catalog: AppCatalog) -> Reason | None:
    return Reason.PROHIBITED_APP if apps_behind(condition, access, catalog) else None


def _of_device(reads: frozenset[str], access: Access) -> Reason | None:
    if not any(name.startswith("device.") for name in reads):
        return None
    if access.posture.findings and not reads.isdisjoint(("device.contradicted", "device.findings")):
        return Reason.DEVICE_CONTRADICTED
    return _STATES.get(access.posture.state)


def _of_verdict(condition: Condition, access: Access) -> Reason | None:
    """The verdict of its management, if the condition would not hold with a good and new one."""
    posture = access.posture
    if posture.state is PostureState.UNAVAILABLE or _VERDICT.isdisjoint(condition.reads):
        return None
    good = replace(posture, compliance=Compliance.COMPLIANT, compliance_at=access.now, compliance_covers=True)
    if condition.outcome(cel_activation(replace(access, posture=good), condition.reads)) is not False:
        return None
    if posture.compliance is Compliance.NONCOMPLIANT:
        return Reason.DEVICE_NONCOMPLIANT
    return Reason.COMPLIANCE_UNKNOWN


def _of_attestation(reads: frozenset[str], access: Access) -> Reason | None:
    if not any(name.startswith("attestation.") for name in reads):
        return None
    if access.attestation is None:
        return Reason.ATTESTATION_REQUIRED
    return Reason.ATTESTATION_INVALID if access.attestation.refused else None


def _of_certificate(reads: frozenset[str], access: Access) -> Reason | None:
    if not any(name.startswith("certificate.") for name in reads):
        return None
    if access.certificate is None:
        return Reason.CERTIFICATE_REQUIRED
    return Reason.CERTIFICATE_INVALID if access.certificate.refused else None


VERSIONED = {
    "extension.browser_version": ("browser", "extension.browser"),
    "client.browser_version": ("browser", "client.browser"),
    "extension.version": ("extension", ""),
    "extension.os_version": ("system", "client.os"),
    "client.os_version": ("system", "client.os"),
    "device.os_version": ("system", "device.os"),
}
"""What each version is one of, and the variable with its name."""


def _of_versions(condition: Condition, access: Access) -> Reason | None:
    """A version that is too old, or that is not known to be new enough, if the condition would not hold with a newer one."""
    behind = _behind(condition, access)
    if not behind:
        return None
    if any(parts_of(found) is not None for found in behind.values()):
        return Reason.UPDATE_REQUIRED
    by_extension = all(name.startswith("extension.") for name in behind)
    return (
        Reason.EXTENSION_REQUIRED if by_extension and not extension_word(access) else Reason.VERSION_UNKNOWN
    )


def update_behind(condition: Condition, access: Access) -> Update | None:
    """What is too old for the condition not to hold, and the lowest version that would do; None if nothing is known to be."""
    found = [name for name, version in _behind(condition, access).items() if parts_of(version) is not None]
    if not found:
        return None
    (of, named), newest = VERSIONED[found[0]], _newest(condition)
    enough = (
        version
        for version in sorted(condition.least[found[0]], key=order_of)
        if not _would_hold(condition, access, {**newest, found[0]: version})
    )
    return Update(of, str(VARIABLES[named].read(access)) if named else "", next(enough, newest[found[0]]))


def _behind(condition: Condition, access: Access) -> Mapping[str, str]:
    newest = _newest(condition)
    found = {name: str(VARIABLES[name].read(access)) for name in newest}
    behind = {name: version for name, version in found.items() if not at_least(version, newest[name])}
    return behind if behind and not _would_hold(condition, access, newest) else {}


def _newest(condition: Condition) -> Mapping[str, str]:
    return {name: max(condition.least[name], key=order_of) for name in VERSIONED if condition.least.get(name)}


def _would_hold(condition: Condition, access: Access, supposed: Mapping[str, str]) -> bool:
    return condition.outcome(cel_activation(access, condition.reads, supposed)) is not False


def _of_extension(condition: Condition, access: Access) -> Reason | None:
    """A missing extension, if without its word nobody could tell whether the condition holds; or else that it has this word, which says
    nothing against the kind of the device."""
    read = {name for name in condition.reads if name.startswith("extension.")}
    if not read or condition.outcome(cel_activation(access, condition.reads - read)) is not None:
        return None
    return Reason.RULE_MATCHED if extension_word(access) else Reason.EXTENSION_REQUIRED


def _of_client(reads: frozenset[str], access: Access) -> Reason | None:
    if access.client.contradicted and not reads.isdisjoint(("client.contradicted", "client.findings")):
        return Reason.KIND_CONTRADICTED
    if reads.isdisjoint(("client.kind", "client.handheld", "client.form")):
        return None
    return Reason.KIND_UNKNOWN if access.client.kind is Kind.UNKNOWN else Reason.KIND_REFUSED


def apps_behind(condition: Condition, access: Access, catalog: AppCatalog) -> tuple[str, ...]:
    """The display names of the apps that are the cause: those that the condition names, by list or by key. If it holds because
    of apps and names none, all that are on a list; only if none is, all."""
    if not access.posture.apps:
        return ()
    named = apps_named(condition, catalog)
    present = [key for key in access.posture.apps if key in named]
    if (
        not present
        and not condition.reads.isdisjoint(_OF_APPS)
        and not _holds_without_apps(condition, access)
    ):
        present = [key for key in access.posture.apps if catalog.lists_of([key])] or list(access.posture.apps)
    return tuple(catalog.name_of(key) for key in present)


def _holds_without_apps(condition: Condition, access: Access) -> bool:
    posture = replace(access.posture, apps=(), lists=())
    if posture.state is PostureState.LISTED:
        posture = replace(posture, state=PostureState.CLEAN, absence=Absence.SEEN)
    return bool(condition.outcome(cel_activation(replace(access, posture=posture), condition.reads)))


def apps_named(condition: Condition, catalog: AppCatalog) -> frozenset[str]:
    """The keys of the apps that a condition looks for, by list or one by one. An app that has to be there is none of them."""
    lists = condition.sought.get("device.lists", frozenset())
    return condition.sought.get("device.apps", frozenset()).union(
        *(catalog.lists.get(each, ()) for each in lists)
    )


def apps_ruled_out(condition: Condition, catalog: AppCatalog) -> frozenset[str]:
    """The keys of the apps with which a condition may hold: those that it looks for, or by the device's state all on a list."""
    looked_for = apps_named(condition, catalog)
    return looked_for.union(*catalog.lists.values()) if _looks_for_any(condition) else looked_for


def _looks_for_any(condition: Condition) -> bool:
    """Whether it looks for devices with a listed app by their state: for ``listed``, or for whatever is not ``clean``."""
    named, sought = (words.get("device.state", frozenset()) for words in (condition.names, condition.sought))
    if PostureState.LISTED in named:
        return PostureState.LISTED in sought
    return PostureState.CLEAN in named and PostureState.CLEAN not in sought

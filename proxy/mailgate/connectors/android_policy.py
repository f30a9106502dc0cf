"""Which listed apps a policy of the Android Management API verifiably keeps from a company-owned phone.

The API has the content of a policy's current version alone, so the gate keeps the versions that it has read, and a phone is
judged by the version that it has applied. Newer versions can only take away from that: the phone may have applied one since
it reported. The words are those of ``enterprises.policies`` and ``enterprises.devices`` in the API's discovery document
(revision 20261104).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mailgate.connectors.http import ApiClient
from mailgate.connectors.inventory import instant, listed, text, value
from mailgate.connectors.setup import Setup
from mailgate.model import Denial
from mailgate.model.device import NotDenied
from mailgate.model.times import SOURCE_AHEAD

POLICY_FIELDS = (
    "version,playStoreMode,addUserDisabled,debuggingFeaturesAllowed,applications(packageName,installType),"
    "personalUsagePolicies(personalPlayStoreMode,privateSpacePolicy,personalApplications(packageName,installType)),"
    "advancedSecurityOverrides(untrustedAppsPolicy,developerSettings)"
)
DEVICE_FIELDS = (
    "appliedState,policyName,appliedPolicyName,appliedPolicyVersion,"
    "nonComplianceDetails(settingName,fieldPath,packageName,nonComplianceReason)"
)
ANDROID_11 = 30
"""The API level from which on a work profile on a company-owned phone has a profile owner, not a device owner."""


class _Content(BaseModel):
    """A part of a policy. What is left out means a default of the API, and some defaults keep apps out, so a word in another
    form than the documented one makes the whole policy unreadable."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", alias_generator=to_camel)


class _Entry(_Content):
    package_name: str
    install_type: str = ""


class _Personal(_Content):
    personal_play_store_mode: str = ""
    private_space_policy: str = ""
    personal_applications: list[_Entry] = []


class _Overrides(_Content):
    untrusted_apps_policy: str = ""
    developer_settings: str = ""


class PolicyContent(_Content):
    """What decides in the content of one version of a policy. Everything else that it says is dropped."""

    version: str = Field(pattern="^[0-9]{1,18}$")
    play_store_mode: str = ""
    add_user_disabled: bool = False
    debugging_features_allowed: bool = False
    applications: list[_Entry] = []
    personal_usage_policies: _Personal | None = None
    advanced_security_overrides: _Overrides = _Overrides()

    @property
    def number(self) -> int:
        return int(self.version)

    @property
    def personal_applications(self) -> list[_Entry]:
        return (self.personal_usage_policies or _Personal()).personal_applications

    @cached_property
    def work_types(self) -> "_Types":
        """What the policy names for the work side, or for a device without another."""
        return _types(self.applications)

    @cached_property
    def personal_types(self) -> "_Types":
        """The same of the personal side."""
        return _types(self.personal_applications)


_Types = Mapping[str, set[tuple[str, str]]]
"""The packages in a policy with their install types, by their names without case: ``apps.yaml`` may have another case than the
system, and a package that is let in under either must not count as kept out."""


def _types(entries: Iterable[_Entry]) -> _Types:
    found: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        found.setdefault(entry.package_name.casefold(), set()).add((entry.package_name, entry.install_type))
    return found


Versions = Mapping[int, PolicyContent]
"""The known versions of one policy, by number."""
Packages = Mapping[str, Sequence[str]]
"""The package names of each listed app, by its key."""


def policy_of(found: Any) -> PolicyContent | None:
    """The policy in an answer of the API; None if it cannot be read."""
    try:
        return PolicyContent.model_validate(found)
    except ValidationError:
        return None


def stored_policy(content: str) -> PolicyContent | None:
    """The policy in its stored form; None if an older Mailgate stored another one."""
    try:
        return PolicyContent.model_validate_json(content)
    except ValidationError:
        return None


def denial(
    device: Mapping[str, Any], versions: Versions, apps: Packages, now: datetime, max_age: timedelta
) -> Denial | None:
    """What the policy that a ``Device`` has applied keeps from it. ``versions`` are those of that policy, the current one
    among them. None if the device says nothing of the time at which it was so."""
    at = instant(device, "lastStatusReportTime")
    if at is None:
        return None
    name, number = text(device, "appliedPolicyName").rpartition("/")[2], text(device, "appliedPolicyVersion")
    by = f"{name} {number}" if name and number else ""
    chain = _versions_from(versions, number)
    failed = _management(device, chain) or _applied(device, versions, chain)
    judged = {} if failed else {key: _kept_out(device, chain, packages) for key, packages in apps.items()}
    failed = failed or next((code for code in NotDenied if code in judged.values()), "")
    denied = frozenset(key for key, why in judged.items() if not why)
    if not now - max_age < at <= now + SOURCE_AHEAD:
        failed, denied = failed or NotDenied.REPORT_TOO_OLD, frozenset()
    return Denial(denied, at, by=by, failed=failed)


def blocked_yet_there(device: Mapping[str, Any], apps: Packages) -> frozenset[str]:
    """The listed apps that the device reports as blocked and installed all the same."""
    there = {
        text(detail, "packageName").casefold()
        for detail in listed(device, "nonComplianceDetails") or []
        if text(detail, "nonComplianceReason") == "APP_INSTALLED"
    }
    return frozenset(key for key, packages in apps.items() if there & _folded(packages))


def _folded(packages: Sequence[str]) -> set[str]:
    return {each.casefold() for each in packages}


def _versions_from(versions: Versions, number: str) -> list[PolicyContent]:
    """The version that a device has applied, then all later ones; empty if one of them is not known."""
    if not re.fullmatch("[0-9]{1,18}", number) or not versions:
        return []
    numbers = range(int(number), max(versions) + 1)
    return [versions[each] for each in numbers] if all(each in versions for each in numbers) else []


def _is_cope(device: Mapping[str, Any]) -> bool:
    return text(device, "managementMode") == "PROFILE_OWNER"


def _management(device: Mapping[str, Any], chain: Sequence[PolicyContent]) -> str:
    """Before Android 11 a device owner may stand beside a personal side, of which its ``applications`` say nothing."""
    if text(device, "ownership") != "COMPANY_OWNED":
        return NotDenied.NOT_COMPANY_OWNED
    level = value(device, "apiLevel")
    has_personal_side = any(each.personal_usage_policies is not None for each in chain)
    whole = (isinstance(level, int) and level >= ANDROID_11) or not has_personal_side
    known = _is_cope(device) or (text(device, "managementMode") == "DEVICE_OWNER" and whole)
    return "" if known else NotDenied.MANAGEMENT_UNKNOWN


def _applied(device: Mapping[str, Any], versions: Versions, chain: Sequence[PolicyContent]) -> str:
    if {text(device, "state"), text(device, "appliedState")} != {"ACTIVE"}:
        return NotDenied.NOT_ACTIVE
    if text(device, "policyName") not in ("", text(device, "appliedPolicyName")):
        return NotDenied.OTHER_POLICY_DUE
    if not versions:
        return NotDenied.POLICY_UNREAD
    return "" if chain else NotDenied.POLICY_VERSION_UNKNOWN


def _kept_out(device: Mapping[str, Any], chain: Sequence[PolicyContent], packages: Sequence[str]) -> str:
    """Why an app of these packages may run; empty if it cannot."""
    cope = _is_cope(device)
    now, *later = [_blocks(policy, packages, cope=cope) or _side_door(policy, cope=cope) for policy in chain]
    if now or any(later):
        return now or NotDenied.NEWER_POLICY_OPEN
    concerned = list(_not_applied(device, chain[0], packages))
    if "APP_INSTALLED" in concerned:
        return NotDenied.BLOCKED_APP_INSTALLED
    return NotDenied.POLICY_NOT_APPLIED if concerned else ""


def _blocks(policy: PolicyContent, packages: Sequence[str], *, cope: bool) -> str:
    """Both sides of a phone have to keep the packages out. An app without package names may be any package."""
    by_default = policy.play_store_mode in ("", "PLAY_STORE_MODE_UNSPECIFIED", "WHITELIST")
    sides = [(policy.work_types, by_default)]
    if cope:
        personal = policy.personal_usage_policies or _Personal()
        sides.append((policy.personal_types, personal.personal_play_store_mode == "ALLOWLIST"))
    shut = packages and all(_is_out(types, each, only) for types, only in sides for each in packages)
    return "" if shut else NotDenied.APP_NOT_BLOCKED


def _is_out(types: _Types, package: str, out_by_default: bool) -> bool:
    said = types.get(package.casefold())
    return out_by_default if said is None else said == {(package, "BLOCKED")}


def _side_door(policy: PolicyContent, *, cope: bool) -> str:
    """A way around the store that the policy leaves open. A device owner knows neither a private space nor other users."""
    overrides, personal = policy.advanced_security_overrides, policy.personal_usage_policies or _Personal()
    if overrides.untrusted_apps_policy not in ("", "UNTRUSTED_APPS_POLICY_UNSPECIFIED", "DISALLOW_INSTALL"):
        return NotDenied.UNTRUSTED_APPS_ALLOWED
    if cope and personal.private_space_policy != "PRIVATE_SPACE_DISALLOWED":
        return NotDenied.PRIVATE_SPACE_ALLOWED
    developer = overrides.developer_settings in (
        "",
        "DEVELOPER_SETTINGS_UNSPECIFIED",
        "DEVELOPER_SETTINGS_DISABLED",
    )
    if not developer or policy.debugging_features_allowed:
        return NotDenied.DEVELOPER_SETTINGS_ALLOWED
    return NotDenied.OTHER_USERS_ALLOWED if cope and not policy.add_user_disabled else ""


_SETTINGS = frozenset(
    {"personalUsagePolicies", "applications", "playStoreMode", "advancedSecurityOverrides", "addUserDisabled"}
)
_ANDROID_15 = 35
_NO_SUCH_SPACE = {
    ("API_LEVEL", "privateSpacePolicy"),
    ("API_LEVEL", "personalUsagePolicies.privateSpacePolicy"),
}
_PLACE = re.compile(r"(?:^|\.)(applications|personalApplications)\[([0-9]{1,5})\]")


def _not_applied(device: Mapping[str, Any], policy: PolicyContent, packages: Sequence[str]) -> Iterator[str]:
    """The reasons of all details that concern these packages, by which a setting of the policy does not hold on the device. One
    that names neither a package nor a place in a list of apps concerns all."""
    details = value(device, "nonComplianceDetails") or []
    if not isinstance(details, list) or not all(isinstance(each, dict) for each in details):
        yield "unknown"
        return
    ours = _folded(packages)
    for detail in details:
        reason, setting = text(detail, "nonComplianceReason"), text(detail, "settingName")
        package = (text(detail, "packageName") or _at(policy, text(detail, "fieldPath"))).casefold()
        if package in ours and reason == "APP_INSTALLED":
            yield reason
        elif _has_no_private_space(device) and (reason, text(detail, "fieldPath")) in _NO_SUCH_SPACE:
            continue
        elif setting in _SETTINGS and (not package or package in ours):
            yield reason or "unknown"


def _has_no_private_space(device: Mapping[str, Any]) -> bool:
    """Whether the device has an Android before the first one with a private space, so that it cannot apply the setting."""
    level = value(device, "apiLevel")
    return isinstance(level, int) and level < _ANDROID_15


def _at(policy: PolicyContent, path: str) -> str:
    """The package at a place like ``personalApplications[3]``; empty if there is none."""
    place = _PLACE.search(path)
    if place is None:
        return ""
    entries = policy.personal_applications if place[1] == "personalApplications" else policy.applications
    number = int(place[2])
    return entries[number].package_name if number < len(entries) else ""


MAX_POLICIES = 1000
"""The most policies that one run reads, and the most versions that are kept. Devices with others count as not checked."""


class ReadPolicies:
    """The versions of policies that are known in one run. Every method may raise ``SourceError``.

    The API has the current version alone. A policy is read when a device with it is first seen in a run, and again at its end, so
    that no device is judged by a version that was replaced meanwhile.
    """

    def __init__(self, setup: Setup, client: ApiClient, enterprise: str) -> None:
        self._setup = setup
        self._client = client
        self._folder = f"enterprises/{enterprise}/policies"
        self._known: dict[str, dict[int, PolicyContent]] = {}
        self._new: dict[str, dict[int, PolicyContent]] = {}
        self._oldest: dict[str, int] = {}
        """The oldest version of each policy that a device has applied."""

    def versions(self, name: str) -> Versions:
        """The known versions of a policy, the current one among them; none if it could not be read."""
        return self._known.get(name, {})

    async def learn(self, device: Mapping[str, Any], *, anew: bool = True) -> None:
        """Learn the policy that a company-owned device has applied: the stored versions and the current one. Unless ``anew``,
        the current one is read only if the device's own is not stored."""
        name, number = text(device, "appliedPolicyName"), text(device, "appliedPolicyVersion")
        if text(device, "ownership") != "COMPANY_OWNED" or name.rpartition("/")[0] != self._folder:
            return
        if number.isascii() and number.isdigit():
            self._oldest[name] = min(int(number), self._oldest.get(name, int(number)))
        if name in self._known or len(self._known) >= MAX_POLICIES:
            return
        stored = await self._setup.policies.versions(self._setup.name, name)
        policies = [policy for content in stored.values() if (policy := stored_policy(content))]
        self._known[name] = {policy.number: policy for policy in policies}
        if anew or number not in map(str, self._known[name]):
            await self._read(name)

    async def read_again(self) -> set[str]:
        """Read every policy again. Returns the names of those that have changed since."""
        return {name for name in [*self._known] if await self._read(name)}

    async def _read(self, name: str) -> bool:
        """Read the current version of a policy. Returns whether it was not known before."""
        found = await self._client.find(f"/v1/{quote(name)}", [("fields", POLICY_FIELDS)])
        policy = policy_of(found) if found is not None else None
        known = self._known[name]
        if policy is None:  # without the current version nobody can say what a device may apply next
            self._known[name] = {}
            return bool(known)
        if any(number > policy.number for number in known) or known.get(policy.number, policy) != policy:
            known.clear()  # another policy of this name, which counts from 1 again
        if policy.number in known:
            return False
        known[policy.number] = self._new.setdefault(name, {})[policy.number] = policy
        return True

    async def keep_new(self) -> None:
        """Store the versions that were not stored yet."""
        if self._new:
            await self._keep(self._new, only=False)

    async def keep_needed(self) -> None:
        """Store the versions that devices have applied and all later ones, and forget the others. All devices were listed."""
        needed = {
            name: {number: each for number, each in versions.items() if number >= self._oldest.get(name, 0)}
            for name, versions in self._known.items()
        }
        await self._keep(needed, only=True)

    async def _keep(self, policies: Mapping[str, Versions], *, only: bool) -> None:
        rows = [(name, number) for name, versions in policies.items() for number in versions]
        texts: dict[str, dict[int, str]] = {}
        for name, number in sorted(rows, key=lambda row: row[1], reverse=True)[:MAX_POLICIES]:
            content = policies[name][number].model_dump_json(by_alias=True, exclude_defaults=True)
            texts.setdefault(name, {})[number] = content
        await self._setup.policies.keep_versions(self._setup.name, texts, only=only)

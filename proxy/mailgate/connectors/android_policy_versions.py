"""Reads the policies of devices in the Android Management API, and keeps the versions that devices have applied.

The API has the current version alone. A policy is read when a device with it is first seen in a run, and again at the end of the
run, so that no device is judged by a version that was replaced meanwhile.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mailgate.connectors.android_policy import (
    POLICY_FIELDS,
    PolicyContent,
    Versions,
    policy_of,
    stored_policy,
)
from mailgate.connectors.http import ApiClient
from mailgate.connectors.inventory import text
from mailgate.connectors.setup import Setup

MAX_POLICIES = 1000
"""The most policies that one run reads, and the most versions that are kept. Devices with others count as not checked."""


class ReadPolicies:
    """The versions of policies that are known in one run. Every method may raise ``SourceError``."""

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

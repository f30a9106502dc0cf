"""Everything that the API can do: one file a noun, in the order of the console's menu."""

from mailgate.console.api import (
    apps,
    audit,
    connectors,
    devices,
    drafts,
    enrolment,
    exemptions,
    explain,
    help_requests,
    mails,
    me,
    notices,
    now,
    people,
    plans,
    policy,
    sightings,
)
from mailgate.console.api.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *me.OPERATIONS,
    *now.OPERATIONS,
    *people.OPERATIONS,
    *help_requests.OPERATIONS,
    *sightings.OPERATIONS,
    *devices.OPERATIONS,
    *apps.OPERATIONS,
    *explain.OPERATIONS,
    *policy.OPERATIONS,
    *drafts.OPERATIONS,
    *plans.OPERATIONS,
    *notices.OPERATIONS,
    *mails.OPERATIONS,
    *exemptions.OPERATIONS,
    *audit.OPERATIONS,
    *connectors.OPERATIONS,
    *enrolment.OPERATIONS,
)

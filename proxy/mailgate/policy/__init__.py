"""Rules and what is decided by them: the catalogue of apps, conditions in CEL, stages and shares, the cases that must hold, and ``decide``,
which makes every decision. ``simulate`` repeats it for many. No I/O."""

from mailgate.model.apps import AppCatalog as AppCatalog
from mailgate.model.apps import ListedApp as ListedApp
from mailgate.policy.rules import OnUnavailable as OnUnavailable
from mailgate.policy.rules import Policy as Policy
from mailgate.policy.rules import Rule as Rule

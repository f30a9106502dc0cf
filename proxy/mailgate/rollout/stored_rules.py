"""Reads and writes the rules of versions in the store."""

from mailgate.config import Rules, compile_rules
from mailgate.errors import ConfigError, MailgateError
from mailgate.model.phrase import phrase
from mailgate.store import Activation, Policies, RuleTexts, Store
from mailgate.tasks import compute


class UnreadableVersionError(MailgateError):
    """The version in force was made by another release of Mailgate, and this one cannot decide by it."""


def rule_texts_of(rules: Rules) -> RuleTexts:
    """The texts of rules, in the form in which the store keeps them."""
    return RuleTexts(rules.policy.version, rules.texts)


async def rules_of(policies: Policies, activation: Activation) -> Rules:
    """The compiled rules of an activation. Raises UnreadableVersionError, or StoreUnavailableError."""
    version = await policies.get(activation.number)
    assert version is not None  # a foreign key makes sure that the version exists
    if version.altered or version.digest != await policies.logged(version.number):
        raise UnreadableVersionError(
            phrase(
                "version %(number)s of the rules, which is in force, is not what was put in force: it was changed in "
                "the store",
                number=str(version.number),
            ),
            by_command=". `mailgate audit verify` says where, `mailgate policy retract` puts the version before in force",
        )
    try:
        return await compute(compile_rules, version.texts)
    except ConfigError as error:
        message = phrase(
            "version %(number)s of the rules, which is in force, cannot be used by this Mailgate: %(why)s",
            number=str(version.number),
            why=str(error),
        )
        raise UnreadableVersionError(message) from error


async def in_force(store: Store) -> Rules | None:
    """The rules in force on this store; None before the first start."""
    active = await store.policies.active()
    return await rules_of(store.policies, active) if active else None

"""The pages and actions below ``/.mailgate/`` with which people help themselves."""

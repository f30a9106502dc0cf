"""A made-up company: people, devices, reports on them, and two weeks of requests for mail under changing rules.

Everything is drawn from one seed. Nobody in it is a real person: login names are plain words at example.com.
"""

DEFAULT_PEOPLE = 300
"""How many people the company of a first start has."""

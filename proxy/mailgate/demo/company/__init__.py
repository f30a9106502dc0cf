"""A made-up company: people, devices, reports on them, and two weeks of requests for mail under changing rules.

Everything is drawn from one seed. Nobody in it is a real person: login names are plain words at example.com.

It is made anew and not recorded: its size and its rules are choices of whoever starts it, the versions that its rows name hold
dates of the start, the audit log is a chain of hashes over times, and working days have to fall on working days.
"""

DEFAULT_PEOPLE = 300
"""How many people the company of a first start has."""

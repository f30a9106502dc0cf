"""A made-up company: people, devices, what sources say of them, and two weeks of asking for mail under changing rules.

Everything is drawn from one seed. Nobody in it is a real person: login names are plain words at example.com.
"""

"""The page *Overview*: what happens, and what needs a person."""

"""The page *Now*: what happens, and what needs a person."""

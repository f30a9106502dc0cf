"""The console: what the gate does and how its rules change, as pages and as a JSON API at the admin port.

What an admin works on has a folder: its facts, which the command line prints too, its operations (``api.py``) and its pages
(``page.py``). The console has the same functions as the command line, and makes no decisions of its own.
"""

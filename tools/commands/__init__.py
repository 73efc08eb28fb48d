"""The commands of serve.py: each is a frozen dataclass of its options, with a method `run`.

They start on any Python, before set-up. What they need of the packages that set-up installs, of the
server and of the page, they import after it, inside a function.
"""

"""The snapshot of Python's memory that a page starts from: how it is made, and what a page is told.

``make.mjs`` makes it in Node, ``in_snapshot.py`` runs inside Pyodide there and again in each page,
and app/runtime.mjs restores it.
"""

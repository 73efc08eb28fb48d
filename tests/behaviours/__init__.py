"""What the SDK does, each behaviour written once and run wherever the SDK runs.

A behaviour is an async function that is given a :class:`~tests.behaviours.context.Context`. It runs
on CPython and in Pyodide, on the embedded server and on a real Directus; so its module imports the
SDK's public names and the standard library, and no pytest. Each module is named by its subject.
"""

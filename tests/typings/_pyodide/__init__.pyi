"""What of Pyodide's own Python the snapshot uses."""

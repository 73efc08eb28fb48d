"""What prepares things on the host: set-up, the browser runtime, a browser for the tests."""

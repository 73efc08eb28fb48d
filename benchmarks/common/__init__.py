"""What the benchmarks share: set-up, a browser, servers, a sender of events, figures and tables."""

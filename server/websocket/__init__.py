"""The WebSocket: its upgrade, its connections and their sessions."""

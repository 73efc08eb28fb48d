"""The first line that MicroPython runs."""

from js import performance

performance.mark("realtime:subscribed")

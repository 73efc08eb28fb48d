"""The wheel as people install it: what is in it, and that it works where nothing else is."""

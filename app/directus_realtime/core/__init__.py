"""The sans-I/O core: what a connection to Directus Realtime does, without sockets or clocks."""

"""The sockets, HTTP and storage of the browser and of CPython, behind one interface."""

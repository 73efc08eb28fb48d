"""How app/ becomes a page: settings, versions, caching, the snapshot, the static build."""

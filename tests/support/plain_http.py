"""Requests to servers of this machine: without TLS, and without the proxies of the environment.

Each client of httpx reads the certificates of all authorities otherwise, which takes 20 ms.
"""

from functools import partial

import httpx

get = partial(httpx.get, verify=False, trust_env=False)
post = partial(httpx.post, verify=False, trust_env=False)
patch = partial(httpx.patch, verify=False, trust_env=False)
request = partial(httpx.request, verify=False, trust_env=False)
client = partial(httpx.Client, verify=False, trust_env=False)
async_client = partial(httpx.AsyncClient, verify=False, trust_env=False)

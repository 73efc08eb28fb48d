"""Requests to servers without TLS.

Each client of httpx reads the certificates of all authorities otherwise, which takes 20 ms.
"""

from functools import partial

import httpx

get = partial(httpx.get, verify=False)
post = partial(httpx.post, verify=False)
patch = partial(httpx.patch, verify=False)
request = partial(httpx.request, verify=False)
client = partial(httpx.Client, verify=False)
async_client = partial(httpx.AsyncClient, verify=False)

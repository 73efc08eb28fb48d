"""The page in Firefox and in WebKit, where this machine has them."""

import pytest

from benchmarks.engines import installed
from tests.support.pages import Site

USED = """async () => {
  const status = document.getElementById("status");
  await new Promise((resolve) => {
    const look = () => ["open", "failed"].includes(status.dataset.state) && resolve();
    new MutationObserver(look).observe(status, { attributes: true });
    look();
  });
  const item = await createItem("Hello World!", "Ben");
  const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
  return { item, plainly: fetched.some((name) => name.endsWith("/python_stdlib.zip")) };
}"""


@pytest.mark.parametrize("name", ["Firefox", "WebKit"])
def test_the_page_starts_from_its_snapshot_and_creates(site: Site, name: str) -> None:
    engine = next((engine for engine in installed() if engine.name == name), None)
    if engine is None:
        pytest.skip(f"{name} is not installed")
    with engine.tab() as tab:
        tab.open(site.url)
        found = tab.evaluate(USED)
    assert (found["item"]["text"], found["item"]["user"]) == ("Hello World!", "Ben")
    assert not found["plainly"]

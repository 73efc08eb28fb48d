"""Python that a test runs in the page."""

from tests.support.observed_page import ObservedPage

ANSWER = """async (code) => {
  window.answer = undefined;
  const script = document.createElement("script");
  script.type = "py";
  script.textContent = `${code}\\nfrom js import window; window.answer = answer`;
  document.body.append(script);
  while (window.answer === undefined) await new Promise(requestAnimationFrame);
  return window.answer;
}"""


def answer_of(page: ObservedPage, code: str) -> object:
    """Run Python in the page; return what it leaves in its variable `answer`."""
    found: object = page.page.evaluate(ANSWER, code)
    return found

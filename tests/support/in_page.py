"""Python that a test runs in the page."""

from tests.support.observed_page import ObservedPage

RUN_PYTHON = """(code) => {
  const script = document.createElement("script");
  script.type = "py";
  script.textContent = code;
  document.body.append(script);
}"""

ANSWER = f"""async (code) => {{
  window.answer = undefined;
  ({RUN_PYTHON})(`${{code}}\\nfrom js import window; window.answer = answer`);
  while (window.answer === undefined) await new Promise(requestAnimationFrame);
  return window.answer;
}}"""


def answer_of(page: ObservedPage, code: str) -> object:
    """Run Python in the page; return what it leaves in its variable `answer`."""
    found: object = page.page.evaluate(ANSWER, code)
    return found

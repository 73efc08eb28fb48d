"""Inside the page: `window.behave(name, place)` runs a behaviour there."""

import ast
import json
import traceback
from functools import cache
from pathlib import Path
from typing import Any

from js import window
from pyodide.ffi import create_proxy

from tests.behaviours.context import run


class _ExplainedAsserts(ast.NodeTransformer):
    """Adds the actual value to the message of an assert that compares, as pytest does."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        if node.msg is None and isinstance(node.test, ast.Compare):
            node.test.left = ast.NamedExpr(ast.Name("came", ast.Store()), node.test.left)
            node.msg = ast.Name("came", ast.Load())
        return node


@cache
def behaviours(module: str) -> dict[str, Any]:
    """Return what a module of behaviours holds."""
    path = Path(__file__).with_name(f"{module}.py")
    tree = _ExplainedAsserts().visit(ast.parse(path.read_text()))
    held: dict[str, Any] = {"__name__": f"tests.behaviours.{module}"}
    exec(compile(ast.fix_missing_locations(tree), path, "exec"), held)
    return held


async def behave(name: str, place: str) -> str:
    """Run a behaviour; return its traceback with local variables, or an empty text."""
    module, _, function = name.partition(".")
    try:
        await run(behaviours(module)[function], json.loads(place))
    except Exception as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(told.format())
    return ""


window.behave = create_proxy(behave)

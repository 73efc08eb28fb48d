"""`python3 serve.py build`: write the page to a folder, for any host of static files."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools import ROOT, environment
from tools.address import read_address
from tools.precompressed import PrecompressedFiles, compress
from tools.secret import PAGE_TOKEN, token_of
from tools.steps import SetupError, Steps, megabytes, size_of
from web.config import ENCODINGS

ABOUT = "write the page and its runtime to a folder, for any host of static files"
MORE = f"""\
The token may come from the environment too, in {PAGE_TOKEN}.
docs/static-hosting.md says what the host should send.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The options, as the command line gives them."""

    out: Path
    url: str | None
    token: str | None

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add = parser.add_argument
        add(
            "--out",
            type=Path,
            default=ROOT / "site",
            metavar="DIR",
            help="the folder to write (site in the checkout)",
        )
        add("--url", help="the Directus that the page talks to (url in pyscript.toml)")
        add(
            "--token",
            help=f"the token that the page shows it, or in {PAGE_TOKEN} (token in pyscript.toml)",
        )

    def run(self) -> None:
        """Write the page, and say what to do with it. Raises SetupError."""
        url = read_address(self.url, "--url") if self.url else self.url
        token = token_of(self.token, "--token", PAGE_TOKEN)
        environment.ensure_environment(ROOT)

        given = {"url": url, "token": token}
        settings = {name: value for name, value in given.items() if value is not None}
        packages = environment.VirtualEnvironment(ROOT).packages
        environment.set_up(ROOT, [PrecompressedFiles(ROOT, packages, ENCODINGS)])
        print(build(ROOT, self.out.absolute(), settings, packages))
        print("Who can read the folder can read the token in it. What its host must send:")
        print("docs/static-hosting.md")


def build(
    root: Path, out: Path, settings: Mapping[str, str | bool | int | float], packages: Path
) -> str:
    """Write the page of the checkout at `root` to `out`; return what to say about it.

    `settings` replace those of pyscript.toml; Node is among the Python `packages`. Raises
    SetupError.
    """
    from web.build import BuildError, is_precompressed, write_page
    from web.site import Site

    try:
        files, kept = write_page(Site(root, settings), out)
    except BuildError as error:
        raise SetupError(str(error)) from error
    except OSError as error:
        raise SetupError(
            f"--out {out} cannot be written ({error.strerror}): name another folder"
        ) from error
    log = root / ".setup" / "build"
    log.mkdir(parents=True, exist_ok=True)
    print(f"{len(files)} files: {len(files) - kept} written, {kept} as they were", flush=True)
    if waiting := [path for path in files if not is_precompressed(path)]:
        compress(Steps(1, log), "Compressed files", packages, ENCODINGS, waiting)
    size, whole = sum(path.stat().st_size for path in files), size_of(out)
    return (
        f"{out}: {len(files)} files, {megabytes(size)}; with the compressed ones {megabytes(whole)}"
    )

"""`python3 serve.py provision`: do the guide's preparations on a Directus."""

import argparse
import os
from dataclasses import dataclass

from tools import ROOT, environment, examples
from tools.address import read_address
from tools.secret import ADMIN_PASSWORD, ADMIN_TOKEN, check_header, check_letters, token_of
from tools.steps import SetupError

ABOUT = "do the guide's preparations on a Directus: a collection, a policy, a user, a token"
MORE = f"""\
Other programs on this machine can read a command line. So the environment may say instead:
  {ADMIN_TOKEN:<24} the token, where --admin-token and --email are left out
  {ADMIN_PASSWORD:<24} the password of --email, which is asked for otherwise
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """The options, as the command line gives them."""

    directus: str
    email: str | None
    admin_token: str | None
    new_token: bool
    dry_run: bool
    example: str | None

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add = parser.add_argument
        add("--directus", metavar="URL", required=True, help="the address of that Directus")
        add(
            "--email",
            help=f"an administrator's e-mail; the password is asked for, or in {ADMIN_PASSWORD}",
        )
        add(
            "--admin-token",
            metavar="TOKEN",
            help=f"an administrator's static token instead, or in {ADMIN_TOKEN}",
        )
        add("--new-token", action="store_true", help="give a user who is there another token")
        add(
            "--example",
            metavar="NAME",
            help=f"what an example needs, in place of the guide's: {', '.join(examples.names())}",
        )
        add("--dry-run", action="store_true", help="say what would be made, and make nothing")

    def run(self) -> None:
        """Make what is missing there, and say what to do next. Raises SetupError."""
        url = read_address(self.directus)
        example = examples.find(self.example) if self.example is not None else None
        token = token_of(self.admin_token, "--admin-token", ADMIN_TOKEN)
        if token == "":
            raise SetupError(f"--admin-token is empty: give the token there or in {ADMIN_TOKEN}")
        check_header(token or "")
        check_letters(self.email or "", "the address in --email")
        check_letters(os.environ.get(ADMIN_PASSWORD, ""), f"the password in {ADMIN_PASSWORD}")
        environment.ensure_environment(ROOT)

        from tools import administrator
        from tools.directus_admin import DirectusAdmin
        from tools.network import prepare_for
        from tools.provision import provision

        prepare_for(url)
        with DirectusAdmin(url) as admin:
            administrator.sign_in(admin, self.email, token)
            made = provision(
                admin, print, example=example, dry_run=self.dry_run, new_token=self.new_token
            )
        if example:
            more = f" --token {made}" if made else ""
            print(f"now   python3 serve.py --directus {url} --example {example.name}{more}")
        elif made:
            print(f"now   python3 serve.py --directus {url} --token {made}")
        elif not self.dry_run:
            print(
                f"now   python3 serve.py --directus {url} --token TOKEN, with the token that an "
                "earlier run printed: it cannot be read back, but --new-token makes another"
            )

"""`python3 serve.py provision`: do the guide's preparations on a Directus."""

import argparse
import os
from dataclasses import dataclass

from tools import ROOT, environment
from tools.address import read_address

ABOUT = "do the guide's preparations on a Directus: a collection, a policy, a user, a token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """The options, as the command line gives them."""

    directus: str
    email: str | None
    admin_token: str | None
    new_token: bool
    dry_run: bool

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        add = parser.add_argument
        add("--directus", metavar="URL", required=True, help="the address of that Directus")
        add("--email", help="an administrator's e-mail; the password is asked for")
        add(
            "--admin-token",
            metavar="TOKEN",
            default=os.environ.get("DIRECTUS_ADMIN_TOKEN"),
            help="an administrator's static token instead (also in DIRECTUS_ADMIN_TOKEN)",
        )
        add("--new-token", action="store_true", help="give a user who is there another token")
        add("--dry-run", action="store_true", help="say what would be made, and make nothing")

    def run(self) -> None:
        """Make what is missing there, and say what to do next. Raises SetupError."""
        url = read_address(self.directus)
        environment.ensure_environment(ROOT)

        from tools import administrator
        from tools.directus_admin import DirectusAdmin
        from tools.network import prepare_for
        from tools.provision import provision

        prepare_for(url)
        with DirectusAdmin(url) as admin:
            administrator.sign_in(admin, self.email, self.admin_token)
            token = provision(admin, print, dry_run=self.dry_run, new_token=self.new_token)
        if token:
            print(f"now   python3 serve.py --directus {url} --token {token}")
        elif not self.dry_run:
            print(
                f"now   python3 serve.py --directus {url} --token TOKEN, with the token that an "
                "earlier run printed: it cannot be read back, but --new-token makes another"
            )

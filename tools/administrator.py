"""Sign in as an administrator of a Directus."""

import getpass
import os

from tools.directus_admin import DirectusAdmin
from tools.secret import ADMIN_PASSWORD, ADMIN_TOKEN
from tools.steps import SetupError


def sign_in(admin: DirectusAdmin, email: str | None, token: str | None) -> None:
    """Give `admin` an administrator's rights; ask the user for what is not given.

    An `email` takes precedence over a `token`; its password may be in the environment. Raises
    SetupError.
    """
    admin.ping()
    if token and not email:
        admin.identify(token)
        return
    try:
        who = email or input("Administrator's e-mail: ")
        admin.log_in(who, os.environ.get(ADMIN_PASSWORD) or getpass.getpass("Password: "))
    except EOFError:
        raise SetupError(
            f"there is nobody to ask for the administrator's password: give it in {ADMIN_PASSWORD} "
            f"beside --email, or a static token in {ADMIN_TOKEN}"
        ) from None

"""Sign in as an administrator of a Directus."""

import getpass

from tools.directus_admin import DirectusAdmin
from tools.steps import SetupError


def sign_in(admin: DirectusAdmin, email: str | None, token: str | None) -> None:
    """Give `admin` an administrator's rights; ask the user for what is not given.

    An `email` takes precedence over a `token`. Raises SetupError.
    """
    admin.ping()
    if token and not email:
        admin.identify(token)
        return
    try:
        who = email or input("Administrator's e-mail: ")
        admin.log_in(who, getpass.getpass("Password: "))
    except EOFError:
        raise SetupError(
            "there is nobody to ask for the administrator's password: give a static token in "
            "DIRECTUS_ADMIN_TOKEN"
        ) from None

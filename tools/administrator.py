"""An administrator of a Directus: who it is, and the password without showing it."""

import getpass

from tools.remote import Remote
from tools.steps import SetupError


def enter(remote: Remote, email: str | None, token: str | None) -> None:
    """Give `remote` an administrator's rights, asking the person for what is not given.

    With an `email` a `token` is left unused. Raises SetupError.
    """
    remote.ping()
    if token and not email:
        remote.identify(token)
        return
    try:
        who = email or input("Administrator's e-mail: ")
        remote.log_in(who, getpass.getpass("Password: "))
    except EOFError:
        raise SetupError(
            "there is nobody to ask for the administrator's password: give a static token in "
            "DIRECTUS_ADMIN_TOKEN"
        ) from None

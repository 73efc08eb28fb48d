"""The login of a page without a token: who has signed in stays so, in all tabs of the browser."""

from directus_realtime import AuthMode, DirectusClient, DirectusError, authentication, local_storage

from app import page


def offer_sign_in(project: DirectusClient, mode: AuthMode) -> tuple[DirectusClient, AuthMode]:
    """Let the page offer to sign in where something is refused; return what to connect with.

    Where the public may connect nobody has to sign in, but who has done so says who they are.
    """
    storage = local_storage()
    client = project.with_(authentication(storage=storage))

    def has_login() -> bool | None:
        try:
            return storage.get() is not None
        except DirectusError:  # the browser keeps nothing for this site
            return None

    page.offer_sign_in(client, has_login)
    return client, "handshake" if mode == "public" and has_login() else mode

"""The login of a page without a token: who has signed in stays so, in all tabs of the browser."""

from directus_realtime import AuthMode, DirectusClient, DirectusError, authentication, local_storage

from app import page


def offer_sign_in(project: DirectusClient, mode: AuthMode) -> tuple[DirectusClient, AuthMode]:
    """Let the page offer to sign in where something is refused; return what to connect with.

    Where the public may connect nobody has to sign in, but who has done so says who they are.
    """
    storage = local_storage()
    client = project.with_(authentication(storage=storage))
    try:
        has_signed_in, is_kept = storage.get() is not None, True
    except DirectusError:  # the browser keeps nothing for this site, no login either
        has_signed_in = is_kept = False
    page.offer_sign_in(client, has_signed_in=has_signed_in, is_kept=is_kept)
    return client, "handshake" if has_signed_in and mode == "public" else mode

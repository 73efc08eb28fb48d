"""The environment variables of the programs that are started here.

A person's environment is for the person's own programs. What it says of the way to the network and
of where caches lie holds here too. What would change where packages are installed, how Python and
Node run or which options a tool takes does not.
"""

import os
from collections.abc import Mapping, MutableMapping

# Of the variables that begin so, in capitals, only those below are kept.
_TOOLS = ("PYTHON", "PIP_", "NPM_CONFIG_", "NODE_", "PYTEST_", "MYPY", "RUFF_", "COV_CORE_", "GIT_")
_KEPT = {
    # Python: for those who look for a fault.
    *("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONFAULTHANDLER", "PYTHONHASHSEED"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED"),
    # pip: the way to its packages.
    *("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS"),
    *("PIP_PROXY", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST", "PIP_KEYRING_PROVIDER"),
    *("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT", "PIP_RETRIES"),
    *("PIP_USE_FEATURE", "PIP_USE_DEPRECATED"),
    # npm and Node: likewise.
    *("NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "NPM_CONFIG_GLOBALCONFIG"),
    *("NPM_CONFIG_PROXY", "NPM_CONFIG_HTTPS_PROXY", "NPM_CONFIG_HTTP_PROXY", "NPM_CONFIG_NOPROXY"),
    *("NPM_CONFIG_CA", "NPM_CONFIG_CAFILE", "NPM_CONFIG_CERT", "NPM_CONFIG_KEY"),
    *("NPM_CONFIG_STRICT_SSL", "NPM_CONFIG_CACHE", "NPM_CONFIG_LOCAL_ADDRESS"),
    *("NPM_CONFIG_OFFLINE", "NPM_CONFIG_PREFER_OFFLINE", "NPM_CONFIG_MAXSOCKETS"),
    *("NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED"),
    *("NODE_USE_ENV_PROXY", "NODE_USE_SYSTEM_CA"),
}
_DROPPED = {
    "__PYVENV_LAUNCHER__",  # macOS: which Python this is
    *("FORCE_COLOR", "CLICOLOR_FORCE"),  # what is printed is read by programs
}
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NO_PROXY = ("no_proxy", "NO_PROXY")
_THIS_MACHINE = "localhost,127.0.0.1,::1"


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a program that is started here gets of `environ`.

    Its Python reads and writes UTF-8, and no proxy stands between it and this machine.
    """
    kept = {name: value for name, value in environ.items() if _is_kept(name, value)}
    kept["PYTHONUTF8"] = "1"
    # Alone, NO_PROXY would hide the proxies that Windows and macOS know of.
    if any(name.upper() in _PROXIES for name in kept):
        for name in _NO_PROXY:
            kept[name] = _with_this_machine(kept.get(name) or _other(name, kept))
    return kept


def clean(environ: MutableMapping[str, str] = os.environ) -> None:
    """Leave of `environ` what :func:`clean_environment` returns."""
    kept = clean_environment(environ)
    for name in environ.keys() - kept.keys():
        del environ[name]
    environ.update(kept)


def _is_kept(name: str, value: str) -> bool:
    word = name.upper().replace("-", "_")
    if word in _TEMPORARY:
        return os.path.isdir(value)  # Node would fail where Python looks further
    if word in _DROPPED:
        return False
    # The credentials of a registry: npm_config_//registry.example.com/:_authToken
    return not word.startswith(_TOOLS) or word in _KEPT or word.startswith("NPM_CONFIG_//")


def _other(name: str, environ: Mapping[str, str]) -> str:
    """Return the value of the same variable in the other case: programs differ in which counts."""
    return next((environ[each] for each in _NO_PROXY if each != name and each in environ), "")


def _with_this_machine(hosts: str) -> str:
    if hosts.strip() == "*":
        return hosts  # none at all, which urllib knows only where it stands alone
    known = [host.strip() for host in hosts.split(",") if host.strip()]
    return ",".join([*known, *(each for each in _THIS_MACHINE.split(",") if each not in known)])

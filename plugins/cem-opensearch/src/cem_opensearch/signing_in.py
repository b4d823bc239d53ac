"""Secrets, which come from the environment alone, and certificates."""

import base64
import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from cem_opensearch.options import OpenSearchOptions
from cem_toolkit.api import CemError


def authorization(options: OpenSearchOptions) -> str:
    """The value of the header `Authorization`, or "". Raises CemError where a variable is unset or cannot be sent."""
    if options.api_key_env:
        return f"ApiKey {_secret('api_key_env', options.api_key_env)}"
    if options.username_env:
        name, password = (
            _secret(f"{what}_env", variable)
            for what, variable in (("username", options.username_env), ("password", options.password_env))
        )
        return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    return ""


def secrets(options: OpenSearchOptions, signed: str) -> list[str]:
    """What must not be shown to anybody: the key or the password, and what stands for it in `signed`, the header."""
    variable = options.api_key_env or options.password_env
    return [signed.partition(" ")[2], _secret("secret", variable)] if variable else []


def sent_in_the_clear(options: OpenSearchOptions) -> str:
    """The first address that secrets would go to over the network unencrypted, or ""."""
    if not (options.api_key_env or options.username_env):
        return ""
    near = {"localhost", "127.0.0.1", "::1"}
    far = (url for url in options.url if url.startswith("http://") and urlsplit(url).hostname not in near)
    return next(far, "")


def trust(options: OpenSearchOptions, config_folder: Path) -> ssl.SSLContext | bool:
    """What httpx2 takes for `verify`. Raises CemError for a file that holds no certificates."""
    if options.ca_certs is None or not options.verify:
        return options.verify
    path = config_folder / options.ca_certs.expanduser()
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CemError(f"opensearch: ca_certs: {path} holds no PEM certificates ({error})") from None


def _secret(option: str, variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise CemError(f"opensearch: {option}: the environment variable {variable} is not set")
    if option == "api_key_env" and not (value.isascii() and value.isprintable()):
        # What refuses a bad header would show it.
        raise CemError(f"opensearch: {option}: {variable} holds characters that no API key has")
    return value

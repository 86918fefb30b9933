"""Hides the passwords in database URLs."""

import re

_USER_AND_PASSWORD = re.compile(r"^([^:/@\s]+://[^:/@]*:)(.+)(?=@)", re.DOTALL)
_SECRET_IN_QUERY = re.compile(
    r"((?:password|passwd|pwd|passphrase|secret|token|api_?key)(?:=|%3D))(.+?)(?=&|;|%3B|$)", re.IGNORECASE | re.DOTALL
)
_ENVIRONMENT_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")


def masked_url(url: str) -> str:
    """Put `***` in place of the password of a URL.

    A password taken from the environment (`${PGPASSWORD}`) names no secret and stays.
    In doubt too much is masked: everything up to the last `@`, since passwords may hold `@`, `/` and `?` themselves.
    """
    if "://" not in url:
        return url
    return _SECRET_IN_QUERY.sub(_masked, _USER_AND_PASSWORD.sub(_masked, url))


def _masked(found: re.Match[str]) -> str:
    before, secret = found.groups()
    return f"{before}{secret}" if _ENVIRONMENT_VARIABLE.fullmatch(secret) else f"{before}***"

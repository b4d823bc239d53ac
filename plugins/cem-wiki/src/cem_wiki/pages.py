"""Where pages of Wikipedia are found."""

from urllib.parse import quote


def page_url(language: str, title: str, project: str = "wikipedia") -> str:
    """The address of a page of Wikipedia, or of another of Wikimedia's projects."""
    return f"https://{language}.{project}.org/wiki/{url_title(title)}"


def url_title(title: str) -> str:
    """A title as it stands in addresses, with the characters that MediaWiki leaves as they are (`wfUrlencode`)."""
    return quote(title.replace(" ", "_"), safe=";@$!*(),/~:", errors="replace")

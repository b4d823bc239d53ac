"""Where pages of Wikipedia are found."""

from urllib.parse import quote


def page_url(language: str, title: str) -> str:
    """The address of a page of Wikipedia, with the characters that MediaWiki leaves as they are (`wfUrlencode`)."""
    return f"https://{language}.wikipedia.org/wiki/" + quote(title.replace(" ", "_"), safe=";@$!*(),/~:")

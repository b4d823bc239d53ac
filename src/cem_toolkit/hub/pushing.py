"""Sends files to the hub by huggingface_hub, which finds the token itself: in HF_TOKEN, or from `hf auth login`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from cem_toolkit.errors import CemError, one_line
from cem_toolkit.hub.contents import Upload

TAKES = "pushing to the hub takes: pip install 'cem-toolkit[hub]'"


def check_names(*repos: str | None) -> None:
    """Raises CemError where one is no name of a repository."""
    try:
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
    except ImportError:
        raise CemError(TAKES) from None
    for repo in filter(None, repos):
        if "/" not in repo:
            raise CemError(f"{repo!r:.120}: give the owner as well (owner/name)")
        try:
            validate_repo_id(repo)
        except HFValidationError as error:
            raise CemError(f"{repo!r:.120} is no name of a repository (owner/name): {one_line(error):.200}") from None


def push(uploads: Sequence[Upload], *, private: bool, message: str, say: Callable[[str], None]) -> list[str]:
    """Makes the repositories where they are missing, and a commit in each. Returns the commits' addresses.

    Everything is checked before the first file leaves: the token, then each repository. Raises CemError where the hub
    cannot be reached, refuses, or there is no token.
    """
    api = _api()
    for upload in uploads:
        known = {"repo_id": upload.repo, "repo_type": upload.kind}
        _asking(upload, partial(api.create_repo, **known, private=private or None, exist_ok=True))
        if private and not _asking(upload, partial(api.repo_info, **known)).private:
            raise CemError(f"{upload.kind} {upload.repo}: is there already and is public, and --private was given")
    return [_commit(api, upload, message, say) for upload in uploads]


def _api() -> Any:
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import LocalTokenNotFoundError
    except ImportError:
        raise CemError(TAKES) from None
    api = HfApi(library_name="cem-toolkit")
    try:
        api.whoami()
    except LocalTokenNotFoundError:
        raise CemError(
            f"{api.endpoint}: there is no token to push with: `hf auth login`, or set HF_TOKEN to one that may write"
        ) from None
    except Exception as error:
        raise _refused(api.endpoint, error) from None
    return api


def _commit(api: Any, upload: Upload, message: str, say: Callable[[str], None]) -> str:
    from huggingface_hub import CommitOperationAdd

    say(f"pushing {len(upload.files)} files to {upload.kind} {upload.repo}")
    operations = [CommitOperationAdd(name, content) for name, content in upload.files.items()]
    commit = partial(api.create_commit, upload.repo, operations, repo_type=upload.kind, commit_message=message)
    done = _asking(upload, commit)
    return str(done.commit_url)


def _asking(upload: Upload, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except CemError:
        raise
    except Exception as error:
        raise _refused(f"{upload.kind} {upload.repo}", error) from None


def _refused(what: str, error: Exception) -> CemError:
    said = " ".join(one_line(error).split())
    return CemError(f"{what}: the hub cannot be reached or refuses ({said:.300}); check network, token and its rights")

"""Where archived files stand: a folder, S3, WebDAV, Google Drive, OneDrive or Dropbox, all through OpenDAL."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import opendal
import opendal.exceptions as broken

from extract.vendor import Refused, Unreachable
from reconcile.settings import Archive, SettingsError
from reconcile.state import State

NAME = "archive"  # the place's name in plans, in the log and in the credential store
FOLDER = "archive"  # of the data folder, where no other is chosen
_MESSAGE = re.compile(r'message: "([^"]+)"')
_TITLE = re.compile(r"<title>\s*([^<]+?)\s*</title>", re.IGNORECASE)  # of a page that a server answers with
_STATUS = re.compile(r"response: Parts \{ status: (\d{3})")
_PART = ".part"  # half-written files of a folder; they are renamed when they are whole


class Scheme(NamedTuple):
    """A service: what people call it, its options by OpenDAL's names, and which of them are secret."""

    title: str
    options: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


_SIGN_IN = ("client_id", "client_secret", "refresh_token")
SCHEMES: dict[str, Scheme] = {
    "fs": Scheme("Folder", ("root",)),
    "s3": Scheme("Amazon S3", ("bucket", "region", "endpoint", "root"), ("access_key_id", "secret_access_key")),
    "webdav": Scheme("WebDAV (Nextcloud)", ("endpoint", "root", "username"), ("password",)),
    "gdrive": Scheme("Google Drive", ("root",), _SIGN_IN),
    "onedrive": Scheme("OneDrive", ("root",), _SIGN_IN),
    "dropbox": Scheme("Dropbox", ("root",), _SIGN_IN),
}


def secret(name: str, store: State) -> str:
    """Return a secret of the place: from the environment (ARCHIVE_SECRET_ACCESS_KEY), else from the store."""
    return os.environ.get(f"ARCHIVE_{name.upper()}") or store.credentials(NAME).get(name, "")


def place(data: Path, said: Archive, store: State, given: Mapping[str, str] | None = None) -> "Place":
    """Return the place that the settings name. SettingsError where an option is strange; Refused where one lacks.

    `given` are secrets that are not kept yet.
    """
    scheme = SCHEMES[said.scheme]
    if strange := sorted(set(said.options) - set(scheme.options)):
        raise SettingsError(f"archive.options.{strange[0]}: {scheme.title} has {', '.join(scheme.options)}")
    options = {name: value for name, value in said.options.items() if value}
    options |= {name: value for name in scheme.secrets if (value := (given or {}).get(name) or secret(name, store))}
    if said.scheme == "fs":
        root = Path(options.get("root") or data / FOLDER).resolve()
        options |= {"root": str(root), "atomic_write_dir": str(root / _PART)}
    with _told(scheme.title):
        return Place(scheme.title, opendal.Operator(said.scheme, **options))


class Place:
    """Files by path. Errors are VendorError: Refused on a no, Unreachable where nobody knows."""

    name = NAME

    def __init__(self, title: str, operator: opendal.Operator) -> None:
        self.title, self._operator = title, operator

    def paths(self) -> set[str]:
        """Return the paths of all files."""
        with _told(self.title):
            listed = self._operator.list("", recursive=True)
            return {entry.path for entry in listed if not entry.path.endswith("/")}

    def has(self, path: str) -> bool:
        """Return whether there is a file."""
        with _told(self.title):
            return bool(self._operator.exists(path))

    def get(self, path: str) -> bytes | None:
        """Return the content of a file; None where there is none."""
        try:
            with _told(self.title):
                return bytes(self._operator.read(path))
        except Gone:
            return None

    def put(self, path: str, content: bytes) -> None:
        """Write a file whole, in place of the one that is there."""
        with _told(self.title):
            self._operator.write(path, content)


class Gone(Refused):
    """There is no such file."""


@contextmanager
def _told(title: str) -> Iterator[None]:
    """Turn what the service answers into words on what to do."""
    try:
        yield
    except broken.NotFound as error:
        raise Gone(NAME, f"{title}: {_first(error)}", 404) from error
    except broken.ConfigInvalid as error:
        raise Refused(NAME, f"{title}: {_first(error)}. Enter it on the page Archive.", 400) from error
    except broken.PermissionDenied as error:
        raise Refused(NAME, f"{title} does not let us write ({_first(error)}): check its rights.", 403) from error
    except broken.RateLimited as error:
        raise Refused(NAME, f"{title} asks to wait ({_first(error)}); the next run goes on.", 429) from error
    except _ERRORS as error:
        if (status := _STATUS.search(str(error))) and status[1] in ("401", "403"):
            told = f"{title} does not let us in ({_first(error)}): check user, password and rights on the page Archive."
            raise Refused(NAME, told, int(status[1])) from error
        raise Unreachable(
            NAME, f"{title} cannot be written or read ({_first(error)}). Check it; nothing is lost."
        ) from error


_ERRORS: tuple[type[Exception], ...] = tuple(
    kind for name in dir(broken) if isinstance(kind := getattr(broken, name), type) and issubclass(kind, Exception)
)


def _first(error: Exception) -> str:
    """Return what went wrong: OpenDAL's first line after the arrow, and what the system under it said."""
    lines = str(error).splitlines()
    said = lines[0].partition("=> ")[2] if lines else ""
    if said.startswith("<"):
        page = _TITLE.search(str(error))
        said = page[1] if page else "an answer that is a web page"
    if quoted := _MESSAGE.search(said):  # S3Error { code: "NoSuchBucket", message: "The specified bucket …", … }
        said = quoted[1]
    at = next((i for i, text in enumerate(lines) if text.strip() == "Source:"), None)
    under = lines[at + 1].strip() if at is not None and at + 1 < len(lines) else ""
    return ": ".join(filter(None, [said, under])) or type(error).__name__

"""Secrets at rest: encrypted with one key that lives outside the database that holds them.

The key comes from CUADRA_KEY, else from a file beside the data that only its owner can read, else from the keyring of
the operating system; where none has one, it is made and kept in the keyring, or in that file where there is none.
"""

import os
from pathlib import Path

import keyring
import keyring.errors
from cryptography.fernet import Fernet, InvalidToken

VARIABLE = "CUADRA_KEY"
FILE = ".key"
_SERVICE = "cuadra"


class VaultError(Exception):
    """A secret cannot be kept or read. The text says what to do and never holds a secret."""


class Vault:
    """Encrypts and decrypts with one key."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key.strip().encode())
        except ValueError as error:
            made = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
            raise VaultError(f"{VARIABLE} is not a key (32 bytes in url-safe base64); make one by: {made}") from error

    def lock(self, secret: str) -> str:
        """Return the secret encrypted."""
        return self._fernet.encrypt(secret.encode()).decode()

    def unlock(self, locked: str) -> str:
        """Return the secret in the clear. VaultError if it was encrypted with another key."""
        try:
            return self._fernet.decrypt(locked.encode()).decode()
        except InvalidToken as error:
            raise VaultError(
                f"the kept credentials were encrypted with another key: set {VARIABLE} to it, or enter them again"
            ) from error


def vault(data: Path) -> Vault:
    """Return the vault of the data folder, making its key the first time."""
    if given := os.environ.get(VARIABLE):
        return Vault(given)
    path = data / FILE
    if path.exists():
        return Vault(path.read_text("utf-8"))
    return Vault(_from_keyring(data) or _made_file(path))


def _from_keyring(data: Path) -> str | None:
    """Return the key that the operating system keeps for this folder, made now if absent; None without a keyring."""
    backend = keyring.get_keyring()
    if backend.priority < 1:  # the null and the failing keyring
        return None
    name = str(data.resolve())
    try:
        found = keyring.get_password(_SERVICE, name)
        if found is None:
            found = Fernet.generate_key().decode()
            keyring.set_password(_SERVICE, name, found)
        return found
    except keyring.errors.KeyringError:  # locked or headless: the file serves
        return None


def _made_file(path: Path) -> str:
    """Return the key of the file, made now. Two processes that make it at once agree on the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(Fernet.generate_key().decode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename, fails if somebody was first
    except FileExistsError:
        pass
    finally:
        part.unlink()
    return path.read_text("utf-8")

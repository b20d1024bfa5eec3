"""Passwords: hashed with argon2id, a few at a time, with the same work whether or not there is an account."""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST = 12
LONGEST = 200

_NICENESS = 10
_FEWEST_DIFFERENT = 6
_LONG_ENOUGH_TO_TELL = 4
_MOST_OF_IT = 0.7
_COMMON = frozenset(
    """
    abcdefghijkl administrador administracion asdfghjklzxc asesor atencion bogota bienvenido ciudadano ciudadania
    clave colombia contesta contrasena contraseña supervisor entidad iloveyou lineadeatencion micontraseña
    micontrasena password passw passwordpassword qwerty qwertyqwerty qwertyuiop qwertyuiopas secreto servicio
    soportetecnico teamo temporal welcome
    """.split()  # noqa: SIM905  words are easier to read and add to than strings
)
_KEYBOARD = ("1234567890", "qwertyuiop", "asdfghjklñ", "zxcvbnm")
_PLACES = {key: (row, column) for row, keys in enumerate(_KEYBOARD) for column, key in enumerate(keys)}
_NOWHERE, _FAR_AWAY = (-10, -10), (-20, -20)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whether a password is the right one, and whether its hash is of weaker work than we now ask for."""

    right: bool
    outdated: bool = False


class Passwords:
    """Hashes and compares in threads of its own: at most `threads` at once, and `waiting` in line for them.

    A hash takes 64 MiB and about 0.1 s of two processors, so that whoever floods the sign-in is turned away here
    rather than at the cost of everybody else.
    """

    def __init__(self, hasher: PasswordHasher, *, threads: int = 2, waiting: int = 20) -> None:
        self._hasher = hasher
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password", initializer=_step_back)
        self._free = threads + waiting
        self._of_nobody = hasher.hash(secrets.token_urlsafe())

    async def matches(self, stored: str | None, said: str) -> Match:
        """Compare a password with its hash; with none (no such account), the same work is done for nothing.

        Raises:
            web.HTTPTooManyRequests: too many are in line.
        """
        return await self._in_line(self._compare, stored or self._of_nobody, said)

    async def hashed(self, password: str) -> str:
        """Give the hash to keep.

        Raises:
            web.HTTPTooManyRequests: too many are in line.
        """
        return await self._in_line(self._hasher.hash, password)

    @property
    def has_room(self) -> bool:
        """Whether one more may get in line."""
        return self._free > 0

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    async def _in_line(self, work: Callable[..., Result], *given: str) -> Result:
        if not self.has_room:
            raise web.HTTPTooManyRequests(headers={"Retry-After": "5"})
        self._free -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)
        finally:
            self._free += 1

    def _compare(self, stored: str, said: str) -> Match:
        try:
            self._hasher.verify(stored, said)
        except (VerifyMismatchError, InvalidHashError):
            return Match(right=False)
        return Match(right=stored != self._of_nobody, outdated=self._hasher.check_needs_rehash(stored))


def _step_back() -> None:
    """Let this thread, and those that hash for it, come after the one that serves everybody."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


PASSWORDS = web.AppKey("passwords", Passwords)


def weakness(password: str, *names: str) -> str:
    """Say why a password is too easy to guess, "" if it is not. `names` are what others know of its owner."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        return f"La contraseña debe tener mínimo {SHORTEST} caracteres. Una frase de varias palabras sirve."
    if any(len(name) >= _LONG_ENOUGH_TO_TELL and name.casefold() in plain for name in names):
        return "La contraseña no debe contener su nombre ni su usuario."
    letters = "".join(character for character in plain if character.isalpha())
    if len(set(plain)) < _FEWEST_DIFFERENT or letters in _COMMON or _walks(plain):
        return "Esa contraseña es muy fácil de adivinar. Una frase de varias palabras sirve."
    return ""


def _walks(plain: str) -> bool:
    """Whether most characters are neighbours of the one before, in the alphabet or on the keyboard: 1qaz2wsx3edc."""
    steps = [_are_neighbours(before, after) for before, after in pairwise(plain)]
    return sum(steps) > len(steps) * _MOST_OF_IT


def _are_neighbours(before: str, after: str) -> bool:
    if abs(ord(before) - ord(after)) <= 1:
        return True
    (row, column), (other_row, other_column) = _PLACES.get(before, _NOWHERE), _PLACES.get(after, _FAR_AWAY)
    return abs(row - other_row) <= 1 and abs(column - other_column) <= 1

"""`contesta users`: the accounts of the pages, for whoever has this machine; the way in when nobody can sign in."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from contesta import accounts
from contesta.format import UNKNOWN, day_and_hour
from contesta.settings import Settings
from contesta.web.access import Action, Role
from contesta.web.people import INVITATION, ROLE_WORDS, Invited, new_invitation, state_of
from contesta.web.validation import read
from core.errors import ConfigurationError
from storage.database import connect
from storage.migrate import upgrade
from storage.people import NewPerson, People, Person
from storage.people_access_log import Access, AccessLog

app = typer.Typer(no_args_is_help=False, add_completion=False)

WHO = "contesta users"
"""How the access log calls whoever works here."""

FIRST = "administracion"
"""What the first administrator signs in as."""


class RoleWord(StrEnum):
    """A role as it is typed here."""

    supervisor = "supervisor"
    auditor = "auditor"
    asesor = "asesor"
    administrador = "administrador"


_ROLES = {
    RoleWord.supervisor: Role.SUPERVISOR,
    RoleWord.auditor: Role.AUDITOR,
    RoleWord.asesor: Role.ADVISER,
    RoleWord.administrador: Role.ADMINISTRATOR,
}

Login = Annotated[str, typer.Argument(metavar="USUARIO", help="Con el que la persona ingresa.")]


@app.callback(invoke_without_command=True)
def list_people(ctx: typer.Context) -> None:
    """Lista las personas que pueden ingresar a las páginas."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    console, zone, now = Console(), ZoneInfo(settings.timezone), datetime.now(UTC)
    everybody = People(_database(settings)).everybody()
    if not everybody:
        console.print("Todavía no hay cuentas. Haga la primera con: contesta users invite")
        return
    table = Table("Usuario", "Nombre", "Papel", "Asesor", "Segundo factor", "Cuenta", box=None)
    for person in everybody:
        factor = "sí" if person.factor_seed else "no"
        told = (person.login, person.name, ROLE_WORDS[Role(person.role)], person.agent or UNKNOWN, factor)
        table.add_row(*map(escape, told), state_of(person, zone, now).word)
    console.print(table, highlight=False)


@app.command()
def invite(
    ctx: typer.Context,
    login: Login,
    name: Annotated[str, typer.Option("--name", help="Nombre de la persona.")],
    role: Annotated[RoleWord, typer.Option("--role", help="Papel.")],
    agent: Annotated[str, typer.Option("--agent", help="Nombre con que aparece en las llamadas, si es asesor.")] = "",
    extension: Annotated[
        str, typer.Option("--extension", help="Teléfono de escucha, como monitoreo1: ahí suena cuando pide escuchar.")
    ] = "",
) -> None:
    """Hace una cuenta y muestra el enlace con que la persona elige su contraseña."""
    settings: Settings = ctx.obj
    told = {"login": login, "name": name, "role": _ROLES[role], "agent": agent, "extension": extension}
    said = read(Invited, told, "")
    if said.extension:
        _see_telephone(settings, said.extension)
    engine, now = _database(settings), datetime.now(UTC)
    new = NewPerson(login=said.login, name=said.name, role=said.role, agent=said.agent, extension=said.extension)
    secret, invitation = new_invitation(now)
    People(engine).add(new, invitation, now)
    _log(engine, Action.PERSON_INVITED, f"{said.login} ({ROLE_WORDS[said.role]})", now)
    _show_link(settings, secret, invitation.expires_at)


@app.command()
def reset(ctx: typer.Context, login: Login) -> None:
    """Quita contraseña, segundo factor y sesiones de una persona, y muestra otro enlace."""
    settings: Settings = ctx.obj
    engine, now = _database(settings), datetime.now(UTC)
    person = _named(engine, login)
    secret, invitation = new_invitation(now)
    People(engine).invite_again(person.id, invitation)
    _log(engine, Action.PERSON_RESET, person.login, now)
    _show_link(settings, secret, invitation.expires_at)


@app.command()
def disable(ctx: typer.Context, login: Login) -> None:
    """No deja ingresar más a una persona y cierra sus sesiones."""
    settings: Settings = ctx.obj
    engine, now = _database(settings), datetime.now(UTC)
    person = _named(engine, login)
    People(engine).disable(person.id, now)
    _log(engine, Action.PERSON_DISABLED, person.login, now)
    Console().print(f"{escape(person.name)} ya no puede ingresar.", highlight=False)


def first_invitation(settings: Settings, engine: Engine, now: datetime) -> str:
    """Give the link of the first administrator; "" if somebody can administer already. A former link ends."""
    people = People(engine)
    if people.has_administrator(Role.ADMINISTRATOR):
        return ""
    secret, invitation = new_invitation(now)
    everybody = people.everybody()
    invited = [person for person in everybody if person.role == Role.ADMINISTRATOR and person.disabled_at is None]
    if invited:
        people.invite_again(invited[0].id, invitation)
        _log(engine, Action.PERSON_RESET, invited[0].login, now)
    else:
        login = FIRST + (str(len(everybody) + 1) if people.named(FIRST) else "")
        new = NewPerson(login=login, name="Administración", role=Role.ADMINISTRATOR)
        people.add(new, invitation, now)
        _log(engine, Action.PERSON_INVITED, f"{login} ({ROLE_WORDS[Role.ADMINISTRATOR]})", now)
    return _link(settings, secret)


def _database(settings: Settings) -> Engine:
    engine = connect(settings.ledger_url)
    upgrade(engine)
    return engine


def _see_telephone(settings: Settings, extension: str) -> None:
    there_are = [one.account for one in accounts.read(settings.secrets_file).listening]
    if extension not in there_are:
        raise ConfigurationError(
            f"no hay teléfono de escucha «{extension}»; los que hay son: {', '.join(there_are) or 'ninguno'}"
        )


def _named(engine: Engine, login: str) -> Person:
    person = People(engine).named(login.casefold())
    if person is None:
        raise ConfigurationError(f"no hay ninguna cuenta «{login}». Vea las que hay con: contesta users")
    return person


def _log(engine: Engine, action: Action, what: str, now: datetime) -> None:
    AccessLog(engine).write(Access(at=now, who=WHO, role="", address="", action=action, what=what))


def _link(settings: Settings, secret: str) -> str:
    return f"{settings.web_origin or settings.web_address.rstrip('/')}{INVITATION}{secret}"


def _show_link(settings: Settings, secret: str, ends: datetime) -> None:
    until = day_and_hour(ends, ZoneInfo(settings.timezone))
    typer.echo(f"Entregue este enlace a la persona por un medio seguro. Sirve una sola vez, hasta el {until}.")
    typer.echo(_link(settings, secret))

"""People, sessions, keys and the access log in both kinds of database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from core.errors import ConfigurationError
from storage import people_access_log
from storage.people import Acceptance, Invitation, NewPerson, People
from storage.people_access_log import Access, AccessFilter, AccessLog
from storage.people_keys import AccessKeys, NewKey
from storage.people_sessions import MOST_AT_ONCE, SEEN_EVERY, Browser, Lifetime, Sessions

NOW = datetime(2026, 6, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)
BROWSER = Browser(address="127.0.0.1", name="Firefox")
ADMINISTRATOR = "administrator"


def new_person(login: str = "ana.ruiz", role: str = "supervisor") -> NewPerson:
    return NewPerson(login=login, name="Ana Ruiz", role=role, agent="Ana Ruiz")


def invitation(number: int = 1) -> Invitation:
    return Invitation(digest=bytes([number]) * 32, expires_at=NOW + DAY)


ACCEPTED = Acceptance(name="Ana Ruiz", password_hash="$argon2id$…", factor_seed=b"s" * 16, factor_step=7)


def member(people: People, login: str = "ana.ruiz", role: str = "supervisor", number: int = 1) -> int:
    """Somebody who has accepted an invitation."""
    people.add(new_person(login, role), invitation(number), NOW)
    accepted = people.accept(invitation(number).digest, ACCEPTED, NOW)
    assert accepted is not None
    return accepted.id


def test_person_is_invited_and_accepts_once(engine: Engine) -> None:
    people = People(engine)
    added = people.add(new_person(), invitation(), NOW)
    assert (added.login, added.role, added.agent, added.password_hash) == ("ana.ruiz", "supervisor", "Ana Ruiz", None)
    assert not added.may_sign_in
    assert people.invited(invitation().digest, NOW) == added
    assert people.invited(invitation().digest, NOW + DAY) is None
    assert people.accept(invitation().digest, ACCEPTED, NOW + DAY) is None
    accepted = people.accept(invitation().digest, ACCEPTED, NOW)
    assert accepted is not None
    assert accepted.may_sign_in
    assert (accepted.factor_seed, accepted.factor_step) == (b"s" * 16, 7)
    assert people.accept(invitation().digest, ACCEPTED, NOW) is None
    assert people.named("ana.ruiz") == people.find(accepted.id) == accepted
    assert people.everybody() == (accepted,)


def test_two_cannot_sign_in_by_the_same_name(engine: Engine) -> None:
    people = People(engine)
    people.add(new_person(), invitation(1), NOW)
    with pytest.raises(ConfigurationError, match=r"ya hay una cuenta con el usuario «ana\.ruiz»"):
        people.add(new_person(), invitation(2), NOW)


def test_administrator_is_one_who_can_sign_in(engine: Engine) -> None:
    people = People(engine)
    assert not people.has_administrator(ADMINISTRATOR)
    people.add(new_person(role=ADMINISTRATOR), invitation(), NOW)
    assert not people.has_administrator(ADMINISTRATOR)
    accepted = people.accept(invitation().digest, ACCEPTED, NOW)
    assert accepted is not None
    assert people.has_administrator(ADMINISTRATOR)
    people.disable(accepted.id, NOW)
    assert not people.has_administrator(ADMINISTRATOR)


def test_whoever_is_invited_again_loses_password_factor_and_sessions(engine: Engine) -> None:
    people, sessions = People(engine), Sessions(engine, Lifetime())
    person_id = member(people)
    sessions.open(b"t" * 32, person_id, BROWSER, NOW)
    people.disable(person_id, NOW)
    people.invite_again(person_id, invitation(2))
    found = people.find(person_id)
    assert found is not None
    assert (found.password_hash, found.factor_seed, found.disabled_at) == (None, None, None)
    assert sessions.find(b"t" * 32, NOW) is None
    assert people.invited(invitation(2).digest, NOW) == found


def test_disabled_person_has_no_invitation_and_no_session(engine: Engine) -> None:
    people, sessions = People(engine), Sessions(engine, Lifetime())
    person_id = member(people)
    sessions.open(b"t" * 32, person_id, BROWSER, NOW)
    people.invite_again(person_id, invitation(2))
    people.disable(person_id, NOW)
    assert people.invited(invitation(2).digest, NOW) is None
    assert people.accept(invitation(2).digest, ACCEPTED, NOW) is None
    assert sessions.of(person_id, NOW) == ()


def test_code_of_a_step_is_used_once_and_none_of_an_earlier_one(engine: Engine) -> None:
    people = People(engine)
    person_id = member(people)
    assert [people.use_factor_step(person_id, step) for step in (7, 6, 8, 8, 7, 9)] == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]


def test_of_many_at_once_one_uses_a_code_or_an_invitation(engine: Engine) -> None:
    people = People(engine)
    person_id = member(people)
    people.add(new_person("otra"), invitation(2), NOW)
    with ThreadPoolExecutor(8) as threads:
        used = list(threads.map(lambda _: people.use_factor_step(person_id, 100), range(16)))
        accepted = list(threads.map(lambda _: people.accept(invitation(2).digest, ACCEPTED, NOW), range(16)))
    assert sum(used) == 1
    assert sum(person is not None for person in accepted) == 1


def test_hash_is_refreshed_only_while_the_password_is_the_same(engine: Engine) -> None:
    people = People(engine)
    person_id = member(people)
    people.set_password(person_id, "other")
    people.refresh_hash(person_id, ACCEPTED.password_hash, "stronger")
    found = people.find(person_id)
    assert found is not None
    assert found.password_hash == "other"


def test_session_lives_while_used_and_at_most_so_long(engine: Engine) -> None:
    people, lifetime = People(engine), Lifetime(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
    sessions, token = Sessions(engine, lifetime), b"t" * 32
    sessions.open(token, member(people), BROWSER, NOW)
    found = sessions.find(token, NOW)
    assert found is not None
    assert (found.login, found.role, found.agent, found.factor) == ("ana.ruiz", "supervisor", "Ana Ruiz", True)
    assert sessions.find(token, NOW + lifetime.idle) is None
    moment = NOW
    while moment < NOW + lifetime.absolute - lifetime.idle:
        moment += lifetime.idle - timedelta(seconds=1)
        assert sessions.find(token, moment) is not None
    assert sessions.find(token, NOW + lifetime.absolute) is None


def test_looking_at_a_session_does_not_use_it(engine: Engine) -> None:
    people, sessions, token = People(engine), Sessions(engine, Lifetime()), b"t" * 32
    person_id = member(people)
    sessions.open(token, person_id, BROWSER, NOW)
    later = NOW + timedelta(minutes=29)
    assert sessions.find(token, later, using=False) is not None
    assert sessions.of(person_id, later)[0].seen_at == NOW
    sessions.find(token, NOW + SEEN_EVERY - timedelta(seconds=1))
    assert sessions.of(person_id, later)[0].seen_at == NOW, "a use is written down once a minute"
    sessions.find(token, later)
    assert sessions.of(person_id, later)[0].seen_at == later


def test_new_session_takes_the_place_of_the_browsers_former_and_clears_old_ones(engine: Engine) -> None:
    people, sessions = People(engine), Sessions(engine, Lifetime())
    person_id = member(people)
    sessions.open(b"a" * 32, person_id, BROWSER, NOW)
    sessions.open(b"b" * 32, person_id, BROWSER, NOW, former=b"a" * 32)
    assert len(sessions.of(person_id, NOW)) == 1
    sessions.open(b"c" * 32, person_id, BROWSER, NOW + DAY)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM web_session")).scalar_one() == 1


def test_further_session_ends_the_one_used_longest_ago(engine: Engine) -> None:
    people, sessions = People(engine), Sessions(engine, Lifetime())
    person_id, other_id = member(people), member(people, "otra", number=2)
    sessions.open(b"o" * 32, other_id, BROWSER, NOW)
    for number in range(MOST_AT_ONCE):
        sessions.open(bytes([number]) * 32, person_id, BROWSER, NOW + timedelta(seconds=number))
    sessions.find(bytes([0]) * 32, NOW + timedelta(minutes=2))
    sessions.open(b"x" * 32, person_id, BROWSER, NOW + timedelta(minutes=3))
    alive = [token for token in (0, 1, 2) if sessions.find(bytes([token]) * 32, NOW + timedelta(minutes=3))]
    assert alive == [0, 2]
    assert len(sessions.of(person_id, NOW + timedelta(minutes=3))) == MOST_AT_ONCE
    assert sessions.find(b"o" * 32, NOW) is not None


def test_session_is_ended_by_its_owner_only(engine: Engine) -> None:
    people, sessions = People(engine), Sessions(engine, Lifetime())
    mine, theirs = member(people), member(people, "otra", number=2)
    sessions.open(b"t" * 32, mine, BROWSER, NOW)
    (session,) = sessions.of(mine, NOW)
    assert not sessions.close(session.id, theirs)
    assert sessions.find(b"t" * 32, NOW) is not None
    assert sessions.close(session.id, mine)
    assert not sessions.close(session.id, mine)
    assert sessions.find(b"t" * 32, NOW) is None


def test_key_works_until_its_end_or_until_it_is_taken_back(engine: Engine) -> None:
    keys = AccessKeys(engine)
    new = NewKey(token=b"k" * 32, kind="wall", label="pared", created_by="ana.ruiz", expires_at=NOW + DAY)
    keys.add(new, NOW)
    keys.add(replace(new, token=b"l" * 32, label="otra"), NOW)
    found = keys.find(b"k" * 32, NOW)
    assert found is not None
    assert (found.kind, found.label, found.created_by, found.used_at) == ("wall", "pared", "ana.ruiz", None)
    assert [key.used_at for key in keys.all()] == [None, NOW]
    assert keys.find(b"k" * 32, NOW + DAY) is None
    assert not keys.alive(found.id, NOW + DAY)
    assert keys.find(b"x" * 32, NOW) is None
    revoked = keys.revoke(found.id, NOW)
    assert revoked is not None
    assert revoked.revoked_at == NOW
    assert keys.revoke(found.id, NOW) is None
    assert not keys.alive(found.id, NOW)
    assert keys.find(b"k" * 32, NOW) is None
    assert keys.find(b"l" * 32, NOW) is not None


def line(number: int, who: str = "ana.ruiz", action: str = "signed_in") -> Access:
    at = NOW + timedelta(minutes=number)
    return Access(at=at, who=who, role="supervisor", address="127.0.0.1", action=action, what=f"n {number}")


def test_access_log_is_read_newest_first_in_pages_and_filtered(engine: Engine) -> None:
    log = AccessLog(engine)
    for number in range(7):
        log.write(
            line(number, who="ana.ruiz" if number % 2 else "luis", action="signed_in" if number < 4 else "key_made")
        )
    first = log.read(AccessFilter(), size=3)
    second = log.read(AccessFilter(), before=first.next, size=3)
    last = log.read(AccessFilter(), before=second.next, size=3)
    told = [access.what for page in (first, second, last) for access in page.lines]
    assert told == [f"n {number}" for number in reversed(range(7))]
    assert last.next is None
    for wanted, numbers in (
        (AccessFilter(who="luis"), [6, 4, 2, 0]),
        (AccessFilter(action="key_made"), [6, 5, 4]),
        (AccessFilter(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)), [3, 2]),
        (AccessFilter(who="' OR 1=1 --"), []),
    ):
        assert [access.what for access in log.read(wanted).lines] == [f"n {number}" for number in numbers]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_log SET who = 'otra'",
        "DELETE FROM access_log",
        "DELETE FROM access_log WHERE id = 1",
        "TRUNCATE access_log",
        "INSERT OR REPLACE INTO access_log SELECT 1, at, 'otra', role, address, action, what FROM access_log",
    ],
)
def test_database_refuses_to_change_the_access_log(engine: Engine, statement: str) -> None:
    log = AccessLog(engine)
    log.write(line(1))
    with pytest.raises(DatabaseError), engine.begin() as connection:
        connection.execute(text(statement))
    assert log.read(AccessFilter()).lines == (line(1),)


def test_nothing_in_the_application_changes_the_access_log() -> None:
    public = {name for name in vars(AccessLog) if not name.startswith("_")}
    assert public == {"write", "read"}
    assert not {"update", "delete"} & set(vars(people_access_log))

"""Reads where callers wait: queues and transfer areas."""

from collections.abc import Mapping

from core.document import Section, Value
from ivr.line.fields import (
    ACCOUNT,
    Places,
    listed,
    matching,
    name,
    named,
    optional,
    prompt,
    required,
    title,
    whole,
    yes_no,
)
from ivr.line.model import Area, CallbackOffer, Queue, Strategy, ToMailbox, ToQueue
from ivr.line.read_dialog import destination, dialled

QUEUE_KEYS = (
    *("title", "music", "strategy", "ring_seconds", "members", "notice_seconds", "longest_wait_seconds"),
    *("wait_without_advisers", "overflow", "announce_position", "offer", "survey", "extension"),
)
OFFER_KEYS = ("mailbox", "after_seconds", "again_seconds", "key", "question", "prompt")
AREA_KEYS = ("title", "queue")


def queues(value: Value, places: Places) -> Mapping[str, Queue]:
    """Read the queues."""

    def queue(called: str, section: Section) -> Queue:
        section.refuse_others(QUEUE_KEYS)
        return _queue(called, section, places)

    return named(value, places, ("queues",), queue)


def areas(value: Value, places: Places) -> Mapping[str, tuple[Area, Queue | None]]:
    """Read the transfer areas, each with a queue of its own unless it names another."""

    def area(called: str, section: Section) -> tuple[Area, Queue | None]:
        another = name(section["queue"]) if section.get("queue") else called
        if ("queues", called) in places.by_path and called != another:
            raise section.of.fault("ya hay una cola con este nombre; cambie el del área")
        if section.get("queue"):
            section.refuse_others(AREA_KEYS)
            return Area(name=called, title=required(section, "title", title, ""), queue=another), None
        section.refuse_others((*QUEUE_KEYS, "queue"))
        if ("queues", called) in places.by_path:
            raise section.of.fault(f"ya hay una cola con este nombre; cámbielo, o escriba «queue: {called}»")
        places.note(("queues", called), section.of)
        queue = _queue(called, section, places)
        return Area(name=called, title=queue.title, queue=called), queue

    return named(value, places, ("areas",), area)


def _queue(called: str, section: Section, places: Places) -> Queue:
    usual = Queue(name=called, title="")
    for key in ("overflow", "offer", "survey", "extension", "longest_wait_seconds", "wait_without_advisers"):
        if found := section.get(key):
            places.note(("queues", called, key), found)
    return Queue(
        name=called,
        title=required(section, "title", title, ""),
        music=optional(section, "music", name, usual.music),
        strategy=optional(section, "strategy", lambda value: value.one_of(Strategy), usual.strategy),
        ring_seconds=optional(section, "ring_seconds", whole(3, 60), usual.ring_seconds),
        members=optional(section, "members", listed(_account), ()),
        notice_seconds=optional(section, "notice_seconds", whole(20, 3600), usual.notice_seconds),
        longest_wait_seconds=optional(section, "longest_wait_seconds", whole(30, 14400), None),
        wait_without_advisers=optional(section, "wait_without_advisers", yes_no, otherwise=True),
        overflow=optional(section, "overflow", _overflow, None),
        announce_position=optional(section, "announce_position", yes_no, otherwise=False),
        offer=optional(section, "offer", _offer, None),
        survey=optional(section, "survey", name, None),
        extension=optional(section, "extension", dialled, ""),
    )


def _overflow(value: Value) -> ToMailbox | ToQueue:
    to = destination(value)
    if not isinstance(to, ToMailbox | ToQueue):
        raise value.fault("escriba «mailbox: NOMBRE» o «queue: NOMBRE»")
    return to


def _offer(value: Value) -> CallbackOffer:
    section = value.section()
    section.refuse_others(OFFER_KEYS)
    usual = CallbackOffer(mailbox="")
    return CallbackOffer(
        mailbox=required(section, "mailbox", name, ""),
        after_seconds=optional(section, "after_seconds", whole(0, 7200), usual.after_seconds),
        again_seconds=optional(section, "again_seconds", whole(45, 3600), usual.again_seconds),
        key=optional(section, "key", _key, usual.key),
        question=optional(section, "question", prompt, usual.question),
        prompt=optional(section, "prompt", prompt, usual.prompt),
    )


def _key(value: Value) -> str:
    return str(value.whole(0, 9))


def _account(value: Value) -> str:
    return matching(value, ACCOUNT, "la cuenta de un asesor, como «asesor1»")

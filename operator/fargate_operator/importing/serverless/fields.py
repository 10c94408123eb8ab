"""Parts of the input as values of the FargateApp's fields: what cannot be is told, with its place."""

from typing import Any

from fargate_operator.importing.cursor import STAND_IN, Cursor
from fargate_operator.importing.serverless.stack import NoText, Stack
from fargate_operator.importing.source import Unknown

Found = dict[str, Any]


def text(cursor: Cursor | None, stack: Stack) -> str | None:
    """A string, with references where the source has intrinsic functions."""
    if cursor is None:
        return None
    if why := cursor.unknown():
        cursor.lose(why)
        return None
    if (value := cursor.plain()) is None:
        return None
    try:
        return stack.text(value)
    except NoText as error:
        cursor.lose(str(error))
        return None


def texts(cursor: Cursor | None, stack: Stack) -> list[str]:
    """A list of strings; a string alone is a list of one."""
    found = (text(one, stack) for one in cursor.each()) if cursor else ()
    return [one for one in found if one is not None]


def words(cursor: Cursor | None, stack: Stack) -> list[str]:
    """`texts`, where each has its place: what is lost is stood in for."""
    found = (text(one, stack) for one in cursor.each() if one.node.value not in (None, [])) if cursor else ()
    return [STAND_IN if one is None else one for one in found]


def pairs(cursor: Cursor | None, stack: Stack) -> dict[str, str]:
    """A map of strings, such as tags."""
    found = {key: text(one, stack) for key, one in cursor.items()} if cursor else {}
    return {key: one for key, one in found.items() if one is not None}


def environment(cursor: Cursor | None, stack: Stack) -> tuple[dict[str, str], dict[str, str]]:
    """The plain variables, and those that are SSM parameters, by name; a parameter's value is never written down."""
    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, one in cursor.items() if cursor else ():
        if isinstance(one.node.value, Unknown) and one.node.value.parameter:
            one.settle()
            secrets[name] = one.node.value.parameter
        elif (value := text(one, stack)) is not None:
            variables[name] = value
    return variables, secrets


def raw(cursor: Cursor | None, stack: Stack) -> Any:
    """CloudFormation's own objects, with names as they are here; what they refer to in vain is told.

    What is not known is stood in for: a policy without its condition would allow more.
    """
    if cursor is None:
        return None
    value, lost = stack.objects(cursor.plain(STAND_IN))
    for one in lost:
        cursor.lose(f"refers to {one}")
    return value


def choice(cursor: Cursor | None, choices: dict[str, str], stack: Stack) -> str | None:
    """One of a few words, whatever their case."""
    found = text(cursor, stack)
    if cursor is None or found is None:
        return None
    if found.lower() not in choices:
        cursor.lose(f"is {found}; must be one of {', '.join(choices)}")
    return choices.get(found.lower())


def duration(cursor: Cursor | None) -> str | None:
    """Seconds as a duration."""
    found = cursor.integer() if cursor else None
    return None if found is None else f"{found}s"


def integer(cursor: Cursor | None) -> int | None:
    """A whole number, where there is one."""
    return cursor.integer() if cursor else None


def flag(cursor: Cursor | None) -> bool | None:
    """True or false, where there is one."""
    return cursor.flag() if cursor else None


def kept(**fields: Any) -> Found:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ({}, [])}


def lose_all(cursor: Cursor, reasons: dict[str, str]) -> None:
    """Tell the parts of a map that have no counterpart, each with its reason."""
    for key, why in reasons.items():
        if one := cursor.get(key):
            one.lose(why)


def skip_all(cursor: Cursor, reasons: dict[str, str]) -> None:
    """Pass over the parts of a map that mean nothing for the result; the reasons are for whoever reads the code."""
    for key in reasons:
        if one := cursor.get(key):
            one.settle()

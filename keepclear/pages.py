"""The pages on the application: who is signed in, and how the centre is reached."""

from fastapi import FastAPI, Request

from mobile_api.deps import deps_of
from mobile_api.identity import account_of, phone_of
from mobile_api.pages import Centre, Visitors, add_pages
from mobile_api.problems import ProblemError
from records import register
from runtime.settings import Settings


def pages_on(app: FastAPI, settings: Settings) -> None:
    """Serve the pages on `app`."""
    add_pages(
        app,
        visitors=Visitors(is_officer=_is_officer, phone_language=_phone_language),
        centre=Centre(phone=settings.centre_phone or None),
    )


async def _is_officer(request: Request) -> bool:
    try:
        caller = await account_of(request)
    except ProblemError:
        return False
    return caller is not None and caller.session is not None


async def _phone_language(request: Request) -> str | None:
    caller = await phone_of(request)
    if caller is None:
        return None
    person_id = caller.phone.person_id
    person = await deps_of(request).records.read(lambda c: register.person(c, person_id))
    return None if person is None else person.language

"""The README's first five minutes through the client that is generated from openapi.yaml."""

import os
import uuid
from datetime import date, datetime, timedelta, timezone
from http import HTTPStatus
from typing import TypeVar

from generated import models
from generated.api.assessments import record_assessment
from generated.api.clients import change_client, get_client, register_client
from generated.api.lots import add_lot, list_lot_uses
from generated.api.plans import list_plan_sessions, open_plan
from generated.api.practitioners import add_practitioner
from generated.api.products import add_product
from generated.api.reminders import list_reminder_rules, list_reminders
from generated.api.sessions import (
    arrange_session,
    book_session,
    complete_session,
    list_availability,
    reschedule_session,
)
from generated.api.studios import add_room, open_studio
from generated.client import AuthenticatedClient
from generated.types import Response

T = TypeVar("T")
Kind = TypeVar("Kind")


def got(answer: Response[T], status: HTTPStatus, kind: type[Kind]) -> Kind:
    """What was answered, where it was what had to come."""
    assert answer.status_code == status, answer.content
    assert isinstance(answer.parsed, kind), answer.parsed
    return answer.parsed


def tag(answer: Response[T]) -> str:
    return answer.headers["ETag"]


def day(days: int) -> date:
    return (datetime.now(timezone.utc) + timedelta(days=days)).date()


def at(days: int, hour: int) -> str:
    return f"{day(days)}T{hour:02}:00"


def main() -> None:
    api = AuthenticatedClient(base_url=os.environ["STIPPLE_URL"], token=os.environ["STIPPLE_KEY"])
    week = list(models.Weekday)

    # A studio, its room, its practitioner, its client.
    studio = got(
        open_studio.sync_detailed(
            client=api,
            body=models.NewStudio(
                name="Example Studio",
                sender_name="Studio Example",
                time_zone="Atlantic/Reykjavik",
                telephone="+354 555 0100",
                opening_hours=[models.OpenHours(weekday=one, from_="09:00", until="18:00") for one in week],
            ),
        ),
        HTTPStatus.CREATED,
        models.Studio,
    )
    got(
        add_room.sync_detailed(studio.id, client=api, body=models.NewRoom(name="Room 1")),
        HTTPStatus.CREATED,
        models.Room,
    )
    practitioner = got(
        add_practitioner.sync_detailed(
            client=api,
            body=models.NewPractitioner(
                name="Björk Dæmi",
                working_hours=[
                    models.StudioHours(studio_id=studio.id, weekday=one, from_="09:00", until="17:00")
                    for one in week
                ],
            ),
        ),
        HTTPStatus.CREATED,
        models.Practitioner,
    )
    registered = register_client.sync_detailed(
        client=api,
        body=models.NewClient(
            studio_id=studio.id, given_name="Zoë", family_name="Beispiel", email="zoe@client.example"
        ),
    )
    person = got(registered, HTTPStatus.CREATED, models.RegisteredClient)
    assert registered.headers["Location"] == f"/v1/clients/{person.id}"

    # A patch: what is absent stays, null clears, and a stale one changes nothing.
    first_tag = tag(registered)
    named = change_client.sync_detailed(
        person.id,
        client=api,
        if_match=first_tag,
        body=models.ClientPatch(preferred_name="Zo", telephone="+354 555 0101"),
    )
    assert got(named, HTTPStatus.OK, models.ClientRecord).email == "zoe@client.example"
    cleared = got(
        change_client.sync_detailed(
            person.id, client=api, if_match=tag(named), body=models.ClientPatch(preferred_name=None)
        ),
        HTTPStatus.OK,
        models.ClientRecord,
    )
    assert cleared.preferred_name is None
    assert cleared.telephone == "+354 555 0101"
    stale = change_client.sync_detailed(
        person.id, client=api, if_match=first_tag, body=models.ClientPatch(telephone=None)
    )
    assert got(stale, HTTPStatus.PRECONDITION_FAILED, models.Problem).code == "stale_version"
    read = get_client.sync_detailed(person.id, client=api)
    assert got(read, HTTPStatus.OK, models.ClientRecord).telephone == "+354 555 0101"
    unchanged = get_client.sync_detailed(person.id, client=api, if_none_match=tag(read))
    assert unchanged.status_code == HTTPStatus.NOT_MODIFIED

    # The consultation and what was found in it.
    consultation = got(
        arrange_session.sync_detailed(
            client=api,
            body=models.NewSession(
                client_id=person.id,
                kind=models.SessionKind.CONSULTATION,
                practitioner_id=practitioner.id,
                duration_minutes=45,
                booking=models.Booking(local_start=at(1, 10)),
            ),
        ),
        HTTPStatus.CREATED,
        models.Session,
    )
    assert consultation.state == models.SessionState.BOOKED
    got(
        complete_session.sync_detailed(consultation.id, client=api, body=models.Complete()),
        HTTPStatus.OK,
        models.CompletedSession,
    )
    assessment = got(
        record_assessment.sync_detailed(
            client=api,
            body=models.NewAssessment(
                client_id=person.id,
                practitioner_id=practitioner.id,
                session_id=consultation.id,
                indication=models.Indication.RECEDING_HAIRLINE,
                norwood=models.Norwood("3"),
                fitzpatrick=models.Fitzpatrick("2"),
                goals="A soft hairline.",
            ),
        ),
        HTTPStatus.CREATED,
        models.Assessment,
    )

    # A plan; sent again with the same key it's the same plan.
    plan = models.NewPlan(
        client_id=person.id,
        practitioner_id=practitioner.id,
        assessment_id=assessment.id,
        indication=models.Indication.RECEDING_HAIRLINE,
        treatment_sessions=3,
        session_minutes=180,
    )
    once = str(uuid.uuid4())
    opened = open_plan.sync_detailed(client=api, body=plan, idempotency_key=once)
    repeated = open_plan.sync_detailed(client=api, body=plan, idempotency_key=once)
    assert "Idempotency-Replayed" not in opened.headers
    assert repeated.headers["Idempotency-Replayed"] == "true"
    made = got(opened, HTTPStatus.CREATED, models.Plan)
    assert got(repeated, HTTPStatus.CREATED, models.Plan) == made
    plan.session_minutes = 120
    other = open_plan.sync_detailed(client=api, body=plan, idempotency_key=once)
    assert got(other, HTTPStatus.UNPROCESSABLE_ENTITY, models.Problem).code == "idempotency_key_reused"

    sessions = got(
        list_plan_sessions.sync_detailed(made.id, client=api), HTTPStatus.OK, models.PageBodySession
    ).data
    assert [one.state for one in sessions] == [models.SessionState.PLANNED] * 3
    first, second, _third = sessions

    # What is offered can be booked.
    free = got(
        list_availability.sync_detailed(
            client=api, session_id=first.id, from_day=day(10), until_day=day(12)
        ),
        HTTPStatus.OK,
        models.AvailabilityBody,
    )
    booked = got(
        book_session.sync_detailed(
            first.id, client=api, body=models.Booking(starts_at=free.data[0].starts_at)
        ),
        HTTPStatus.OK,
        models.Session,
    )
    assert booked.state == models.SessionState.BOOKED

    def steps(session: uuid.UUID) -> list[str]:
        coming = got(
            list_reminders.sync_detailed(
                client=api,
                session_id=session,
                state=[models.ReminderState.SCHEDULED],
                due_from=datetime.fromisoformat(f"{day(2)}T00:00:00+00:00"),
            ),
            HTTPStatus.OK,
            models.PageBodyReminder,
        )
        return [one.step.value for one in coming.data]

    assert steps(first.id) == ["preparation", "confirm_request", "final_reminder"]

    # What went into the skin, in one transaction with the completion.
    product = got(
        add_product.sync_detailed(
            client=api,
            body=models.NewProduct(
                kind=models.ProductKind.PIGMENT, maker="Example Pigments", brand="Exemplar", shade="Ash 3"
            ),
        ),
        HTTPStatus.CREATED,
        models.Product,
    )
    lot = got(
        add_lot.sync_detailed(
            client=api, body=models.NewLot(product_id=product.id, code="X-1042", expires_on=day(400))
        ),
        HTTPStatus.CREATED,
        models.Lot,
    )
    record = models.NewPigmentRecord(
        session_id=first.id,
        zones=[models.ZoneUse(zone=models.Zone.HAIRLINE, density_percent=25, layer=1)],
        mix=models.Mix(pigments=[models.LotUse(lot_id=lot.id, drops=10)]),
    )
    completed = got(
        complete_session.sync_detailed(
            first.id, client=api, body=models.Complete(pigment_records=[record])
        ),
        HTTPStatus.OK,
        models.CompletedSession,
    )
    assert completed.state == models.SessionState.COMPLETED
    uses = got(
        list_lot_uses.sync_detailed(lot.id, client=api), HTTPStatus.OK, models.PageBodyLotUseTrace
    )
    assert [one.session_id for one in uses.data] == [first.id]

    # The second session: too early, then booked, then moved.
    early = book_session.sync_detailed(
        second.id, client=api, body=models.Booking(local_start=at(3, 10))
    )
    refused = got(early, HTTPStatus.CONFLICT, models.Problem)
    assert [one.code for one in refused.errors] == ["gap_too_short"]
    on_time = book_session.sync_detailed(
        second.id, client=api, body=models.Booking(local_start=at(12, 10))
    )
    before = got(on_time, HTTPStatus.OK, models.Session).schedule_version
    move = models.Booking(local_start=at(14, 13))
    # The types know that a move must say which version it was decided on; without them it's sent and refused.
    blind = api.get_httpx_client().post(f"/v1/sessions/{second.id}/reschedule", json=move.to_dict())
    assert models.Problem.from_dict(blind.json()).code == "if_match_required"
    assert blind.status_code == HTTPStatus.PRECONDITION_REQUIRED
    moved = got(
        reschedule_session.sync_detailed(second.id, client=api, body=move, if_match=tag(on_time)),
        HTTPStatus.OK,
        models.Session,
    )
    assert moved.schedule_version > before
    assert steps(second.id) == ["preparation", "confirm_request", "final_reminder"]

    # A rule's timing is a choice that its tag tells apart.
    rules = got(
        list_reminder_rules.sync_detailed(studio.id, client=api), HTTPStatus.OK, models.PageBodyReminderRule
    ).data
    assert any(isinstance(one.timing, models.TimingStart) for one in rules)

    print("Python: the story holds")


if __name__ == "__main__":
    main()

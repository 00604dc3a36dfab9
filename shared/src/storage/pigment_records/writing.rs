//! What happens when a pigment record is written down: who did it, with which lots, and what doesn't agree with a rule.

use diesel::prelude::*;
use serde_json::{Map, json};

use super::{PigmentRecord, task_key};
use crate::domain::nonconformity::{RecordFacts, nonconformities};
use crate::domain::pigment::lot_uses;
use crate::domain::record::{NewPigmentRecord, occurred_at};
use crate::domain::task::NewTask;
use crate::domain::text::{Name, Reason};
use crate::domain::{LotId, PigmentRecordId, PlanId, PractitionerId, ProductKind, TaskKind};
use crate::error::{Error, Result};
use crate::storage::Tx;
use crate::storage::clients::Client;
use crate::storage::columns::Json;
use crate::storage::lots::Lot;
use crate::storage::paging::refuse_taken_external_id;
use crate::storage::practitioners::Practitioner;
use crate::storage::record_lots::{PlacedLot, RecordLot, place_lots};
use crate::storage::references::named;
use crate::storage::schema::pigment_records;
use crate::storage::sessions::Session;
use crate::storage::studios::Studio;
use crate::storage::tasks::Task;

impl PigmentRecord {
    /// Stores a record with its lots, its nonconformities and their task. `at` is where the record lies in the body.
    pub(super) fn write_down(
        tx: &mut Tx<'_>,
        new: &NewPigmentRecord,
        at: &str,
        session: &Session,
        studio: &Studio,
        amends: Option<(&Self, &Reason)>,
    ) -> Result<Self> {
        new.check().map_err(|error| error.under(at))?;
        let now = tx.now();
        let wrong = amends.map(|(wrong, _reason)| wrong);
        let (practitioner_id, licence_number) =
            practitioner(tx, new, at, session.practitioner_id, wrong)?;
        let occurred_at = occurred_at(
            new.occurred_at.or(wrong.map(|wrong| wrong.occurred_at)),
            now,
            &format!("{at}/occurred_at"),
        )?;
        let uses = lot_uses(&new.mix, new.needle.as_ref(), new.anaesthetic.as_ref());
        let lot_ids: Vec<LotId> = uses.iter().filter_map(|one| one.lot_use.lot_id).collect();
        let lots = Lot::facts(tx.db, &lot_ids)?;
        let mut placed = place_lots(tx.db, &uses, &lots, at)?;
        if new.mix.hides_diluent() {
            placed.push(PlacedLot::unsaid(ProductKind::Diluent));
        }
        let facts = RecordFacts {
            mix: &new.mix,
            needle: new.needle.as_ref(),
            anaesthetic: new.anaesthetic.as_ref(),
            label_information_given_at: new.label_information_given_at,
            occurred_at,
            zone: studio.time_zone.0,
            session_state: session.state,
        };
        let lots = lots
            .into_iter()
            .map(|(id, (_, facts))| (id, facts))
            .collect();
        let record = Self {
            id: PigmentRecordId::new(),
            external_id: new.external_id.clone(),
            session_id: new.session_id,
            client_id: session.client_id,
            studio_id: session.studio_id,
            practitioner_id,
            licence_number,
            zones: Json(new.zones.clone()),
            mix: Json(new.mix.clone()),
            needle: new.needle.clone().map(Json),
            anaesthetic: new.anaesthetic.clone().map(Json),
            machine: new.machine.clone(),
            speed_hertz: new.speed_hertz.map(|speed| i32::from(speed.get())),
            label_information_given_at: new.label_information_given_at,
            reactions: new.reactions.clone(),
            notes: new.notes.clone(),
            nonconformities: Json(nonconformities(&facts, &lots)),
            amends_record_id: wrong.map(|wrong| wrong.id),
            amend_reason: amends.map(|(_wrong, reason)| reason.clone()),
            amended_by_record_id: None,
            voided_at: None,
            void_reason: None,
            healed_as: wrong.and_then(|wrong| wrong.healed_as),
            occurred_at,
            recorded_at: now,
            version: 0,
            change: 0,
            created_at: now,
            updated_at: now,
        };
        Client::refuse_returning(
            tx,
            record.client_id,
            "pigment_records",
            at,
            &[
                ("external_id", record.external_id.is_some()),
                ("reactions", record.reactions.is_some()),
                ("notes", record.notes.is_some()),
            ],
        )?;
        refuse_taken_external_id!(tx.db, pigment_records, record.id, &record.external_id);
        let record = record.create(tx, "pigment_record.made")?;
        RecordLot::insert_all(tx.db, record.id, &placed)?;
        record.open_task(tx, session.plan_id)?;
        Ok(record)
    }

    fn open_task(&self, tx: &mut Tx<'_>, plan_id: Option<PlanId>) -> Result<()> {
        if self.nonconformities.is_empty() {
            return Ok(());
        }
        let codes: Vec<&str> = self
            .nonconformities
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        let detail = Map::from_iter([
            ("pigment_record_id".to_owned(), json!(self.id)),
            ("codes".to_owned(), json!(codes)),
        ]);
        Task::open(
            tx,
            NewTask {
                studio_id: self.studio_id,
                kind: TaskKind::Nonconformity,
                dedupe_key: task_key(self.id),
                client_id: Some(self.client_id),
                plan_id,
                session_id: Some(self.session_id),
                mail_id: None,
                detail,
                due_at: self.recorded_at,
            },
        )
        .map(drop)
    }
}

/// Who did it, and their licence number: as it was when a record that this one amends was made, else as it is now.
fn practitioner(
    tx: &mut Tx<'_>,
    new: &NewPigmentRecord,
    at: &str,
    of_session: Option<PractitionerId>,
    wrong: Option<&PigmentRecord>,
) -> Result<(PractitionerId, Option<Name>)> {
    let pointer = format!("{at}/practitioner_id");
    match wrong {
        Some(wrong)
            if new
                .practitioner_id
                .is_none_or(|id| id == wrong.practitioner_id) =>
        {
            return Ok((wrong.practitioner_id, wrong.licence_number.clone()));
        }
        _ => {}
    }
    let said = tx.who_treats(new.practitioner_id, of_session);
    let practitioner = match (said, of_session) {
        (Some(id), of_session) if of_session != Some(id) => {
            named(Practitioner::find_seen(tx, id), &pointer)?
        }
        (_, Some(id)) => Practitioner::find(tx.db, id)?,
        _ => {
            return Err(Error::invalid(
                pointer.as_str(),
                "required",
                "say who did it: the session has no practitioner",
            ));
        }
    };
    Ok((practitioner.id, practitioner.licence_number))
}

//! What a second telling of the same act says otherwise than the first: it must not be lost unnoticed.

use chrono::TimeDelta;

use super::booking::{Cancel, Complete, Miss};
use super::id::PractitionerId;
use super::instant::Instant;
use super::pigment::{LotUse, Mix, Needle, Zones};
use super::record::NewPigmentRecord;
use super::text::{ExternalId, Name, Note, Reason};
use super::vocabulary::{Completion, EndedBy};
use crate::error::FieldError;

/// Clocks of tablets run a little fast: what happened so little ahead of now happened now.
pub const FAST_CLOCK: TimeDelta = TimeDelta::minutes(5);

/// What is known of a session that was called off.
#[derive(Clone, Copy, Debug)]
pub struct CalledOff<'a> {
    /// Who called it off.
    pub by: Option<EndedBy>,
    /// Why.
    pub reason: Option<&'a Reason>,
    /// When.
    pub at: Option<Instant>,
    /// When that was written down.
    pub recorded_at: Option<Instant>,
}

impl Cancel {
    /// What this tells of a cancellation otherwise than it was told before. What it leaves out it doesn't tell.
    pub fn told_otherwise(&self, before: &CalledOff<'_>) -> Vec<FieldError> {
        let by = self.by.filter(|by| before.by != Some(*by));
        let reason = self.reason.as_ref();
        let reason = reason.filter(|reason| before.reason != Some(*reason));
        let at = other_time(self.occurred_at, before.at, before.recorded_at);
        fields([
            (
                by.is_some(),
                "/by",
                "leave it out, or say who called it off as before",
            ),
            (
                reason.is_some(),
                "/reason",
                "leave it out, or give the reason as before",
            ),
            (at, "/occurred_at", "leave it out, or say when as before"),
        ])
    }
}

/// What is known of a session that its client missed.
#[derive(Clone, Copy, Debug)]
pub struct Missed<'a> {
    /// Why.
    pub reason: Option<&'a Reason>,
    /// When that was plain.
    pub at: Option<Instant>,
    /// When that was written down.
    pub recorded_at: Option<Instant>,
}

impl Miss {
    /// What this tells of a missed session otherwise than it was told before. What it leaves out it doesn't tell.
    pub fn told_otherwise(&self, before: &Missed<'_>) -> Vec<FieldError> {
        let reason = self.reason.as_ref();
        let reason = reason.filter(|reason| before.reason != Some(*reason));
        let at = other_time(self.occurred_at, before.at, before.recorded_at);
        fields([
            (
                reason.is_some(),
                "/reason",
                "leave it out, or give the reason as before",
            ),
            (at, "/occurred_at", "leave it out, or say when as before"),
        ])
    }
}

/// What is known of a session that took place.
#[derive(Clone, Copy, Debug)]
pub struct TookPlace<'a> {
    /// Whether all that was planned was done.
    pub completion: Option<Completion>,
    /// When it ended.
    pub at: Option<Instant>,
    /// When that was written down.
    pub recorded_at: Option<Instant>,
    /// Who treated.
    pub practitioner_id: Option<PractitionerId>,
    /// Notes for those who treat.
    pub clinical_notes: Option<&'a Note>,
}

impl Complete {
    /// What this tells of a session otherwise than it was told before. What it leaves out it doesn't tell.
    pub fn told_otherwise(&self, before: &TookPlace<'_>) -> Vec<FieldError> {
        let completion = self.completion;
        let completion = completion.filter(|completion| before.completion != Some(*completion));
        let by = self.practitioner_id;
        let by = by.filter(|by| before.practitioner_id != Some(*by));
        let notes = self.clinical_notes.as_ref();
        let notes = notes.filter(|notes| before.clinical_notes != Some(*notes));
        let at = other_time(self.occurred_at, before.at, before.recorded_at);
        fields([
            (
                completion.is_some(),
                "/completion",
                "leave it out, or say how much was done as before",
            ),
            (at, "/occurred_at", "leave it out, or say when as before"),
            (
                by.is_some(),
                "/practitioner_id",
                "leave it out, or say who treated as before",
            ),
            (
                notes.is_some(),
                "/clinical_notes",
                "leave it out, and write it with PATCH /v1/sessions/{id}",
            ),
        ])
    }
}

/// What a pigment record says that was made in a session.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// Who did it.
    pub practitioner_id: PractitionerId,
    /// The zones.
    pub zones: &'a Zones,
    /// What was mixed.
    pub mix: &'a Mix,
    /// What carried the pigment in.
    pub needle: Option<&'a Needle>,
    /// What numbed the skin.
    pub anaesthetic: Option<&'a LotUse>,
    /// Which machine.
    pub machine: Option<&'a Name>,
    /// Its strokes in a second.
    pub speed_hertz: Option<i32>,
    /// When the client was given the label's information.
    pub label_information_given_at: Option<Instant>,
    /// How the skin reacted.
    pub reactions: Option<&'a Note>,
    /// Notes.
    pub notes: Option<&'a Note>,
    /// When it was used.
    pub occurred_at: Instant,
    /// Another system's name for it.
    pub external_id: Option<&'a ExternalId>,
}

impl Recorded<'_> {
    /// Whether this record is the one that is told. Who and when count where they are told.
    fn is(&self, told: &NewPigmentRecord) -> bool {
        told.practitioner_id
            .is_none_or(|who| who == self.practitioner_id)
            && told.occurred_at.is_none_or(|when| when == self.occurred_at)
            && told.zones == *self.zones
            && told.mix == *self.mix
            && told.needle.as_ref() == self.needle
            && told.anaesthetic.as_ref() == self.anaesthetic
            && told.machine.as_ref() == self.machine
            && told.speed_hertz.map(|speed| i32::from(speed.get())) == self.speed_hertz
            && told.label_information_given_at == self.label_information_given_at
            && told.reactions.as_ref() == self.reactions
            && told.notes.as_ref() == self.notes
            && told.external_id.as_ref() == self.external_id
    }
}

/// Those of the records told with a completion that were never made. Each that was made answers for one.
pub fn never_recorded(told: &[NewPigmentRecord], mut made: Vec<Recorded<'_>>) -> Vec<FieldError> {
    let mut missing = Vec::new();
    // Who says more first, since whoever says less may be answered by more.
    let mut places: Vec<(usize, &NewPigmentRecord)> = told.iter().enumerate().collect();
    places.sort_by_key(|(_, record)| {
        record.practitioner_id.is_none() as u8 + record.occurred_at.is_none() as u8
    });
    for (place, record) in places {
        match made.iter().position(|one| one.is(record)) {
            Some(found) => drop(made.swap_remove(found)),
            None => missing.push(FieldError::new(
                format!("/pigment_records/{place}"),
                "told_otherwise",
                "add it with POST /v1/pigment-records, or correct the one that it stands for with \
                 POST /v1/pigment-records/{id}/amend",
            )),
        }
    }
    missing
}

/// Whether another time is told. One that ran a little fast was cut to that of the writing then, and is now.
fn other_time(
    told: Option<Instant>,
    before: Option<Instant>,
    recorded_at: Option<Instant>,
) -> bool {
    told.is_some_and(|at| {
        // A time that a fast clock told was kept as the instant at which it was recorded.
        let kept = recorded_at
            .filter(|recorded| at > *recorded && at <= *recorded + FAST_CLOCK)
            .unwrap_or(at);
        before != Some(kept)
    })
}

fn fields<const COUNT: usize>(told: [(bool, &str, &str); COUNT]) -> Vec<FieldError> {
    told.into_iter()
        .filter(|(differs, ..)| *differs)
        .map(|(_, pointer, advice)| FieldError::new(pointer, "told_otherwise", advice))
        .collect()
}

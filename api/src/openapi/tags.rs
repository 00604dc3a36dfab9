//! What the operations are grouped by.

use std::collections::BTreeSet;

use utoipa::openapi::OpenApi;
use utoipa::openapi::tag::{Tag, TagBuilder};

use super::operations;

/// Each with what it's about.
const TAGS: &[(&str, &str)] = &[
    ("API keys", "Who may call, and as what."),
    ("assessments", "What was found in a consultation."),
    ("audit", "Who changed what, and when."),
    ("calendar feeds", "Addresses that calendar programs fetch."),
    (
        "client pages",
        "What a client sees behind the link in a mail.",
    ),
    ("clients", "Who is treated."),
    ("lots", "Batches of a product."),
    (
        "safety notices",
        "Telling clients that something which was used on them may be unsafe.",
    ),
    ("mails", "What is sent, and a studio's own words for it."),
    ("operations", "For those who run the server."),
    ("pigment records", "What went into whom."),
    (
        "plan templates",
        "What plans for an indication usually look like.",
    ),
    ("plans", "A treatment's sessions and the gaps between them."),
    ("practitioners", "Who treats, and when they work."),
    ("products", "Pigments, diluents, needles and anaesthetics."),
    (
        "reminders",
        "What clients are reminded of, and by which rules.",
    ),
    (
        "sessions",
        "What takes a practitioner's, a client's and a room's time.",
    ),
    ("studios", "Places with rooms and opening hours."),
    ("tasks", "The worklist for staff."),
];

/// Those that an operation has.
pub(super) fn of(document: &OpenApi) -> Vec<Tag> {
    let used: BTreeSet<&String> = document
        .paths
        .paths
        .values()
        .flat_map(operations)
        .flat_map(|(_, operation)| operation.tags.iter().flatten())
        .collect();
    used.into_iter()
        .map(|name| {
            let known = TAGS.iter().find(|(known, _)| known == name);
            TagBuilder::new()
                .name(name)
                .description(known.map(|(_, description)| *description))
                .build()
        })
        .collect()
}

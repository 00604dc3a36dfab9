//! One file for each resource. A handler extracts, makes one call, responds.

pub(crate) mod api_keys;
pub(crate) mod assessments;
pub(crate) mod audit;
pub(crate) mod availability;
pub(crate) mod calendar_feeds;
pub(crate) mod client_export;
pub(crate) mod client_removal;
pub(crate) mod clients;
pub(crate) mod documents;
pub(crate) mod lots;
pub(crate) mod mail_templates;
pub(crate) mod operations;
pub(crate) mod pigment_records;
pub(crate) mod plan_templates;
pub(crate) mod plans;
pub(crate) mod practitioners;
pub(crate) mod products;
pub(crate) mod reminders;
pub(crate) mod safety_notices;
pub(crate) mod session_actions;
pub(crate) mod sessions;
pub(crate) mod studios;
pub(crate) mod tasks;
pub(crate) mod timeline;

use actix_web::HttpResponse;

use crate::problem::Problem;

/// What every handler answers.
pub(crate) type Answered = Result<HttpResponse, Problem>;

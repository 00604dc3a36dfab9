//! One file for each resource. A handler extracts, makes one call, responds.

pub(crate) mod clients;
pub(crate) mod documents;
pub(crate) mod operations;
pub(crate) mod practitioners;
pub(crate) mod studios;

use actix_web::HttpResponse;

use crate::problem::Problem;

/// What every handler answers.
pub(crate) type Answered = Result<HttpResponse, Problem>;

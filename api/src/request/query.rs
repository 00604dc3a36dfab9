//! Query strings: a documented allow-list of parameters, and nothing else.

use actix_web::HttpRequest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stipple_shared::error::FieldError;
use stipple_shared::storage::paging::PageRequest;
use utoipa::IntoParams;

use super::cursor;
use super::plain::in_plain_words;
use super::reading::{numbers_at, parameters};
use crate::problem::Problem;

/// Parameters of every list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Where to go on: the `next_cursor` of the page before, with the same filters.
    #[param(max_length = 1000)]
    pub cursor: Option<String>,
    /// So many things at most: 50 unless said otherwise, at most 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Only what changed after this number, in order of change, deleted things included: the `latest_change` of an
    /// earlier answer, or 0 for everything. Filters beside it must be such that nothing ever leaves them, as `client_id`;
    /// others are refused, since what left them would never be told. A number that this database hasn't reached is
    /// `unknown_change`: it was restored, or is another one. Empty the copy and begin again from 0.
    #[param(minimum = 0)]
    pub updated_since: Option<i64>,
}

/// What a list can be filtered by.
pub trait Filter: DeserializeOwned {
    /// The parameters whose answer for a thing never changes. Beside `updated_since` no others are taken: who keeps a copy
    /// would never be told of what has left them.
    const LASTING: &'static [&'static str];
}

/// A list without filters, or a look without parameters.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

impl Filter for NoFilter {
    const LASTING: &'static [&'static str] = &[];
}

/// Reads the query of something that isn't a list.
pub(super) fn plain<F: DeserializeOwned>(request: &HttpRequest) -> Result<F, Problem> {
    parse(request, request.query_string())
}

/// Reads the query of a list: the page that is asked for, and the filters.
pub(super) fn paged<F: DeserializeOwned>(
    request: &HttpRequest,
) -> Result<(F, PageRequest, String), Problem> {
    let (paging, filters): (Vec<&str>, Vec<&str>) = request
        .query_string()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .partition(|pair| {
            matches!(
                pair.split('=').next(),
                Some("cursor" | "limit" | "updated_since")
            )
        });
    let filters = filters.join("&");
    let filter: F = parse(request, &filters)?;
    let paging: Paging = parse(request, &paging.join("&"))?;
    let limit = match paging.limit {
        None => 50,
        Some(limit @ 1..=200) => usize::from(limit),
        Some(_) => {
            return Err(wrong(
                "limit",
                "out_of_range",
                "write a number from 1 to 200",
            ));
        }
    };
    if paging.updated_since.is_some_and(|change| change < 0) {
        return Err(wrong(
            "updated_since",
            "out_of_range",
            "write a change number of 0 or more",
        ));
    }
    let context = cursor::context(request.path(), &filters, paging.updated_since);
    let after = paging
        .cursor
        .as_deref()
        .map(|text| {
            cursor::read(text, &context).ok_or_else(|| {
                wrong("cursor", "invalid_cursor", "send the next_cursor of a page that was asked for with the same path and filters")
            })
        })
        .transpose()?;
    Ok((
        filter,
        PageRequest {
            limit,
            after,
            updated_since: paging.updated_since,
        },
        context,
    ))
}

fn parse<T: DeserializeOwned>(request: &HttpRequest, query: &str) -> Result<T, Problem> {
    let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    let parsed = serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let reason = error.inner().to_string();
        let place = error.path().to_string();
        let (place, code) = match reason.split('`').nth(1) {
            Some(name) if reason.starts_with("unknown field") => {
                return unknown(request, name);
            }
            Some(name) if reason.starts_with("missing field") => (name.to_owned(), "required"),
            _ => (place, "invalid_value"),
        };
        let detail = match numbers_at(request, &place) {
            Some(wanted) if code == "invalid_value" => format!("write {wanted}"),
            _ => in_plain_words(&reason),
        };
        Problem::invalid_query(vec![FieldError::new(place, code, detail)])
    })?;
    // Read as absent it would widen the answer to everything.
    let empty = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(_, value)| value.is_empty());
    match empty {
        Some((name, _)) => Err(wrong(
            name,
            "invalid_value",
            "give it a value or leave it out",
        )),
        None => Ok(parsed),
    }
}

/// Refuses filters that things can leave.
pub(super) fn expect_lasting(request: &HttpRequest, lasting: &[&str]) -> Result<(), Problem> {
    let paging = ["cursor", "limit", "updated_since"];
    let names = request
        .query_string()
        .split('&')
        .filter_map(|pair| pair.split('=').next());
    for name in names {
        if !name.is_empty() && !paging.contains(&name) && !lasting.contains(&name) {
            return Err(wrong(
                name,
                "not_with_updated_since",
                "leave this filter out beside updated_since and apply it to your copy: what no longer matches it \
                 would never be told",
            ));
        }
    }
    Ok(())
}

/// A parameter that isn't one here, with those that are.
pub(super) fn unknown(request: &HttpRequest, place: &str) -> Problem {
    let names: Vec<String> = parameters(request)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    let mut detail = match names.is_empty() {
        true => "leave it out: this takes no parameters".to_owned(),
        false => format!("leave it out: this takes {}", names.join(", ")),
    };
    // A name has no place in an address, where logs and proxies keep it.
    if request.path() == "/v1/clients" {
        detail.push_str(
            "; to find clients by name, e-mail or telephone, send POST /v1/clients/search",
        );
    }
    wrong(place, "unknown_parameter", &detail)
}

fn wrong(place: &str, code: &str, detail: &str) -> Problem {
    Problem::invalid_query(vec![FieldError::new(place, code, detail)])
}

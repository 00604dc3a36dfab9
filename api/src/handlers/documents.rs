//! The contract and the page that shows it. The page is embedded and loads nothing from elsewhere.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::Config;

use super::Answered;
use crate::problem::Problem;
use crate::server::Api;

/// What the page's own file calls it in the browser's tab, and what we call it.
const ITS_TITLE: &str = "<title>Swagger UI</title>";
const OUR_TITLE: &str = "<title>Stipple API</title>";

/// Paths that aren't part of the contract, since they serve it.
pub(crate) const PATHS: &[(&str, &[&str])] = &[
    ("/", &["GET"]),
    ("/openapi.yaml", &["GET"]),
    ("/openapi.json", &["GET"]),
    ("/docs", &["GET"]),
    ("/docs/", &["GET"]),
    ("/docs/{file}", &["GET"]),
];

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(to_docs))
        .route("/openapi.yaml", web::get().to(yaml))
        .route("/openapi.json", web::get().to(json))
        .route("/docs", web::get().to(to_docs))
        .route("/docs/{file:.*}", web::get().to(docs));
}

async fn yaml(api: web::Data<Api>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/yaml")
        .body(api.documents.yaml.clone())
}

async fn json(api: web::Data<Api>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(api.documents.json.clone())
}

async fn to_docs() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

async fn docs(file: web::Path<String>) -> Answered {
    let config = Arc::new(
        Config::from("/openapi.json")
            .validator_url("none")
            .try_it_out_enabled(true),
    );
    match utoipa_swagger_ui::serve(&file, config) {
        Ok(Some(file)) => Ok(HttpResponse::Ok()
            .insert_header((
                header::CONTENT_SECURITY_POLICY,
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
            ))
            .content_type(file.content_type.clone())
            .body(match file.content_type.as_str() {
                "text/html" => titled(&file.bytes),
                _ => file.bytes.into_owned(),
            })),
        Ok(None) => Err(Problem::no_such_path()),
        Err(error) => Err(Problem::fault(Some(error.to_string()))),
    }
}

/// The page under our title: the browser's tab and a bookmark have nothing else to say whose it is.
fn titled(page: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(page)
        .replace(ITS_TITLE, OUR_TITLE)
        .into_bytes()
}

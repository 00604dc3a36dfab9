//! The published contract as a judge: whatever a test is answered must be documented, down to each field.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Headers that stand in the contract and need not come each time.
const OPTIONAL_HEADERS: [&str; 4] = [
    "Link",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
];

/// Served beside the contract and not in it.
const OUTSIDE: [&str; 3] = ["/", "/openapi.yaml", "/openapi.json"];

/// An answer as it came over the wire.
pub(crate) struct Received<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Received<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The contract of the API under test.
pub(crate) struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The one that the handlers say.
    pub(crate) fn published() -> Result<&'static Self, String> {
        static CONTRACT: OnceLock<Result<Contract, String>> = OnceLock::new();
        CONTRACT
            .get_or_init(|| {
                let mut document = serde_json::to_value(stipple_api::openapi::document())
                    .map_err(|error| error.to_string())?;
                let components = document["components"].clone();
                put_back(&mut document["paths"], &components);
                close(&mut document);
                Ok(Self {
                    document,
                    validators: Mutex::default(),
                })
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Says what the contract doesn't say about this answer.
    pub(crate) fn check(&self, received: &Received<'_>) -> Result<(), String> {
        if received.header("X-Request-Id").is_none() {
            return Err("X-Request-Id is missing".into());
        }
        let is_outside = OUTSIDE.contains(&received.path) || received.path.starts_with("/docs");
        if is_outside && received.status < 400 {
            return Ok(());
        }
        let Some((template, item)) = self.path_item(received.path) else {
            return match received.status {
                404 | 405 if !received.body.is_empty() => self.check_problem(received),
                404 | 405 if received.method == "HEAD" => Ok(()),
                204 if received.method == "OPTIONS" && is_outside => Ok(()),
                _ => Err("the path is not documented".into()),
            };
        };
        let method = match received.method {
            "HEAD" => "get".to_owned(),
            method => method.to_lowercase(),
        };
        let Some(operation) = item.get(&method) else {
            if received.header("Allow").is_none() {
                return Err("Allow is missing".into());
            }
            return match (received.method, received.status) {
                ("OPTIONS", 204) => Ok(()),
                (_, 405) if received.method == "HEAD" => Ok(()),
                (_, 405) => self.check_problem(received),
                _ => Err("the method is not documented".into()),
            };
        };
        let status = received.status.to_string();
        let Some(response) = operation.pointer(&format!("/responses/{status}")) else {
            return Err(format!("{status} is not documented for {template}"));
        };
        for (name, _) in response
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if !OPTIONAL_HEADERS.contains(&name.as_str()) && received.header(name).is_none() {
                return Err(format!("the documented header {name} is missing"));
            }
        }
        let place = format!(
            "#/paths/{}/{method}/responses/{status}/content",
            escape(template)
        );
        self.check_content(received, response.get("content"), &place)
    }

    fn check_content(
        &self,
        received: &Received<'_>,
        content: Option<&Value>,
        place: &str,
    ) -> Result<(), String> {
        let Some(content) = content.and_then(Value::as_object) else {
            return if received.body.is_empty() && received.header("Content-Type").is_none() {
                Ok(())
            } else {
                Err("a body is not documented".into())
            };
        };
        let kind = received
            .header("Content-Type")
            .and_then(|kind| kind.split(';').next())
            .unwrap_or_default();
        if !content.contains_key(kind) {
            return Err(format!("the content type {kind:?} is not documented"));
        }
        if received.method == "HEAD" {
            return if received.body.is_empty() {
                Ok(())
            } else {
                Err("HEAD was answered with a body".into())
            };
        }
        if kind == "application/x-ndjson" {
            let is_json = |line: &&[u8]| serde_json::from_slice::<Value>(line).is_ok();
            let mut lines = received.body.split(|byte| *byte == b'\n');
            return match lines.rfind(|line| !line.is_empty() && !is_json(line)) {
                Some(_) => Err("a line is not JSON".into()),
                None => Ok(()),
            };
        }
        if kind.ends_with("json") {
            self.check_body(received, &format!("{place}/{}/schema", escape(kind)))
        } else {
            Ok(())
        }
    }

    fn check_problem(&self, received: &Received<'_>) -> Result<(), String> {
        // There even an error is a page.
        if received.path.starts_with("/my/") {
            let is_page = received.header("Content-Type") == Some("text/html; charset=utf-8");
            return if is_page {
                Ok(())
            } else {
                Err("this is not a page".into())
            };
        }
        if received.header("Content-Type") != Some("application/problem+json") {
            return Err("this is not application/problem+json".into());
        }
        self.check_body(received, "#/components/schemas/Problem")
    }

    fn check_body(&self, received: &Received<'_>, place: &str) -> Result<(), String> {
        let body: Value = serde_json::from_slice(received.body)
            .map_err(|error| format!("the body is not JSON: {error}"))?;
        if let Some(status) = body.get("status").filter(|_| received.status >= 400)
            && *status != json!(received.status)
        {
            return Err(format!("the problem says that its status is {status}"));
        }
        let validator = self.validator(place)?;
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors.join("\n"))
        }
    }

    fn validator(&self, place: &str) -> Result<Arc<Validator>, String> {
        let mut validators = self
            .validators
            .lock()
            .map_err(|_poisoned| "another test failed in here".to_owned())?;
        if let Some(validator) = validators.get(place) {
            return Ok(Arc::clone(validator));
        }
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": place,
            "paths": self.document["paths"],
            "components": self.document["components"],
        });
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| format!("the schema at {place} can't be used: {error}"))?;
        let validator = Arc::new(validator);
        validators.insert(place.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }

    /// The documented path that this is one of: of several, the one with the fewest variables.
    fn path_item(&self, path: &str) -> Option<(&str, &Value)> {
        self.document["paths"]
            .as_object()?
            .iter()
            .filter(|(template, _)| is_instance(template, path))
            .min_by_key(|(template, _)| template.matches('{').count())
            .map(|(template, item)| (template.as_str(), item))
    }
}

fn is_instance(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(expected, given)| {
            let ending = expected
                .strip_prefix('{')
                .and_then(|name| name.split_once('}'));
            let text = ending.and_then(|(_, ending)| given.strip_suffix(ending));
            *expected == given || text.is_some_and(|text| !text.is_empty())
        })
}

/// A part of a JSON pointer in a URI's fragment, where a brace isn't allowed.
fn escape(text: &str) -> String {
    text.replace('~', "~0")
        .replace('/', "~1")
        .replace('{', "%7B")
        .replace('}', "%7D")
}

/// Puts shared answers, headers and parameters back in their places; schemas stay references.
fn put_back(value: &mut Value, components: &Value) {
    let shared = value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|place| place.strip_prefix("#/components/"))
        .filter(|place| !place.starts_with("schemas/"))
        .and_then(|place| components.pointer(&format!("/{place}")))
        .cloned();
    if let Some(shared) = shared {
        *value = shared;
    }
    match value {
        Value::Object(object) => object
            .values_mut()
            .for_each(|inner| put_back(inner, components)),
        Value::Array(array) => array
            .iter_mut()
            .for_each(|inner| put_back(inner, components)),
        _ => {}
    }
}

/// Makes the judge stricter than the contract: a client must pass over fields that it doesn't know, a test must not.
fn close(document: &mut Value) {
    let mut parts = BTreeSet::new();
    find_parts(document, &mut parts);
    for name in parts {
        if let Some(schema) = document.pointer_mut(name.trim_start_matches('#')) {
            schema["additionalProperties"] = Value::Bool(true);
        }
    }
    close_objects(document);
}

/// The schemas that others are put together from, and which therefore can't know all fields.
fn find_parts(value: &Value, parts: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(all)) = object.get("allOf")
                && all.len() > 1
            {
                parts.extend(
                    all.iter()
                        .filter_map(|part| part.get("$ref").and_then(Value::as_str))
                        .map(str::to_owned),
                );
            }
            object.values().for_each(|inner| find_parts(inner, parts));
        }
        Value::Array(array) => array.iter().for_each(|inner| find_parts(inner, parts)),
        _ => {}
    }
}

fn close_objects(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_sum = matches!(object.get("allOf"), Some(Value::Array(all)) if all.len() > 1);
            if is_sum {
                object.insert("unevaluatedProperties".into(), Value::Bool(false));
            } else if object.get("type") == Some(&json!("object"))
                && object.contains_key("properties")
            {
                object
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
            for (key, inner) in object.iter_mut() {
                match inner {
                    Value::Array(all) if is_sum && key == "allOf" => {
                        all.iter_mut()
                            .filter_map(|part| part.get_mut("properties"))
                            .for_each(close_objects);
                    }
                    inner => close_objects(inner),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(close_objects),
        _ => {}
    }
}

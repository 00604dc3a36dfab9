//! The walk: every operation in the contract, with every role and every kind of credential.

use std::collections::BTreeSet;
use std::io::Write as _;

use chrono::TimeDelta;
use serde_json::Value;
use stipple_shared::domain::Role;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_test_support::{Answer, Caller, engines};

use crate::house::House;
use crate::table::{Elsewhere, Row, TABLE};

/// An operation as the contract has it.
struct Operation {
    id: String,
    method: String,
    template: String,
    syncs: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(stipple_api::openapi::document()).unwrap();
    let mut found = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let parameters = operation["parameters"].as_array();
            let syncs = parameters
                .into_iter()
                .flatten()
                .any(|parameter| parameter["name"] == "updated_since");
            found.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                template: template.clone(),
                syncs,
            });
        }
    }
    found
}

/// An operation as it's asked for in a house.
struct Request<'a> {
    method: &'a str,
    path: String,
    body: Option<String>,
}

impl<'a> Request<'a> {
    fn new(house: &House, operation: &'a Operation, (_, _, _, text): &Row) -> Self {
        let (mut path, text) = (house.path(&operation.template), house.text(text));
        let is_read = operation.method == "GET";
        if is_read && !text.is_empty() {
            path = format!("{path}?{text}");
        }
        Self {
            method: &operation.method,
            path,
            body: (!is_read && !text.is_empty()).then_some(text),
        }
    }

    fn send(&self, caller: &Caller) -> Answer {
        self.send_to(caller, &self.path)
    }

    /// It's done, or a rule says no: whoever asks may ask, and a list has something in it.
    #[track_caller]
    fn works(&self, caller: &Caller) {
        let answer = self.send(caller);
        assert!(matches!(answer.status, 200 | 201 | 204 | 409), "{answer}");
        let is_empty = matches!(&answer.json["data"], Value::Array(data) if data.is_empty());
        assert!(
            !(self.method == "GET" || self.path.ends_with("/search")) || !is_empty,
            "nothing to see in {answer}"
        );
    }

    fn send_to(&self, caller: &Caller, path: &str) -> Answer {
        let kind = match self.method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let caller = match self.method {
            "GET" => caller.clone(),
            _ => caller.header("If-Match", "*"),
        };
        let body = self.body.as_ref().map(|body| (kind, body.as_bytes()));
        match (self.method, body) {
            ("GET", _) | (_, Some(_)) => caller.send(self.method, path, body),
            (_, None) => caller
                .header("Content-Length", "0")
                .send(self.method, path, None),
        }
    }
}

/// A key of each role.
struct Keys {
    good: Vec<(Role, Caller)>,
    here: Vec<(Role, Caller)>,
    elsewhere: Vec<(Role, Caller)>,
    ended: Vec<Caller>,
    malformed: Vec<Caller>,
}

impl Keys {
    fn of(house: &House) -> Self {
        let server = &house.server;
        let each = |make: &dyn Fn(Role) -> String| -> Vec<(Role, Caller)> {
            Role::ALL
                .iter()
                .map(|role| (*role, server.with_secret(&make(*role))))
                .collect()
        };
        let limited = |role, studio| house.key(role, Some(vec![studio]), None).1;
        let mut ended = each(&|role| house.key(role, None, Some(TimeDelta::minutes(5))).1);
        ended.extend(each(&|role| {
            let (key, secret) = house.key(role, None, None);
            server
                .store
                .write_blocking(WriteContext::command_line(), move |tx| {
                    ApiKey::revoke(tx, key.id, None)
                })
                .unwrap();
            secret
        }));
        server.clock.advance(TimeDelta::minutes(5));
        let good = each(&|role| house.key(role, None, None).1);
        let (_, secret) = house.key(Role::Owner, None, None);
        let malformed = [
            "Bearer".to_owned(),
            "Bearer stipple_nobody".to_owned(),
            format!("Basic {secret}"),
            format!("Bearer {secret}x"),
        ];
        Self {
            good,
            here: each(&|role| limited(role, house.studio)),
            elsewhere: each(&|role| limited(role, house.other_studio)),
            ended: ended.into_iter().map(|(_, caller)| caller).collect(),
            malformed: malformed
                .iter()
                .map(|value| server.stranger().header("Authorization", value))
                .collect(),
        }
    }
}

#[test]
fn every_operation_answers_each_role_and_credential_as_the_table_says() {
    let operations = operations();
    let known: BTreeSet<&str> = operations.iter().map(|one| one.id.as_str()).collect();
    let listed: BTreeSet<&str> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation has two rows");
    assert_eq!(
        known, listed,
        "tests/access/table.rs needs a row for each operation of the contract, and no other"
    );
    for engine in engines() {
        let house = House::on(engine);
        let keys = Keys::of(&house);
        let mut asked = 0;
        // In the table's order: what comes first mustn't end what is asked for later.
        let rows = || {
            TABLE.iter().map(|row| {
                let operation = operations.iter().find(|one| one.id == row.0).unwrap();
                (row, operation, Request::new(&house, operation, row))
            })
        };
        for (row, operation, request) in rows() {
            asked += turned_away(&house, &keys, row, &request);
            asked += from_elsewhere(&house, &keys, row, operation, &request);
        }
        for (row, _, request) in rows() {
            asked += let_in(&keys, row, &request);
        }
        // Not println!: the harness would swallow that where the test passes.
        let _closed = writeln!(
            std::io::stderr(),
            "{engine:?}: {} operations, {} roles, {asked} requests as the table says",
            operations.len(),
            Role::ALL.len(),
        );
        assert!(asked > TABLE.len() * 12, "{asked}");
    }
}

/// Without a credential, with a wrong or an ended one, or with a role that may not.
fn turned_away(
    house: &House,
    keys: &Keys,
    (_, roles, elsewhere, _): &Row,
    request: &Request<'_>,
) -> usize {
    let stranger = house.server.stranger();
    if *elsewhere == Elsewhere::Open {
        assert_ne!(request.send(&stranger).status, 401);
        return 1;
    }
    if *elsewhere == Elsewhere::Link {
        return without_its_secret(keys, &stranger, request);
    }
    let nobody = keys.ended.iter().chain(&keys.malformed).chain([&stranger]);
    let mut asked = 0;
    for caller in nobody {
        request.send(caller).expect_problem(401, "unauthorised");
        asked += 1;
    }
    let callers = keys.good.iter().chain(&keys.here).chain(&keys.elsewhere);
    for (_, caller) in callers.filter(|(role, _)| !roles.contains(role)) {
        request.send(caller).expect_problem(403, "forbidden");
        asked += 1;
    }
    asked
}

/// A page or a calendar asked for with a secret that nobody was given: no key helps, and none harms.
fn without_its_secret(keys: &Keys, stranger: &Caller, request: &Request<'_>) -> usize {
    let status = request.send(stranger).status;
    assert!(matches!(status, 400 | 404), "{status}: {}", request.path);
    let callers = keys.good.iter().map(|(_, caller)| caller);
    let mut asked = 1;
    for caller in callers.chain(&keys.ended).chain(&keys.malformed) {
        assert_eq!(request.send(caller).status, status, "{}", request.path);
        asked += 1;
    }
    asked
}

/// With a role that may, and a key that is limited to another studio.
fn from_elsewhere(
    house: &House,
    keys: &Keys,
    (_, roles, elsewhere, _): &Row,
    operation: &Operation,
    request: &Request<'_>,
) -> usize {
    let mut asked = 0;
    for (_, caller) in keys
        .elsewhere
        .iter()
        .filter(|(role, _)| roles.contains(role))
    {
        asked += 1;
        match elsewhere {
            Elsewhere::Hidden => drop(request.send(caller).expect_problem(404, "not_found")),
            Elsewhere::Unknown => drop(request.send(caller).expect_problem(422, "invalid")),
            Elsewhere::Refused => drop(request.send(caller).expect_problem(403, "forbidden")),
            Elsewhere::Absent => {
                let mut paths = vec![request.path.clone()];
                if operation.syncs {
                    paths.push(format!("{}?updated_since=0", request.path));
                }
                for path in paths {
                    let answer = request.send_to(caller, &path).expect(200);
                    assert!(answer.json["data"].is_array());
                    for id in house.secret_ids() {
                        assert!(
                            !answer.text.contains(id.as_str()),
                            "{id} stands in {answer}"
                        );
                    }
                }
            }
            Elsewhere::Shared => request.works(caller),
            Elsewhere::Open | Elsewhere::Link => {}
        }
    }
    asked
}

/// With a role that may, limited to this studio or not at all.
fn let_in(keys: &Keys, (_, roles, elsewhere, _): &Row, request: &Request<'_>) -> usize {
    if *elsewhere == Elsewhere::Link {
        return 0;
    }
    let limited = keys
        .here
        .iter()
        .filter(|_| *elsewhere != Elsewhere::Refused);
    let mut asked = 0;
    for (_, caller) in limited
        .chain(&keys.good)
        .filter(|(role, _)| roles.contains(role))
    {
        request.works(caller);
        asked += 1;
    }
    asked
}

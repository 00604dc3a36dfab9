//! Things that most tests need, made over HTTP with fictional data.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::http::{Answer, TestServer};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// People who don't exist, and whose names no table of ASCII holds.
const NAMES: [(&str, &str); 8] = [
    ("Zoë", "Ångström-Beispiel"),
    ("Nguyễn", "Thị Mẫu"),
    ("Seán", "Ó Sampla"),
    ("美玲", "例"),
    ("Вымышлена", "Примерова"),
    ("مثال", "نموذج"),
    ("Søren", "Eksempel"),
    ("D'Arcy", "Fictional"),
];

/// A studio's body: open from 08:00 to 20:00 on every day of the week, in London.
pub fn new_studio() -> Value {
    json!({
        "name": "Beispiel Studio Nº 1",
        "sender_name": "Studio Beispiel",
        "time_zone": "Europe/London",
        "address": "1 Example Street\nExampletown",
        "telephone": "+44 20 7946 0018",
        "email": "desk@studio.example",
        "opening_hours": DAYS.map(|day| json!({"weekday": day, "from": "08:00", "until": "20:00"})),
    })
}

/// A room's body.
pub fn new_room() -> Value {
    json!({"name": format!("Room {}", next())})
}

/// A practitioner's body: at work from 08:00 to 20:00 on every day of the week.
pub fn new_practitioner(studio_id: &str) -> Value {
    json!({
        "name": "Björk Dæmi",
        "licence_number": "EX-1042",
        "working_hours": DAYS.map(|day| {
            json!({"studio_id": studio_id, "weekday": day, "from": "08:00", "until": "20:00"})
        }),
    })
}

/// A client's body: another name and address each time.
pub fn new_client(studio_id: &str) -> Value {
    let number = next();
    let (given_name, family_name) = NAMES[number % NAMES.len()];
    json!({
        "studio_id": studio_id,
        "given_name": given_name,
        "family_name": family_name,
        "email": format!("client-{number}@example.com"),
        "telephone": "+44 20 7946 0107",
        "date_of_birth": "1985-02-28",
    })
}

fn next() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl TestServer {
    /// Opens a studio.
    #[track_caller]
    pub fn studio(&self) -> Answer {
        self.post("/v1/studios", &new_studio()).expect(201)
    }

    /// Adds a room to a studio.
    #[track_caller]
    pub fn room(&self, studio_id: &str) -> Answer {
        self.post(&format!("/v1/studios/{studio_id}/rooms"), &new_room())
            .expect(201)
    }

    /// Adds a practitioner who works at a studio all week.
    #[track_caller]
    pub fn practitioner(&self, studio_id: &str) -> Answer {
        self.post("/v1/practitioners", &new_practitioner(studio_id))
            .expect(201)
    }

    /// Registers a client at a studio.
    #[track_caller]
    pub fn client(&self, studio_id: &str) -> Answer {
        self.post("/v1/clients", &new_client(studio_id)).expect(201)
    }
}

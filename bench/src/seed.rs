//! A made-up chain of studios, made over HTTP: what the cases read and write.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use chrono::{Days, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::Outcome;
use crate::client::{Connection, get, post};
use crate::load::{self, Amount, Script, once_each};

const STUDIOS: usize = 20;
const PRACTITIONERS_EACH: usize = 4;
const CLIENTS: usize = 2_000;
/// An hour's session and a quarter's buffer, so that eight of them fit into a day of twelve hours.
const DAILY_STARTS: [&str; 8] = [
    "08:00", "09:30", "11:00", "12:30", "14:00", "15:30", "17:00", "18:30",
];
/// The days of the first studio's diary that are three fifths full before anything is measured.
const DIARY_DAYS: u64 = 35;
pub(crate) const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// What was made, by id.
pub(crate) struct World {
    pub(crate) key: String,
    first_day: NaiveDate,
    studios: Vec<String>,
    practitioners: Vec<String>,
    clients: Vec<String>,
    pigment_lot: String,
    needle_lot: String,
}

/// Makes it all.
pub(crate) fn make(address: SocketAddr, key: String) -> Outcome<World> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut world = World {
        key,
        first_day: Utc::now()
            .date_naive()
            .checked_add_days(Days::new(7))
            .ok_or("the calendar ends")?,
        studios: Vec::new(),
        practitioners: Vec::new(),
        clients: Vec::new(),
        pigment_lot: String::new(),
        needle_lot: String::new(),
    };
    for number in 0..STUDIOS {
        let studio = create(
            &runtime,
            address,
            &world.key,
            "/v1/studios",
            &studio(number),
        )?;
        for room in 0..PRACTITIONERS_EACH {
            let path = format!("/v1/studios/{studio}/rooms");
            let body = json!({"name": format!("Room {room}")});
            create(&runtime, address, &world.key, &path, &body)?;
        }
        for place in 0..PRACTITIONERS_EACH {
            let body = practitioner(&studio, number * PRACTITIONERS_EACH + place);
            let id = create(&runtime, address, &world.key, "/v1/practitioners", &body)?;
            world.practitioners.push(id);
        }
        world.studios.push(studio);
    }
    world.pigment_lot = world.stock(&runtime, address, "pigment")?;
    world.needle_lot = world.stock(&runtime, address, "needle")?;
    let registrations = (0..CLIENTS)
        .map(|number| {
            post(
                "/v1/clients",
                &world.key,
                &client(world.studio(number), number),
            )
        })
        .collect();
    let made = load::run(address, Amount::everything(16), once_each(registrations))?;
    world.clients = made.locations.iter().map(|path| last(path)).collect();
    load::run(address, Amount::everything(16), once_each(world.diary()))?;
    Ok(world)
}

impl World {
    fn studio(&self, number: usize) -> &str {
        at(&self.studios, number)
    }

    fn stock(&self, runtime: &Runtime, address: SocketAddr, kind: &str) -> Outcome<String> {
        let product =
            json!({"kind": kind, "maker": "Beispiel Inks", "brand": format!("Sample {kind}")});
        let product_id = create(runtime, address, &self.key, "/v1/products", &product)?;
        let lot = json!({"product_id": product_id, "code": format!("EX-{kind}-07")});
        create(runtime, address, &self.key, "/v1/lots", &lot)
    }

    /// GETs of many clients, so that not one row alone is read.
    pub(crate) fn client_reads(&self) -> Vec<Vec<u8>> {
        self.clients
            .iter()
            .map(|id| get(&format!("/v1/clients/{id}"), &self.key))
            .collect()
    }

    /// The GET of a list's first page.
    pub(crate) fn client_list(&self) -> Vec<Vec<u8>> {
        vec![get("/v1/clients?limit=50", &self.key)]
    }

    /// The GET of where the first studio has an hour free in the month of its diary.
    pub(crate) fn month_of_availability(&self) -> Vec<Vec<u8>> {
        let first = self.first_day;
        let last = first.checked_add_days(Days::new(30)).unwrap_or(first);
        let studio = self.studio(0);
        let path = format!(
            "/v1/availability?studio_id={studio}&duration_minutes=60&from_day={first}&until_day={last}&limit=200"
        );
        vec![get(&path, &self.key)]
    }

    /// The bookings that are there before anything is measured.
    fn diary(&self) -> Vec<Vec<u8>> {
        let mut requests = Vec::new();
        for day in 0..DIARY_DAYS {
            for (place, start) in DAILY_STARTS.iter().enumerate() {
                for who in 0..PRACTITIONERS_EACH {
                    let number = requests.len();
                    if (place + who) % 5 < 3 {
                        requests.push(self.booking(number, 0, who, day, start));
                    }
                }
            }
        }
        requests
    }

    /// Bookings without end, each of a time that nobody has yet.
    pub(crate) fn bookings(self: &Rc<Self>) -> Rc<Script> {
        let world = Rc::clone(self);
        let next = Cell::new(0);
        Rc::new(move |_| {
            let number = next.replace(next.get() + 1);
            let who = number % world.practitioners.len();
            let slot = number / world.practitioners.len();
            let day = DIARY_DAYS + u64::try_from(slot / DAILY_STARTS.len()).ok()?;
            let start = DAILY_STARTS.get(slot % DAILY_STARTS.len())?;
            let studio = who / PRACTITIONERS_EACH;
            Some(Rc::from(world.booking(number, studio, who, day, start)))
        })
    }

    fn booking(&self, number: usize, studio: usize, who: usize, day: u64, start: &str) -> Vec<u8> {
        let day = self
            .first_day
            .checked_add_days(Days::new(day))
            .unwrap_or(self.first_day);
        let body = json!({
            "client_id": at(&self.clients, number),
            "studio_id": self.studio(studio),
            "kind": "touch_up",
            "duration_minutes": 60,
            "booking": {
                "local_start": format!("{day}T{start}"),
                "practitioner_id": at(&self.practitioners, who),
            },
        });
        post("/v1/sessions", &self.key, &body)
    }

    /// The completion of each of these sessions, with what went in.
    pub(crate) fn completions(&self, sessions: &[String]) -> Vec<Vec<u8>> {
        let told_at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        sessions
            .iter()
            .map(|path| {
                let body = json!({
                    "pigment_records": [{
                        "session_id": last(path),
                        "zones": [{"zone": "hairline", "density_percent": 30, "layer": 1}],
                        "mix": {
                            "pigments": [{"lot_id": self.pigment_lot, "volume_microlitres": 500}],
                            "shade_label": "Shade 3",
                        },
                        "needle": {"lot": {"lot_id": self.needle_lot}, "configuration": "3RL"},
                        "label_information_given_at": told_at,
                    }],
                });
                post(&format!("{path}/complete"), &self.key, &body)
            })
            .collect()
    }
}

fn studio(number: usize) -> Value {
    json!({
        "name": format!("Beispiel Studio {number}"),
        "sender_name": "Studio Beispiel",
        "time_zone": "Europe/London",
        "address": "1 Example Street\nExampletown",
        "email": "desk@studio.example",
        "opening_hours": DAYS.map(|day| json!({"weekday": day, "from": "08:00", "until": "20:00"})),
    })
}

fn practitioner(studio_id: &str, number: usize) -> Value {
    json!({
        "name": format!("Practitioner {number}"),
        "licence_number": format!("EX-{number}"),
        "buffer_minutes": 15,
        "working_hours": DAYS.map(|day| {
            json!({"studio_id": studio_id, "weekday": day, "from": "08:00", "until": "20:00"})
        }),
    })
}

fn client(studio_id: &str, number: usize) -> Value {
    json!({
        "studio_id": studio_id,
        "given_name": "Zoë",
        "family_name": format!("Ångström-Beispiel {number}"),
        "email": format!("client-{number}@example.com"),
        "telephone": "+44 20 7946 0107",
        "date_of_birth": "1985-02-28",
    })
}

fn create(
    runtime: &Runtime,
    address: SocketAddr,
    key: &str,
    path: &str,
    body: &Value,
) -> Outcome<String> {
    runtime.block_on(async {
        let mut connection = Connection::open(address).await?;
        let answer = connection.ask(&post(path, key, body)).await?;
        match answer.header("location") {
            Some(location) if answer.status == 201 => Ok(last(location)),
            _ => Err(format!(
                "{path} answered {}: {}",
                answer.status,
                String::from_utf8_lossy(answer.body)
            )
            .into()),
        }
    })
}

/// The one at this place, from the start again after the last.
fn at(ids: &[String], place: usize) -> &str {
    ids.get(place % ids.len().max(1)).map_or("", String::as_str)
}

/// The id at the end of a path.
fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

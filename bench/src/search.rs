//! How long a page of a search takes among many clients: over HTTP, one after the other, on SQLite.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use stipple_shared::Clock;
use stipple_shared::domain::StudioId;
use stipple_shared::domain::client::NewClient;
use stipple_shared::storage::audit::AuditKey;
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::{DatabaseUrl, Store, StoreOptions, WriteContext};

use crate::client::{Connection, post};
use crate::{Outcome, print, startup};

const STUDIOS: usize = 20;
const GIVEN_NAMES: usize = 3_000;
const FAMILY_NAMES: usize = 60_000;
const MAIL_DOMAINS: usize = 12;
/// So many clients share a commit while they are made.
const BATCH: usize = 2_000;

/// Measure searches among many clients
#[derive(Args)]
pub(crate) struct Search {
    /// How many clients are made
    #[arg(long, default_value_t = 1_000_000)]
    clients: usize,
    /// How often each case is asked, with other words each time
    #[arg(long, default_value_t = 400)]
    questions: usize,
    /// Ask the clients that an earlier run left in the directory
    #[arg(long)]
    keep: bool,
}

impl Search {
    pub(crate) fn run(self, binary: &Path, directory: &Path) -> Outcome<()> {
        let data = directory.join("search-data");
        let log = directory.join("search.log");
        fs::create_dir_all(directory)?;
        if !self.keep && data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let server = startup::up(binary, &data, &log)?;
        startup::wait_until_ready(server.address)?;
        server.stop()?;
        if !self.keep {
            let began = Instant::now();
            make(&data, self.clients)?;
            print(&format!(
                "{} clients made in {:.0} s",
                self.clients,
                began.elapsed().as_secs_f64()
            ))?;
        }
        let server = startup::up(binary, &data, &log)?;
        startup::wait_until_ready(server.address)?;
        let owner = fs::read_to_string(data.join("owner.key"))?
            .trim()
            .to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut connection = Connection::open(server.address).await?;
            let desk = make_desk_key(&mut connection, &owner).await?;
            print("| search | key | p50 ms | p99 ms | longest ms | found on a page |")?;
            print("|---|---|---|---|---|---|")?;
            for (key, whose) in [(&owner, "owner"), (&desk, "front desk of 1 in 20")] {
                for case in CASES {
                    let line = self.measure(&mut connection, key, case).await?;
                    print(&format!("| {} | {whose} | {line} |", case.0))?;
                }
            }
            Ok::<(), Box<dyn std::error::Error>>(())
        })?;
        server.stop()
    }

    async fn measure(
        &self,
        connection: &mut Connection,
        key: &str,
        case: &Case,
    ) -> Outcome<String> {
        let mut times = Vec::with_capacity(self.questions);
        let mut found = 0;
        for question in 0..self.questions {
            let person = Person::number(question * 2_477 % self.clients);
            let mut body = json!({"text": case.1(&person)});
            for page in 0..=case.2 {
                let request = post("/v1/clients/search", key, &body);
                let began = Instant::now();
                let answer = connection.ask(&request).await?;
                let took = began.elapsed();
                if answer.status != 200 {
                    return Err(format!("a search was answered {}", answer.status).into());
                }
                let answer: Value = serde_json::from_slice(answer.body)?;
                if page == case.2 {
                    times.push(took);
                    found += answer
                        .get("data")
                        .and_then(Value::as_array)
                        .map_or(0, Vec::len);
                }
                let next = answer.get("next_cursor").cloned().unwrap_or_default();
                if next.is_null() {
                    break;
                }
                body = json!({"text": case.1(&person), "cursor": next});
            }
        }
        times.sort_unstable();
        let at = |share: usize| {
            let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
            millis(times.get(place).copied().unwrap_or_default())
        };
        Ok(format!(
            "{:.2} | {:.2} | {:.2} | {}",
            at(50),
            at(99),
            at(100),
            found / self.questions.max(1)
        ))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// What it's called, what is typed, and after how many pages the measured one comes.
type Case = (&'static str, fn(&Person) -> String, usize);

const CASES: &[Case] = &[
    ("one letter", |person| first(&person.given, 1), 0),
    (
        "three letters of a name",
        |person| first(&person.family, 3),
        0,
    ),
    ("the commonest given name", |_| given_name(0), 0),
    ("the same, page 20", |_| given_name(0), 19),
    ("a family name", |person| person.family.clone(), 0),
    (
        "given and family name",
        |person| format!("{} {}", person.given, person.family),
        0,
    ),
    (
        "two common names",
        |person| format!("{} {}", given_name(0), first(&person.family, 2)),
        0,
    ),
    (
        "two names that nobody has together",
        |person| {
            format!("{} {}", given_name(1), given_name(0))
                .replace(' ', &format!(" {} ", first(&person.family, 1)))
        },
        0,
    ),
    (
        "three beginnings",
        |person| {
            format!(
                "{} {} {}",
                first(&person.given, 2),
                first(&person.family, 2),
                first(&person.telephone, 5)
            )
        },
        0,
    ),
    ("a telephone number", |person| person.telephone.clone(), 0),
    (
        "its last four digits",
        |person| {
            person
                .telephone
                .chars()
                .skip(person.telephone.len() - 4)
                .collect()
        },
        0,
    ),
    ("an e-mail address", |person| person.email.clone(), 0),
    (
        "everybody's mail provider",
        |_| "mail0.example".to_owned(),
        0,
    ),
    ("nobody", |person| format!("{}qx", person.family), 0),
];

fn first(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

/// Somebody who doesn't exist, always the same for a number.
struct Person {
    given: String,
    family: String,
    email: String,
    telephone: String,
}

impl Person {
    fn number(number: usize) -> Self {
        let mut dice = Dice(number as u64 + 1);
        let given = given_name(dice.often_small(GIVEN_NAMES));
        let family = family_name(dice.often_small(FAMILY_NAMES));
        let domain = dice.often_small(MAIL_DOMAINS);
        Self {
            email: format!("{given}.{family}{}@mail{domain}.example", number % 997).to_lowercase(),
            telephone: format!("+447{:09}", dice.throw() % 1_000_000_000),
            given,
            family,
        }
    }

    fn registration(&self, studio_id: StudioId) -> Outcome<NewClient> {
        let body = json!({
            "studio_id": studio_id,
            "given_name": self.given,
            "family_name": self.family,
            "email": self.email,
            "telephone": self.telephone,
        });
        Ok(serde_json::from_value(body)?)
    }
}

fn given_name(number: usize) -> String {
    syllables(number * 7 + 3, 2)
}

fn family_name(number: usize) -> String {
    syllables(number * 11 + 5, 3)
}

/// A name that can be spoken, another one for each number.
fn syllables(number: usize, least: usize) -> String {
    const BEGIN: [&str; 20] = [
        "B", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "T", "V", "W", "Z", "Sch",
        "Kr", "Th",
    ];
    const END: [&str; 12] = [
        "a", "e", "i", "o", "u", "an", "el", "ir", "on", "ë", "ö", "ys",
    ];
    let mut name = String::new();
    let mut rest = number;
    let mut made = 0;
    while made < least || rest > 0 {
        name.push_str(BEGIN.get(rest % BEGIN.len()).copied().unwrap_or_default());
        rest /= BEGIN.len();
        name.push_str(END.get(rest % END.len()).copied().unwrap_or_default());
        rest /= END.len();
        made += 1;
    }
    let lower = name.to_lowercase();
    let head: String = lower.chars().take(1).flat_map(char::to_uppercase).collect();
    head + &lower.chars().skip(1).collect::<String>()
}

/// Numbers that look random and are the same in each run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below this number; as with people's names a few come up often and most seldom.
    fn often_small(&mut self, below: usize) -> usize {
        // The cube of a number below 1, in steps of a millionth.
        let share = u128::from(self.throw() >> 44);
        let place = (share * share * share * below as u128) >> 60;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        place.min(below.saturating_sub(1))
    }
}

/// Makes the clients by storage's own door, so that they are as real as any.
fn make(data: &Path, clients: usize) -> Outcome<()> {
    let url: DatabaseUrl = format!("sqlite:{}", data.join("stipple.db").display()).parse()?;
    let audit_key = AuditKey::from_text(fs::read_to_string(data.join("audit.key"))?.trim())
        .ok_or("audit.key holds no key")?;
    let store = Store::open(StoreOptions {
        url,
        clock: Clock::system(),
        audit_key,
        group_commits: true,
    })?;
    let studios: Vec<StudioId> = store.write_blocking(WriteContext::command_line(), |tx| {
        (0..STUDIOS)
            .map(|number| {
                let body = json!({
                    "name": format!("Beispiel Studio {number}"), "sender_name": "Studio Beispiel",
                    "time_zone": "Europe/London", "opening_hours": [],
                });
                let new = serde_json::from_value(body).map_err(stipple_shared::Error::internal)?;
                Ok(Studio::open(tx, &new)?.id)
            })
            .collect()
    })?;
    let mut number = 0;
    while number < clients {
        let batch: Vec<NewClient> = (number..clients.min(number + BATCH))
            .map(|number| {
                let studio = studios
                    .get(number % STUDIOS)
                    .copied()
                    .ok_or("there is no studio")?;
                Person::number(number).registration(studio)
            })
            .collect::<Outcome<_>>()?;
        number += batch.len();
        store.write_blocking(WriteContext::command_line(), move |tx| {
            for new in &batch {
                Client::register(tx, new)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

async fn make_desk_key(connection: &mut Connection, owner: &str) -> Outcome<String> {
    let studios = connection
        .ask(&crate::client::get("/v1/studios?limit=1", owner))
        .await?;
    let studios: Value = serde_json::from_slice(studios.body)?;
    let body = json!({
        "name": "Desk", "role": "front_desk",
        "studio_ids": [studios.pointer("/data/0/id").ok_or("there is no studio")?],
    });
    let made = connection.ask(&post("/v1/api-keys", owner, &body)).await?;
    let made: Value = serde_json::from_slice(made.body)?;
    Ok(made
        .get("secret")
        .and_then(Value::as_str)
        .ok_or("no key was made")?
        .to_owned())
}

//! The reminder engine: how fast a backlog leaves, as a share of what the same client library manages without a ledger,
//! and what a tick costs that has nothing to do.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};

use chrono::TimeDelta;
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stipple_shared::domain::overriding::MayOverride;
use stipple_shared::domain::{ClientId, Instant, PractitionerId, StudioId};
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::audit::AuditKey;
use stipple_shared::storage::clients::Client;
use stipple_shared::storage::paging::PageRequest;
use stipple_shared::storage::practitioners::Practitioner;
use stipple_shared::storage::reminder_rules::ReminderRule;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_shared::storage::sessions::Session;
use stipple_shared::storage::studios::Studio;
use stipple_shared::storage::{DatabaseUrl, Scope, Store, StoreOptions, WriteContext};
use stipple_shared::{Clock, Error};
use stipple_worker::transport::{Outcome as Sent, OutgoingMail, Target, Timeouts, Transport};
use stipple_worker::{Engine, EngineOptions};

use crate::report::{millis, target};
use crate::sink::Sink;
use crate::{Outcome, print};

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// So many people treat in a studio: each has a short session every four hours, by day and night.
const PRACTITIONERS: usize = 50;
const CLIENTS: usize = 2_000;
/// So many bookings share a transaction while the data is made.
const TOGETHER: usize = 200;
/// So many mails the library alone is measured with.
const ALONE: usize = 5_000;
const IDLE_TICKS: usize = 200;
/// What a tick may cost that finds nothing to do.
const TICK_TARGET: Duration = Duration::from_millis(5);

#[derive(Args)]
pub(crate) struct Reminders {
    /// How many reminders are due
    #[arg(long, default_value_t = 100_000)]
    due: usize,
    /// How many rows of the ledger are still to come
    #[arg(long, default_value_t = 1_000_000)]
    future: usize,
    /// How many mails are under way at once
    #[arg(long, default_value_t = 8)]
    slots: u32,
}

impl Reminders {
    pub(crate) fn run(&self, directory: &Path) -> Outcome<()> {
        fs::create_dir_all(directory)?;
        let place = tempfile::tempdir_in(directory)?;
        let url: DatabaseUrl =
            format!("sqlite:{}", place.path().join("stipple.db").display()).parse()?;
        Store::migrate(&url)?;
        let store = Store::open(StoreOptions {
            url,
            clock: Clock::system(),
            audit_key: AuditKey::generate()?,
            group_commits: true,
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let sink = Sink::start()?;
        let options = EngineOptions {
            slots: self.slots,
            mails_per_tick: 2_000,
            rate: SendingRate::UNLIMITED,
            ..EngineOptions::new(Some(sink.target()?), "post@studio.example".into())
        };
        let engine = Engine::new(store.clone(), options);

        // Each touch-up has three reminders to come: preparation, the request to confirm, the final one.
        let began = Stopwatch::now();
        let later = House::open(&store, "touch_up", &["booking_confirmation"])?;
        later.book(&store, self.future.div_ceil(3), TimeDelta::days(30))?;
        print(&format!(
            "{} rows to come, made in {:.0} s",
            self.future,
            began.elapsed().as_secs_f64()
        ))?;
        let idle = runtime.block_on(idle_ticks(&engine))?;
        let tick = idle[idle.len() / 2];
        target(
            &format!(
                "a tick with nothing to do, {} rows to come, under 5 ms",
                self.future
            ),
            &format!("{:.2} ms", millis(tick)),
            tick < TICK_TARGET,
        )?;

        let began = Stopwatch::now();
        let now = House::open(
            &store,
            "consultation",
            &["confirm_request", "final_reminder"],
        )?;
        now.book(&store, self.due, TimeDelta::days(2))?;
        print(&format!(
            "{} due, made in {:.0} s",
            self.due,
            began.elapsed().as_secs_f64()
        ))?;
        let alone = runtime.block_on(self.alone(&sink))?;
        let before = memory()?;
        let (began, start) = (Stopwatch::now(), sink.count());
        runtime.block_on(async {
            while sink.count() - start < self.due {
                if engine.tick().await?.is_idle() {
                    break;
                }
            }
            engine.rest().await;
            Ok::<(), Error>(())
        })?;
        let took = began.elapsed().as_secs_f64();
        let (came, after) = (sink.count() - start, memory()?);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate needs no more than six digits"
        )]
        let rate = came as f64 / took;
        print(&format!(
            "{came} mails in {took:.0} s: {rate:.0}/s over {} connections; the library alone {alone:.0}/s; ratio {:.3}",
            self.slots,
            rate / alone
        ))?;
        print(&format!("memory: {before} MB before, {after} MB at most",))?;
        target("each came once", &came.to_string(), came == self.due)
    }

    /// What the same client library does with one mail over as many connections, and nothing written down.
    async fn alone(&self, sink: &Sink) -> Outcome<f64> {
        let began = Stopwatch::now();
        let each = ALONE / self.slots.max(1) as usize;
        let sending: Vec<_> = (0..self.slots)
            .map(|_| sink.target())
            .collect::<Outcome<Vec<_>>>()?
            .into_iter()
            .map(|target| tokio::spawn(send_alone(target, each)))
            .collect();
        let mut sent = 0;
        for one in sending {
            sent += one.await?;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate needs no more than six digits"
        )]
        let rate = sent as f64 / began.elapsed().as_secs_f64();
        Ok(rate)
    }
}

async fn send_alone(target: Target, count: usize) -> usize {
    let transport = Transport::open(target, "studio.example", Timeouts::default(), None);
    let mail = OutgoingMail {
        from: "post@studio.example".into(),
        reply_to: None,
        to: "alex@example.com".into(),
        message_id: "<mail@studio.example>".into(),
        date: Clock::system().now(),
        content: RenderedMail {
            sender_name: "Studio".into(),
            subject: "Booked: appointment".into(),
            preheader: "Studio".into(),
            // As long as a confirmation's three parts.
            text: "A line of a usual mail, about so long.\n".repeat(20),
            html: "<p>A line of a usual mail, about so long.</p>\n".repeat(120),
            calendar: None,
            list_unsubscribe: None,
        },
        list_unsubscribe: None,
    };
    let mut sent = 0;
    for _ in 0..count {
        let outcome = transport.send(&mail, async || Ok::<(), ()>(())).await;
        sent += usize::from(outcome == Sent::Sent);
    }
    transport.close().await;
    sent
}

async fn idle_ticks(engine: &Engine) -> Outcome<Vec<Duration>> {
    let mut took = Vec::new();
    for _ in 0..IDLE_TICKS {
        let began = Stopwatch::now();
        engine.tick().await?;
        took.push(began.elapsed());
    }
    took.sort();
    Ok(took)
}

/// The most that this process has held in memory, in megabytes.
fn memory() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("the system doesn't tell")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1024)
}

/// A studio with its people, and one kind of session.
struct House {
    kind: &'static str,
    practitioners: Vec<PractitionerId>,
    clients: Vec<ClientId>,
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(Error::internal)
}

impl House {
    fn open(store: &Store, kind: &'static str, without: &'static [&'static str]) -> Outcome<Self> {
        let week = DAYS.map(|day| json!({"weekday": day, "from": "00:00", "until": "24:00"}));
        let hours = move |studio: StudioId| {
            DAYS.map(|day| json!({"studio_id": studio, "weekday": day, "from": "00:00", "until": "24:00"}))
        };
        let made = store.write_blocking(WriteContext::command_line(), move |tx| {
            let studio = Studio::open(
                tx,
                &read(json!({
                    "name": "Night Owl", "sender_name": "Night Owl", "time_zone": "Etc/UTC",
                    "opening_hours": week, "quiet_hours": null,
                }))?,
            )?;
            let page = PageRequest {
                limit: 200,
                after: None,
                updated_since: None,
            };
            let rules = ReminderRule::list(tx.db, &Scope::all(), studio.id, &page)?;
            for rule in rules.rows.iter().filter(|rule| without.contains(&rule.step.as_str())) {
                ReminderRule::change(tx, rule.id, None, &read(json!({"enabled": false}))?)?;
            }
            let mut practitioners = Vec::new();
            for number in 0..PRACTITIONERS {
                let person = json!({
                    "name": format!("Robin {number}"), "working_hours": hours(studio.id), "buffer_minutes": 0,
                });
                practitioners.push(Practitioner::add(tx, &read(person)?)?.id);
            }
            let mut clients = Vec::new();
            for number in 0..CLIENTS {
                let person = json!({
                    "studio_id": studio.id, "given_name": "Alex", "family_name": format!("Sample {number}"),
                    "email": format!("alex{number}@example.com"),
                });
                clients.push(Client::register(tx, &read(person)?)?.id);
            }
            Ok((practitioners, clients))
        })?;
        Ok(Self {
            kind,
            practitioners: made.0,
            clients: made.1,
        })
    }

    /// Books so many sessions from so far ahead on.
    fn book(&self, store: &Store, count: usize, ahead: TimeDelta) -> Outcome<()> {
        let first: Instant = store.clock().now() + ahead;
        let bodies: Vec<Value> = (0..count)
            .map(|number| {
                let slot = i64::try_from(number / PRACTITIONERS).unwrap_or_default();
                json!({
                    "client_id": self.clients[number % CLIENTS], "kind": self.kind, "duration_minutes": 5,
                    "practitioner_id": self.practitioners[number % PRACTITIONERS],
                    "booking": {"starts_at": first + TimeDelta::hours(4 * slot)},
                })
            })
            .collect();
        for some in bodies.chunks(TOGETHER) {
            let some = some.to_vec();
            store.write_blocking(WriteContext::command_line(), move |tx| {
                for body in &some {
                    Session::arrange(tx, &read(body.clone())?, MayOverride::No)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

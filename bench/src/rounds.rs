//! The run: prepare, then let the two sides of each ratio take turns.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use crate::client::Connection;
use crate::load::{self, Amount, Measured, Script, carried_on, in_turn, once_each};
use crate::process::ServerProcess;
use crate::report::{Rounds, head, millis, target};
use crate::seed::{self, World};
use crate::{Outcome, due, print, slow, startup};

const READ_CONNECTIONS: [usize; 3] = [1, 16, 64];
const WRITE_CONNECTIONS: usize = 64;
const BOOKING: &str = "book";
const COMPLETION: &str = "complete with pigment";
/// Weeks before its day, so that all of its reminders end and a task asks what happened: no studio does that often.
const EARLY_COMPLETION: &str = "complete before its day";
const WRITES: [&str; 3] = [BOOKING, COMPLETION, EARLY_COMPLETION];
/// More than a server here completes in a second, so that no round runs out of sessions.
const COMPLETIONS_A_SECOND: usize = 3_000;

/// What to run.
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
    pub(crate) only: Option<String>,
}

impl Plan {
    fn wants(&self, case: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| case.contains(only.as_str()))
    }

    fn amount(&self, connections: usize) -> Amount {
        Amount {
            connections,
            warm_up: Duration::from_millis(300),
            measured: Duration::from_secs(self.seconds),
        }
    }

    /// How many sessions are completed at most, the seconds of warming up among them.
    fn completions(&self) -> usize {
        let seconds = usize::try_from(self.seconds).unwrap_or(usize::MAX);
        self.rounds
            .saturating_mul(seconds.saturating_add(1))
            .saturating_mul(COMPLETIONS_A_SECOND)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }
}

/// One thing that is read.
struct ReadCase {
    name: &'static str,
    requests: Vec<Vec<u8>>,
}

/// Runs all of it.
pub(crate) fn run(plan: &Plan) -> Outcome<()> {
    if plan.directory.exists() {
        fs::remove_dir_all(&plan.directory)?;
    }
    fs::create_dir_all(&plan.directory)?;
    let data = plan.directory.join("data");
    let log = plan.log("up");

    let server = startup::up(&plan.binary, &data, &log)?;
    let key = fs::read_to_string(data.join("owner.key"))?
        .trim()
        .to_owned();
    let world = Rc::new(seed::make(server.address, key)?);
    server.stop()?;
    // Apart from what else is measured: a worker would have much to say of so many sessions that nobody has completed.
    let grouped = plan.directory.join("grouped");
    copy_files(&data, &grouped)?;

    let flush = startup::time_of_a_flush(&plan.directory)?;
    let ready = startup::time_to_ready(&plan.binary, &data, &log)?;
    let server = startup::up(&plan.binary, &data, &log)?;
    startup::wait_until_ready(server.address)?;
    // What the start needed in passing is given back by then: the allocator keeps it for some seconds.
    thread::sleep(Duration::from_secs(20));
    let idle = server.resident_mebibytes()?;
    print("Compare ratios, not figures: these are from this machine, in this run.")?;
    print(&format!(
        "\none flush of this disk: {:.2} ms",
        millis(flush)
    ))?;
    print(&format!(
        "start on an existing database until ready: {:.0} ms",
        millis(ready)
    ))?;
    print(&format!(
        "memory when idle, 20 s after the start: {idle:.1} MiB"
    ))?;

    let by_id = measure_reads(plan, &world, &server)?;
    print(&format!(
        "memory after the reads: {:.1} MiB",
        server.resident_mebibytes()?
    ))?;
    server.stop()?;
    let writes = if WRITES.iter().any(|name| plan.wants(name)) {
        let due = due::make(&grouped, plan.completions())?;
        copy_files(&grouped, &plan.directory.join("ungrouped"))?;
        measure_writes(plan, &world, &due)?
    } else {
        Vec::new()
    };
    let slow = if plan.wants("slow clients") {
        let log = plan.log("slow");
        Some(slow::measure(
            &plan.binary,
            &data,
            &log,
            &world,
            plan.rounds,
            plan.seconds,
        )?)
    } else {
        None
    };

    print("\nTargets")?;
    for (connections, rounds) in by_id {
        let ratio = rounds.ratio();
        let text =
            format!("read by id, {connections} connections, of the bare handler: at least 35 %");
        target(&text, &format!("{:.0} %", ratio * 100.0), ratio >= 0.35)?;
    }
    for (name, rounds) in writes {
        if name == EARLY_COMPLETION {
            continue;
        }
        let (ratio, p99) = (rounds.ratio(), rounds.p99());
        let text = format!(
            "{name}, {WRITE_CONNECTIONS} connections, of one commit each: at least 3 times"
        );
        target(&text, &format!("{ratio:.1} x"), ratio >= 3.0)?;
        let text = format!("{name}, {WRITE_CONNECTIONS} connections, p99: less than 50 ms");
        target(
            &text,
            &format!("{:.1} ms", millis(p99)),
            p99 < Duration::from_millis(50),
        )?;
    }
    if let Some(ratio) = slow {
        let text = "p99 of others with 5,000 slow connections, of that without: at most 2 times";
        target(text, &format!("{ratio:.2} x"), ratio <= 2.0)?;
    }
    target(
        "memory when idle: less than 60 MiB",
        &format!("{idle:.1} MiB"),
        idle < 60.0,
    )?;
    target(
        "start on an existing database: less than 300 ms",
        &format!("{:.0} ms", millis(ready)),
        ready < Duration::from_millis(300),
    )
}

/// Measures the reads, and answers the ones by id, by how many connections there were.
fn measure_reads(
    plan: &Plan,
    world: &World,
    server: &ServerProcess,
) -> Outcome<Vec<(usize, Rounds)>> {
    let mut cases = vec![
        ReadCase {
            name: "read by id",
            requests: world.client_reads(),
        },
        ReadCase {
            name: "list of 50",
            requests: world.client_list(),
        },
        ReadCase {
            name: "availability of a month",
            requests: world.month_of_availability(),
        },
    ];
    cases.retain(|case| plan.wants(case.name));
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let sizes = cases
        .iter()
        .map(|case| body_size(server, case).map(|size| size.to_string()))
        .collect::<Outcome<Vec<_>>>()?
        .join(",");
    let threads = threads()?;
    let bare = ServerProcess::start(
        &env::current_exe()?,
        ["bare", "--sizes", &sizes, "--threads", &threads],
        &plan.log("bare"),
    )?;
    head("Reads", "a bare Actix handler with a body of the same size")?;
    let mut by_id = Vec::new();
    for (place, case) in cases.into_iter().enumerate() {
        let ours = in_turn(case.requests);
        let theirs = in_turn(vec![
            format!("GET /{place} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes(),
        ]);
        for connections in READ_CONNECTIONS {
            let mut rounds = Rounds::default();
            for _ in 0..plan.rounds {
                let amount = plan.amount(connections);
                let ours = load::run(server.address, amount, Rc::clone(&ours))?;
                rounds.add(ours, load::run(bare.address, amount, Rc::clone(&theirs))?);
            }
            rounds.print(case.name, connections)?;
            if case.name == "read by id" {
                by_id.push((connections, rounds));
            }
        }
    }
    Ok(by_id)
}

fn body_size(server: &ServerProcess, case: &ReadCase) -> Outcome<usize> {
    let request = case.requests.first().ok_or("a case asks nothing")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(server.address).await?;
        let answer = connection.ask(request).await?;
        if answer.status == 200 {
            Ok(answer.body.len())
        } else {
            Err(format!(
                "{} answered {}: {}",
                case.name,
                answer.status,
                String::from_utf8_lossy(answer.body)
            )
            .into())
        }
    })
}

/// A server that is written to, and what it's asked.
struct WriteSide {
    server: ServerProcess,
    bookings: Rc<Script>,
    completions: Rc<Script>,
}

impl WriteSide {
    fn start(
        plan: &Plan,
        world: &Rc<World>,
        due: &[String],
        name: &str,
        flags: &[&str],
    ) -> Outcome<Self> {
        let directory = plan.directory.join(name).display().to_string();
        let threads = threads()?;
        let mut arguments = vec!["serve", "--directory", &directory, "--threads", &threads];
        arguments.extend(flags);
        Ok(Self {
            server: ServerProcess::start(&env::current_exe()?, arguments, &plan.log(name))?,
            bookings: world.bookings(),
            completions: carried_on(world.completions(due)),
        })
    }

    /// Books for a while, completes sessions of today, and then what was booked.
    fn measure(&self, plan: &Plan, world: &World) -> Outcome<[Measured; 3]> {
        let amount = plan.amount(WRITE_CONNECTIONS);
        let run = |script| load::run(self.server.address, amount, script);
        let booked = run(Rc::clone(&self.bookings))?;
        let completed = run(Rc::clone(&self.completions))?;
        let early = run(once_each(world.completions(&booked.locations)))?;
        Ok([booked, completed, early])
    }
}

fn measure_writes(
    plan: &Plan,
    world: &Rc<World>,
    due: &[String],
) -> Outcome<Vec<(&'static str, Rounds)>> {
    let grouped = WriteSide::start(plan, world, due, "grouped", &[])?;
    let ungrouped = WriteSide::start(plan, world, due, "ungrouped", &["--ungrouped"])?;
    let mut all = WRITES.map(|name| (name, Rounds::default()));
    for _ in 0..plan.rounds {
        let shared = grouped.measure(plan, world)?;
        let alone = ungrouped.measure(plan, world)?;
        for ((_, rounds), (ours, theirs)) in all.iter_mut().zip(shared.into_iter().zip(alone)) {
            rounds.add(ours, theirs);
        }
    }
    head(
        "Durable writes",
        "the same server with one commit for each write",
    )?;
    for (name, rounds) in &all {
        rounds.print(name, WRITE_CONNECTIONS)?;
    }
    Ok(all.into())
}

/// As many threads as `stipple` takes unless told otherwise.
fn threads() -> Outcome<String> {
    Ok(thread::available_parallelism()?.to_string())
}

fn copy_files(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

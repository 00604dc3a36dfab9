//! Load: so many connections, each asking again as soon as it's answered, for a fixed time.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::Outcome;
use crate::client::Connection;

/// What is asked, by the number of the request; nothing where there is no more to ask.
pub(crate) type Script = dyn Fn(usize) -> Option<Rc<[u8]>>;

/// How much is asked.
#[derive(Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) connections: usize,
    /// What is asked in this time isn't counted.
    pub(crate) warm_up: Duration,
    /// What is asked in this time is.
    pub(crate) measured: Duration,
}

impl Amount {
    /// All that the script has, however long it takes.
    pub(crate) fn everything(connections: usize) -> Self {
        Self {
            connections,
            warm_up: Duration::ZERO,
            measured: Duration::from_secs(3600),
        }
    }
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Measured {
    /// Counted answers in a second.
    pub(crate) rate: f64,
    /// Half of the answers took no longer.
    pub(crate) p50: Duration,
    /// All but one in a hundred took no longer.
    pub(crate) p99: Duration,
    /// The paths of what was made, where the answers name them.
    pub(crate) locations: Vec<String>,
}

struct Tally {
    next: Cell<usize>,
    took: RefCell<Vec<Duration>>,
    locations: RefCell<Vec<String>>,
    wrong: RefCell<Option<String>>,
}

/// Puts the load on a server. Any answer but success ends the run: a refusal is quicker than the work.
pub(crate) fn run(address: SocketAddr, amount: Amount, script: Rc<Script>) -> Outcome<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tally = Rc::new(Tally {
        next: Cell::new(0),
        took: RefCell::default(),
        locations: RefCell::default(),
        wrong: RefCell::default(),
    });
    let measured_from = Instant::now() + amount.warm_up;
    let ends_at = measured_from + amount.measured;
    let locals = LocalSet::new();
    for _ in 0..amount.connections {
        let (tally, script) = (Rc::clone(&tally), Rc::clone(&script));
        locals.spawn_local(async move {
            if let Err(error) = ask_on(address, &tally, &*script, measured_from, ends_at).await {
                tally.wrong.borrow_mut().get_or_insert(error.to_string());
            }
        });
    }
    runtime.block_on(locals);
    if let Some(wrong) = tally.wrong.take() {
        return Err(wrong.into());
    }
    let elapsed = measured_from.elapsed();
    let mut took = tally.took.take();
    if took.is_empty() && !amount.measured.is_zero() {
        return Err("there was nothing left to ask before anything was measured".into());
    }
    took.sort_unstable();
    let quantile = |share: usize| {
        let place = (took.len() * share / 100).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default()
    };
    Ok(Measured {
        rate: count(took.len()) / elapsed.as_secs_f64(),
        p50: quantile(50),
        p99: quantile(99),
        locations: tally.locations.take(),
    })
}

async fn ask_on(
    address: SocketAddr,
    tally: &Tally,
    script: &Script,
    measured_from: Instant,
    ends_at: Instant,
) -> Outcome<()> {
    let mut connection = Connection::open(address).await?;
    loop {
        let number = tally.next.replace(tally.next.get() + 1);
        let Some(request) = script(number) else {
            return Ok(());
        };
        let asked = Instant::now();
        if asked >= ends_at || tally.wrong.borrow().is_some() {
            return Ok(());
        }
        let answer = connection.ask(&request).await?;
        let took = asked.elapsed();
        if !(200..300).contains(&answer.status) {
            return Err(format!(
                "answered {}: {}",
                answer.status,
                String::from_utf8_lossy(answer.body)
            )
            .into());
        }
        if asked >= measured_from {
            tally.took.borrow_mut().push(took);
        }
        if let Some(location) = answer.header("location") {
            tally.locations.borrow_mut().push(location.to_owned());
        }
    }
}

/// Repeats these requests in turn, without end.
pub(crate) fn in_turn(requests: Vec<Vec<u8>>) -> Rc<Script> {
    let requests: Vec<Rc<[u8]>> = requests.into_iter().map(Rc::from).collect();
    Rc::new(move |number| requests.get(number % requests.len().max(1)).cloned())
}

/// Sends each of these requests once.
pub(crate) fn once_each(requests: Vec<Vec<u8>>) -> Rc<Script> {
    let requests: Vec<Rc<[u8]>> = requests.into_iter().map(Rc::from).collect();
    Rc::new(move |number| requests.get(number).cloned())
}

/// Sends each of these requests once, from one run to the next.
pub(crate) fn carried_on(requests: Vec<Vec<u8>>) -> Rc<Script> {
    let rest = RefCell::new(requests.into_iter());
    Rc::new(move |_| rest.borrow_mut().next().map(Rc::from))
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

//! Slow clients: thousands of connections that send a byte now and then, while others ask as usual.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::client::Connection;
use crate::report::millis;
use crate::seed::World;
use crate::{Outcome, print, startup};

/// So many are kept open.
const SLOW: usize = 5_000;
/// So many have one address, fewer than an address may.
const PER_ADDRESS: usize = 100;
/// Each sends a byte so often.
const A_BYTE_EVERY: Duration = Duration::from_secs(5);
/// The others: so many connections, each asking so often, so that the server isn't at its limit by them alone.
const USUAL: usize = 16;
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// What the others saw.
struct Seen {
    p50: Duration,
    p99: Duration,
    longest: Duration,
    answers: usize,
}

/// Measures what others see with and without slow clients, in turns, and answers the median ratio of their p99.
pub(crate) fn measure(
    binary: &Path,
    data: &Path,
    log: &Path,
    world: &World,
    rounds: usize,
    seconds: u64,
) -> Outcome<f64> {
    let _raised = rlimit::increase_nofile_limit(rlimit::INFINITY)?;
    let server = startup::up(binary, data, log)?;
    startup::wait_until_ready(server.address)?;
    let measured = Duration::from_secs(seconds.max(5));
    print(&format!(
        "\nSlow clients: {SLOW} connections that send a byte every {} s, half of them of a head, half of a body;\n\
         {USUAL} others each ask every {} ms for a client by id",
        A_BYTE_EVERY.as_secs(),
        ASKED_EVERY.as_millis()
    ))?;
    print(&format!(
        "{:<20} {:>9} {:>9} {:>9} {:>11} {:>10}",
        "", "answers", "p50 ms", "p99 ms", "longest ms", "slow conn."
    ))?;
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let quiet = ask_as_usual(server.address, world, measured)?;
        tell("without them", &quiet, 0)?;
        let crowd = Crowd::gather(server.address, world)?;
        let before = crowd.open.load(Ordering::Relaxed);
        let beset = ask_as_usual(server.address, world, measured)?;
        let after = crowd.open.load(Ordering::Relaxed);
        let opened = crowd.disperse()?;
        tell("with them", &beset, before.min(after))?;
        if before.min(after) < SLOW * 95 / 100 {
            return Err(format!("only {before} to {after} slow connections were open").into());
        }
        if opened <= SLOW {
            print("none of them was let go meanwhile")?;
        }
        ratios.push(beset.p99.as_secs_f64() / quiet.p99.as_secs_f64());
    }
    print(&format!(
        "memory with them behind it: {:.1} MiB",
        server.resident_mebibytes()?
    ))?;
    server.stop()?;
    ratios.sort_by(f64::total_cmp);
    Ok(ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN))
}

fn tell(name: &str, seen: &Seen, slow: usize) -> Outcome<()> {
    print(&format!(
        "{name:<20} {:>9} {:>9.2} {:>9.2} {:>11.2} {slow:>10}",
        seen.answers,
        millis(seen.p50),
        millis(seen.p99),
        millis(seen.longest)
    ))
}

fn ask_as_usual(address: SocketAddr, world: &World, measured: Duration) -> Outcome<Seen> {
    let requests: Rc<Vec<Vec<u8>>> = Rc::new(world.client_reads());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let locals = LocalSet::new();
    let took = locals.block_on(&runtime, async {
        let ends_at = Instant::now() + measured;
        let askers: Vec<_> = (0..USUAL)
            .map(|number| {
                let requests = Rc::clone(&requests);
                tokio::task::spawn_local(async move {
                    ask_on(address, &requests, number, ends_at)
                        .await
                        .map_err(|error| error.to_string())
                })
            })
            .collect();
        let mut took = Vec::new();
        for asker in askers {
            took.extend(asker.await??);
        }
        Ok::<_, Box<dyn std::error::Error>>(took)
    });
    let mut took = took?;
    took.sort_unstable();
    let at = |share: usize| {
        let place = (took.len() * share / 100).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default()
    };
    Ok(Seen {
        p50: at(50),
        p99: at(99),
        longest: at(100),
        answers: took.len(),
    })
}

async fn ask_on(
    address: SocketAddr,
    requests: &[Vec<u8>],
    number: usize,
    ends_at: Instant,
) -> Outcome<Vec<Duration>> {
    let mut took = Vec::new();
    let mut connection = Connection::open(address).await?;
    let mut asks = interval(ASKED_EVERY);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for request in requests.iter().cycle().skip(number * 37) {
        asks.tick().await;
        let asked = Instant::now();
        if asked >= ends_at {
            break;
        }
        let status = connection.ask(request).await?.status;
        took.push(asked.elapsed());
        if status != 200 {
            return Err(format!("answered {status}").into());
        }
    }
    Ok(took)
}

/// The slow ones, on a thread of their own.
struct Crowd {
    open: Arc<AtomicUsize>,
    opened: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: thread::JoinHandle<Result<(), String>>,
}

impl Crowd {
    /// Opens them, and waits until they are there.
    fn gather(address: SocketAddr, world: &World) -> Outcome<Self> {
        let open = Arc::new(AtomicUsize::new(0));
        let opened = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let body = slow_post(world)?;
        let crowd = {
            let (open, opened, is_over) =
                (Arc::clone(&open), Arc::clone(&opened), Arc::clone(&is_over));
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|error| error.to_string())?;
                let locals = LocalSet::new();
                for number in 0..SLOW {
                    let (open, opened, is_over) =
                        (Arc::clone(&open), Arc::clone(&opened), Arc::clone(&is_over));
                    let begin = if number % 2 == 0 {
                        b"GET /v1/me HTTP/1.1\r\nhost: localhost\r\nx-slow: ".to_vec()
                    } else {
                        body.clone()
                    };
                    locals.spawn_local(async move {
                        // Not all at the same instant.
                        sleep(Duration::from_micros(400) * u32::try_from(number).unwrap_or(0))
                            .await;
                        while !is_over.load(Ordering::Relaxed) {
                            let Ok(stream) = open_slowly(address, number).await else {
                                sleep(Duration::from_millis(100)).await;
                                continue;
                            };
                            open.fetch_add(1, Ordering::Relaxed);
                            opened.fetch_add(1, Ordering::Relaxed);
                            dribble(stream, &begin, &is_over).await;
                            open.fetch_sub(1, Ordering::Relaxed);
                        }
                    });
                }
                runtime.block_on(locals);
                Ok(())
            })
        };
        let began = Instant::now();
        while open.load(Ordering::Relaxed) < SLOW * 99 / 100 {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("the slow connections can't be opened".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self {
            open,
            opened,
            is_over,
            thread: crowd,
        })
    }

    /// Ends them, and says how many there were in all.
    fn disperse(self) -> Outcome<usize> {
        self.is_over.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(ended) => ended?,
            Err(_) => return Err("the slow clients' thread panicked".into()),
        }
        Ok(self.opened.load(Ordering::Relaxed))
    }
}

/// The beginning of a request with a good key whose body never comes.
fn slow_post(world: &World) -> Outcome<Vec<u8>> {
    let reads = world.client_reads();
    let read = reads.first().ok_or("there is nothing to read")?;
    let bearer = std::str::from_utf8(read)?
        .lines()
        .find(|line| line.starts_with("authorization:"))
        .ok_or("a read shows no key")?;
    Ok(format!(
        "POST /v1/products HTTP/1.1\r\nhost: localhost\r\n{bearer}\r\ncontent-type: application/json\r\n\
         content-length: 4000\r\n\r\n{{"
    )
    .into_bytes())
}

async fn open_slowly(address: SocketAddr, number: usize) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let host = u8::try_from(number / PER_ADDRESS + 1).unwrap_or(u8::MAX);
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 0)))?;
    socket.connect(address).await
}

/// Sends the beginning, then a byte now and then, until the server has had enough.
async fn dribble(mut stream: tokio::net::TcpStream, begin: &[u8], is_over: &AtomicBool) {
    if stream.write_all(begin).await.is_err() {
        return;
    }
    let mut answer = [0; 512];
    while !is_over.load(Ordering::Relaxed) {
        // An answer means that it was let go; so does the end.
        if timeout(
            A_BYTE_EVERY,
            tokio::io::AsyncReadExt::read(&mut stream, &mut answer),
        )
        .await
        .is_ok()
            || stream.write_all(b"x").await.is_err()
        {
            return;
        }
    }
}

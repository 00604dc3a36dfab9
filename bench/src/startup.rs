//! How long a server takes until it's ready, and what it holds in memory while nobody asks anything.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::client::{Connection, get};
use crate::process::ServerProcess;

/// Starts a server as one studio would. The worker's threads are part of it.
pub(crate) fn up(binary: &Path, directory: &Path, log: &Path) -> Outcome<ServerProcess> {
    let directory = directory.display().to_string();
    // All load has one key and one address here; the limits are counted, but never met.
    let arguments = [
        "up",
        "--data-dir",
        &directory,
        "--listen",
        "127.0.0.1:0",
        "--rate-limit",
        "1000000000",
        "--address-rate-limit",
        "1000000000",
    ];
    ServerProcess::start(binary, arguments, log)
}

/// The median time from the start of the process to `/readyz` answering 200, over a few starts.
pub(crate) fn time_to_ready(binary: &Path, directory: &Path, log: &Path) -> Outcome<Duration> {
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let server = up(binary, directory, log)?;
        wait_until_ready(server.address)?;
        times.push(began.elapsed());
        server.stop()?;
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// The median time of a flush on the disk of a directory: what sharing commits gains hangs on it.
pub(crate) fn time_of_a_flush(directory: &Path) -> Outcome<Duration> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[0x5a; 4096])?;
        let began = Instant::now();
        file.sync_all()?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// Asks `/readyz` until it answers 200.
pub(crate) fn wait_until_ready(address: SocketAddr) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    runtime.block_on(async {
        let mut connection = Connection::open(address).await?;
        let request = get("/readyz", "");
        while connection.ask(&request).await?.status != 200 {
            if began.elapsed() > Duration::from_secs(30) {
                return Err("a server wasn't ready within 30 seconds".into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    })
}

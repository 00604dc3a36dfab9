//! Servers as child processes: started, asked where they listen, weighed, stopped.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// A server in a process of its own; it ends with this value.
pub(crate) struct ServerProcess {
    child: Child,
    /// Kept open: a server whose standard output is closed may stop.
    _output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl ServerProcess {
    /// Starts it, and waits until it says where it listens. Its log goes to a file, as in service.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        log: &Path,
    ) -> Outcome<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()
            .map_err(|error| format!("{} can't be started: {error}", program.display()))?;
        let output = child
            .stdout
            .take()
            .ok_or("a child has no standard output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let address = loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                let status = child.wait()?;
                return Err(format!(
                    "{} ended ({status}) before it listened: {}",
                    program.display(),
                    fs::read_to_string(log)?.trim()
                )
                .into());
            }
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                break address.parse()?;
            }
        };
        Ok(Self {
            child,
            _output: output,
            address,
        })
    }

    /// What it holds in memory now, in MiB.
    pub(crate) fn resident_mebibytes(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kibibytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("the process has no VmRSS")?
            .parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Asks it to end, and waits until it has, so that its database is whole on the disk.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            if asked.elapsed() > Duration::from_secs(30) {
                return Err("a server didn't stop within 30 seconds".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already; there is nobody left to tell.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

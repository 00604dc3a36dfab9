//! The binary in a directory of its own, with nothing of this environment.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use ureq::Agent;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory in which the binary is run.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A command that isn't started yet. Port 0 keeps tests apart.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stipple"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("STIPPLE_LISTEN", "127.0.0.1:0")
            .env("STIPPLE_LOG", "error")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts a command that serves, and waits until it says where.
    pub(crate) fn start(&self, arguments: &[&str]) -> Serving {
        Serving::start(self.command(arguments))
    }
}

/// What a command printed, and whether it ended well.
pub(crate) fn succeeded(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command complained of.
pub(crate) fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A process that serves, killed when this is dropped.
pub(crate) struct Serving {
    child: Child,
    output: BufReader<ChildStdout>,
    base: String,
}

impl Serving {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let base = line.strip_prefix("listening on ").unwrap().trim();
        Self {
            base: base.to_owned(),
            child,
            output,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// The status of a GET.
    pub(crate) fn status(&self, path: &str, key: Option<&str>) -> u16 {
        get(&agent(), &self.url(path), key)
    }

    /// Waits until it's ready: the reminder engine has to tick first.
    pub(crate) fn wait_until_ready(&self) {
        let began = Instant::now();
        while self.status("/readyz", None) != 200 {
            assert!(began.elapsed() < PATIENCE, "the process isn't ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until it answers, whether or not a worker has ticked.
    #[cfg(feature = "failpoints")]
    pub(crate) fn wait_until_answers(&self) {
        let began = Instant::now();
        while self.status("/livez", None) != 200 {
            assert!(began.elapsed() < PATIENCE, "the process doesn't answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end, and answers what was printed after the first line.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "the process doesn't end");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A client that takes every status for an answer and keeps its connection.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// The status of a GET, with its body read so that the connection is kept.
pub(crate) fn get(agent: &Agent, url: &str, key: Option<&str>) -> u16 {
    let mut request = agent.get(url);
    if let Some(key) = key {
        request = request.header("Authorization", format!("Bearer {}", key.trim()));
    }
    let mut response = request.call().unwrap();
    response.body_mut().read_to_vec().unwrap();
    response.status().as_u16()
}

/// The permissions of a file or directory.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

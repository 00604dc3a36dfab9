//! The binary in a directory of its own, with nothing of this environment.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stipple_test_support::privacy::{self, Watch, Watcher};
use tempfile::TempDir;
use ureq::Agent;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a process that serves logs, where the test doesn't want to see it: all that we say, and much of what others do.
const TALKATIVE: &str =
    "debug,stipple=trace,stipple_api=trace,stipple_shared=trace,stipple_worker=trace";

/// A directory in which the binary is run. What its processes wrote is searched when this is dropped.
pub(crate) struct Place {
    watch: Watch,
    directory: TempDir,
    logs: TempDir,
    processes: AtomicUsize,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            privacy::watch_stored_in(&self.watch.watcher(), self.directory.path());
        }
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            watch: Watch::begin(),
            directory: TempDir::new().unwrap(),
            logs: TempDir::new().unwrap(),
            processes: AtomicUsize::new(0),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Whom to tell what is said about people and what is shown to others.
    pub(crate) fn watcher(&self) -> Watcher {
        self.watch.watcher()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A command that isn't started yet. Port 0 keeps tests apart.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stipple"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("STIPPLE_LISTEN", "127.0.0.1:0")
            .env("STIPPLE_LOG", "error")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        privacy::take_in_log(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Starts a command that serves, and waits until it says where.
    pub(crate) fn start(&self, arguments: &[&str]) -> Serving {
        self.serve(self.command(arguments))
    }

    /// The same with a command that was set up in a particular way. Its log goes to a file.
    pub(crate) fn serve(&self, mut command: Command) -> Serving {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let log = self.logs.path().join(number.to_string());
        // A test may want all of it, down to each byte of a connection.
        let asked = command.get_envs().find(|(name, _)| *name == "STIPPLE_LOG");
        if asked.and_then(|(_, filter)| filter) != Some(OsStr::new("trace")) {
            command.env("STIPPLE_LOG", TALKATIVE);
        }
        command.stderr(File::create(&log).unwrap());
        Serving::start(command, log, self.watcher())
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
    log: PathBuf,
    watcher: Watcher,
}

impl Serving {
    fn start(mut command: Command, log: PathBuf, watcher: Watcher) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let told = fs::read_to_string(&log).unwrap();
        assert!(line.starts_with("listening on "), "{told}");
        let base = line.trim_start_matches("listening on ").trim();
        Self {
            base: base.to_owned(),
            child,
            output,
            log,
            watcher,
        }
    }

    /// What it has logged up to now.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Whom to tell what is said about people and what is shown to others.
    pub(crate) fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// The address of a path, which is about to be asked for.
    pub(crate) fn url(&self, path: &str) -> String {
        self.watcher.url(path);
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

    /// Shows the figures to the watch, where there are any.
    fn watch_metrics(&self) {
        let asked = patient(Duration::from_secs(2))
            .get(self.url("/metrics"))
            .call();
        if let Ok(mut answer) = asked
            && answer.status() == 200
            && let Ok(text) = answer.body_mut().read_to_string()
        {
            self.watcher.metrics(&text);
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.watch_metrics();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub(crate) fn wait_until_ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the process doesn't end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end, and answers what was printed after the first line.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.wait_until_ended();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        privacy::take_in_log(&rest);
        (status, rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !std::thread::panicking() && matches!(self.child.try_wait(), Ok(None)) {
            self.watch_metrics();
        }
        // It may have ended already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        let mut printed = String::new();
        if self.output.read_to_string(&mut printed).is_ok() {
            privacy::take_in_log(&printed);
        }
        if let Ok(log) = fs::read(&self.log) {
            privacy::take_in_log(&String::from_utf8_lossy(&log));
        }
    }
}

/// A client that takes every status for an answer and keeps its connection.
pub(crate) fn agent() -> Agent {
    patient(PATIENCE)
}

fn patient(patience: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(patience))
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

//! Named places where a test can kill the process, as a power cut would. They do something only under a feature that no
//! release has.

/// Kills the process here if the test asked for it: `STIPPLE_FAILPOINT` names the place, and where
/// `STIPPLE_FAILPOINT_ARMED_BY` names a file the place kills only while that file is there.
#[cfg(feature = "failpoints")]
pub fn reach(name: &str) {
    use std::path::Path;
    if std::env::var("STIPPLE_FAILPOINT").is_ok_and(|wanted| wanted == name)
        && std::env::var("STIPPLE_FAILPOINT_ARMED_BY")
            .map_or(true, |file| Path::new(&file).exists())
    {
        // Nothing of this process runs after that: no destructor, no signal handler, no flush.
        let _killed = std::process::Command::new("kill")
            .args(["-KILL", &std::process::id().to_string()])
            .status();
        loop {
            std::thread::park();
        }
    }
}

/// Nothing, outside of tests.
#[cfg(not(feature = "failpoints"))]
pub const fn reach(_: &str) {}

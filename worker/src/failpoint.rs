//! Named places where a test can kill the process, as a power cut would. They exist only under a feature.

/// Kills the process here if the test asked for it.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(name: &str) {
    if std::env::var("STIPPLE_FAILPOINT").is_ok_and(|wanted| wanted == name) {
        std::process::abort();
    }
}

/// Nothing, outside of tests.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn reach(_: &str) {}

//! Open files: each connection takes two, and many systems start a process with 1,024 although it may have more.

use std::num::NonZeroU32;

use stipple_api::EdgeOptions;

/// What the database, the log and the mails need.
const RESERVED: u64 = 256;

/// Raises the limit as far as it may be, and takes as many connections as then fit.
pub(crate) fn make_room(edge: &mut EdgeOptions) {
    // Where it can't be known the setting stands.
    let Ok(most) = rlimit::increase_nofile_limit(rlimit::INFINITY) else {
        tracing::warn!("the limit on open files can't be raised");
        return;
    };
    if let Some(fitting) = fitting(most, edge.connections) {
        tracing::warn!(
            open_files = most,
            wanted = edge.connections.get(),
            connections = fitting.get(),
            "fewer connections than --max-connections: each takes two open files, beside {RESERVED} for the rest, and this \
             process may not open more (ulimit -Hn)"
        );
        edge.connections = fitting;
    }
}

/// How many connections fit, where that's fewer than wanted.
fn fitting(most_files: u64, wanted: NonZeroU32) -> Option<NonZeroU32> {
    let fitting = u32::try_from(most_files.saturating_sub(RESERVED) / 2).unwrap_or(u32::MAX);
    NonZeroU32::new(fitting.max(10)).filter(|fitting| *fitting < wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        let number = NonZeroU32::new;
        let wanted = NonZeroU32::new(10_000).unwrap_or(NonZeroU32::MIN);
        assert_eq!(fitting(1_024, wanted), number(384));
        assert_eq!(fitting(20_256, wanted), None);
        assert_eq!(fitting(1_048_576, wanted), None);
        assert_eq!(fitting(100, wanted), number(10));
    }
}

//! The table and the targets.

use std::time::Duration;

use crate::load::Measured;
use crate::{Outcome, print};

/// Both sides of a ratio, round by round.
#[derive(Default)]
pub(crate) struct Rounds {
    pairs: Vec<(Measured, Measured)>,
}

impl Rounds {
    /// Notes a round.
    pub(crate) fn add(&mut self, ours: Measured, reference: Measured) {
        self.pairs.push((ours, reference));
    }

    /// The median of the rounds' ratios: a round that something else disturbed counts as one.
    pub(crate) fn ratio(&self) -> f64 {
        median(
            self.pairs
                .iter()
                .map(|(ours, reference)| ours.rate / reference.rate),
        )
    }

    /// The median of the rounds' slowest hundredths.
    pub(crate) fn p99(&self) -> Duration {
        Duration::from_secs_f64(median(
            self.pairs.iter().map(|(ours, _)| ours.p99.as_secs_f64()),
        ))
    }

    /// Prints the line of a case.
    pub(crate) fn print(&self, name: &str, connections: usize) -> Outcome<()> {
        let of =
            |figure: &dyn Fn(&(Measured, Measured)) -> f64| median(self.pairs.iter().map(figure));
        print(&format!(
            "{name:<24} {connections:>5} {:>9.0} {:>9.2} {:>9.2} {:>11.0} {:>9.2} {:>9.2} {:>7.2}",
            of(&|(ours, _)| ours.rate),
            of(&|(ours, _)| millis(ours.p50)),
            of(&|(ours, _)| millis(ours.p99)),
            of(&|(_, reference)| reference.rate),
            of(&|(_, reference)| millis(reference.p50)),
            of(&|(_, reference)| millis(reference.p99)),
            self.ratio(),
        ))
    }
}

/// Prints the head of a table.
pub(crate) fn head(title: &str, reference: &str) -> Outcome<()> {
    print(&format!("\n{title}; the reference is {reference}"))?;
    print(&format!(
        "{:<24} {:>5} {:>9} {:>9} {:>9} {:>11} {:>9} {:>9} {:>7}",
        "case", "conn.", "req/s", "p50 ms", "p99 ms", "ref. req/s", "p50 ms", "p99 ms", "ratio"
    ))
}

/// Prints whether a target was met.
pub(crate) fn target(text: &str, figure: &str, is_met: bool) -> Outcome<()> {
    let verdict = if is_met { "met" } else { "missed" };
    print(&format!("{text:<66} {figure:>9}  {verdict}"))
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

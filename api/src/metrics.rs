//! What is measured, in the OpenMetrics text format, which Prometheus reads. Labels are routes and outcomes, never anything about a person.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use stipple_shared::domain::ReminderStep;
use stipple_shared::error::{Error, Result};
use stipple_shared::storage::figures::Figures;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    step: String,
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlarmLabels {
    alarm: String,
}

/// What is counted of connections. Copies count in the same place.
#[derive(Clone, Default)]
pub(crate) struct ConnectionFigures {
    pub(crate) open: Gauge,
    pub(crate) refused: Counter,
    pub(crate) overdue: Counter,
}

/// The figures of this process, and the ones read from the database when they are asked for.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    reminders: Family<StateLabels, Gauge>,
    due: Family<StepLabels, Gauge>,
    oldest_due_seconds: Family<StepLabels, Gauge<f64, AtomicU64>>,
    last_tick_seconds: Gauge<f64, AtomicU64>,
    alarms: Family<AlarmLabels, Gauge>,
    open_tasks: Gauge,
    access_kept: Counter,
    access_waited: Counter,
    access_lost: Counter,
    pub(crate) connections: ConnectionFigures,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("stipple");
        let requests = Family::default();
        let seconds = Family::new_with_constructor(duration_histogram as fn() -> Histogram);
        let reminders = Family::default();
        let due = Family::default();
        let oldest_due_seconds = Family::default();
        let last_tick_seconds = Gauge::default();
        let alarms = Family::default();
        let open_tasks = Gauge::default();
        registry.register(
            "http_requests",
            "Requests by route and status",
            requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long requests took",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register(
            "reminders",
            "Rows of the reminder ledger by step and state",
            reminders.clone(),
        );
        registry.register(
            "reminders_due",
            "Reminders that are due and not yet sent, by step",
            due.clone(),
        );
        registry.register_with_unit(
            "reminders_oldest_due_age",
            "For how long the oldest due reminder of a step has been waiting",
            Unit::Seconds,
            oldest_due_seconds.clone(),
        );
        registry.register_with_unit(
            "worker_last_tick_age",
            "How long ago a reminder worker last ticked; -1 if none ever has",
            Unit::Seconds,
            last_tick_seconds.clone(),
        );
        registry.register(
            "worker_alarms",
            "Reminder workers whose mail is held up until somebody mends the settings, by what is wrong",
            alarms.clone(),
        );
        registry.register(
            "tasks_open",
            "Open tasks on the staff's worklist",
            open_tasks.clone(),
        );
        let access_kept = Counter::default();
        let access_waited = Counter::default();
        let access_lost = Counter::default();
        registry.register(
            "access_log_kept",
            "Looks at clinical records that were stored from the queue",
            access_kept.clone(),
        );
        registry.register(
            "access_log_waited",
            "Looks at clinical records that waited for their own note, as the queue was full",
            access_waited.clone(),
        );
        registry.register(
            "access_log_lost",
            "Looks at clinical records that couldn't be stored",
            access_lost.clone(),
        );
        let connections = ConnectionFigures::default();
        registry.register(
            "http_connections_open",
            "Open connections",
            connections.open.clone(),
        );
        registry.register(
            "http_connections_refused",
            "Connections that were ended at once, since their address had too many",
            connections.refused.clone(),
        );
        registry.register(
            "http_connections_overdue",
            "Connections that were ended because their next request didn't come",
            connections.overdue.clone(),
        );
        Self {
            registry: Arc::new(registry),
            requests,
            seconds,
            reminders,
            due,
            oldest_due_seconds,
            last_tick_seconds,
            alarms,
            open_tasks,
            access_kept,
            access_waited,
            access_lost,
            connections,
        }
    }
}

impl Metrics {
    /// Counts an answered request.
    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: Arc<str>,
        status: u16,
        took: Duration,
    ) {
        let labels = RequestLabels {
            method,
            route: Arc::clone(&route),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds
            .get_or_create(&RouteLabels { route })
            .observe(took.as_secs_f64());
    }

    /// Counts looks that were stored.
    pub(crate) fn access_kept(&self, looks: usize) {
        self.access_kept.inc_by(looks as u64);
    }

    /// Counts looks for which the queue had no room.
    pub(crate) fn access_waited(&self, looks: usize) {
        self.access_waited.inc_by(looks as u64);
    }

    /// Counts looks that are lost.
    pub(crate) fn access_lost(&self, looks: usize) {
        self.access_lost.inc_by(looks as u64);
    }

    /// How many looks were stored, found no room, are lost.
    #[cfg(test)]
    pub(crate) fn access_counts(&self) -> (u64, u64, u64) {
        (
            self.access_kept.get(),
            self.access_waited.get(),
            self.access_lost.get(),
        )
    }

    /// The text that Prometheus scrapes.
    pub(crate) fn text(&self, figures: &Figures) -> Result<String> {
        self.reminders.clear();
        for count in &figures.reminders {
            let labels = StateLabels {
                step: count.step.to_string(),
                state: count.state.to_string(),
            };
            self.reminders.get_or_create(&labels).set(count.rows);
        }
        self.due.clear();
        self.oldest_due_seconds.clear();
        // A step with nothing due says so: an absent series looks like a broken scrape.
        for step in ReminderStep::ALL {
            let found = figures.due.iter().find(|due| due.step == *step);
            let labels = StepLabels {
                step: step.to_string(),
            };
            self.due
                .get_or_create(&labels)
                .set(found.map_or(0, |due| due.rows));
            self.oldest_due_seconds
                .get_or_create(&labels)
                .set(found.map_or(0.0, |due| seconds(due.oldest_age_millis)));
        }
        self.last_tick_seconds
            .set(figures.last_tick_age_millis.map_or(-1.0, seconds));
        self.alarms.clear();
        for (alarm, workers) in &figures.alarms {
            let alarm = alarm.clone().unwrap_or_default();
            self.alarms
                .get_or_create(&AlarmLabels { alarm })
                .set(*workers);
        }
        self.open_tasks.set(figures.open_tasks);
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(Error::internal)?;
        Ok(text)
    }
}

/// From a tenth of a millisecond to thirteen seconds, each twice the one before.
fn duration_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 18))
}

fn seconds(millis: i64) -> f64 {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0)).as_secs_f64()
}

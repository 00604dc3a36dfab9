//! What calls the engine's ticks: a scheduler that may miss a beat, since nothing rests on it.
//!
//! It goes by the wall clock, and where that is set back it waits until its old time comes again. A guard by the clock that
//! only goes forward ticks in its place meanwhile.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use stipple_shared::error::{Error, Result};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::engine::{Engine, describe};

/// Every two seconds, in UTC.
const BEAT: &str = "*/2 * * * * *";
/// So many failed ticks in a row, a minute of them, and something is wrong that a restart may mend.
const FAILURES_BEFORE_GIVING_UP: u32 = 30;

/// Without a beat for so long the guard ticks.
const LONGEST_PAUSE: Duration = Duration::from_secs(6);

/// An engine that ticks.
pub struct Running {
    engine: Arc<Engine>,
    scheduler: JobScheduler,
    failed: watch::Receiver<bool>,
}

/// What a beat needs.
struct Beat {
    engine: Arc<Engine>,
    last: Mutex<Stopwatch>,
    failures: AtomicU32,
    failing: watch::Sender<bool>,
}

impl Beat {
    async fn tick(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Stopwatch::now();
        match self.engine.tick().await {
            Ok(outcome) => {
                self.failures.store(0, Ordering::Relaxed);
                if !outcome.is_idle() {
                    tracing::info!(?outcome, "a tick did something");
                }
            }
            Err(error) => {
                tracing::error!(error = %describe(&error), "a tick failed");
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if failures >= FAILURES_BEFORE_GIVING_UP {
                    // Whoever waits for this has gone only when the process ends.
                    let _nobody_waits = self.failing.send(true);
                }
            }
        }
    }

    fn pause(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.elapsed()
    }

    /// Ticks wherever the scheduler doesn't, until the engine is to stop.
    async fn guard(&self) {
        let mut stopping = self.engine.stopping.subscribe();
        let mut looks = interval(LONGEST_PAUSE / 3);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
            if self.pause() >= LONGEST_PAUSE {
                tracing::debug!("the scheduler has missed its beats");
                self.tick().await;
            }
        }
    }
}

impl Running {
    /// Starts the metronome.
    pub async fn start(engine: Engine) -> Result<Self> {
        engine.arrive().await?;
        let engine = Arc::new(engine);
        let (failing, failed) = watch::channel(false);
        let beat = Arc::new(Beat {
            engine: Arc::clone(&engine),
            last: Mutex::new(Stopwatch::now()),
            failures: AtomicU32::new(0),
            failing,
        });
        let scheduler = JobScheduler::new().await.map_err(Error::internal)?;
        let ticking = Arc::clone(&beat);
        let job = Job::new_async(BEAT, move |_, _| {
            let ticking = Arc::clone(&ticking);
            Box::pin(async move { ticking.tick().await })
        })
        .map_err(Error::internal)?;
        scheduler.add(job).await.map_err(Error::internal)?;
        scheduler.start().await.map_err(Error::internal)?;
        tokio::spawn(async move { beat.guard().await });
        Ok(Self {
            engine,
            scheduler,
            failed,
        })
    }

    /// Waits until the engine has given up. A healthy one never does.
    pub async fn failed(&self) {
        let mut failed = self.failed.clone();
        if failed.wait_for(|failed| *failed).await.is_err() {
            tracing::error!("the metronome has ended");
        }
    }

    /// Stops: the send under way ends, leases that weren't used go back.
    pub async fn stop(mut self) {
        self.engine.stop();
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the metronome did not stop cleanly");
        }
        // The scheduler doesn't wait for a tick under way; this does, with a bound.
        if tokio::time::timeout(Duration::from_secs(20), self.engine.rest())
            .await
            .is_err()
        {
            tracing::warn!("a send under way did not end in time; its lease will run out");
        }
    }
}

//! What calls the engine's ticks: a scheduler that may miss a beat, since nothing rests on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stipple_shared::error::{Error, Result};
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::engine::{Engine, describe};

/// Every two seconds, in UTC.
const BEAT: &str = "*/2 * * * * *";
/// So many failed ticks in a row, a minute of them, and something is wrong that a restart may mend.
const FAILURES_BEFORE_GIVING_UP: u32 = 30;

/// An engine that ticks.
pub struct Running {
    engine: Arc<Engine>,
    scheduler: JobScheduler,
    failed: watch::Receiver<bool>,
}

impl Running {
    /// Starts the metronome.
    pub async fn start(engine: Engine) -> Result<Self> {
        engine.arrive().await?;
        let engine = Arc::new(engine);
        let failures = Arc::new(AtomicU32::new(0));
        let (failing, failed) = watch::channel(false);
        let failing = Arc::new(failing);
        let scheduler = JobScheduler::new().await.map_err(Error::internal)?;
        let ticking = Arc::clone(&engine);
        let job = Job::new_async(BEAT, move |_, _| {
            let (engine, failures, failing) = (
                Arc::clone(&ticking),
                Arc::clone(&failures),
                Arc::clone(&failing),
            );
            Box::pin(async move {
                match engine.tick().await {
                    Ok(outcome) => {
                        failures.store(0, Ordering::Relaxed);
                        if !outcome.is_idle() {
                            tracing::info!(?outcome, "a tick did something");
                        }
                    }
                    Err(error) => {
                        tracing::error!(error = %describe(&error), "a tick failed");
                        if failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_BEFORE_GIVING_UP
                        {
                            // Whoever waits for this has gone only when the process ends.
                            let _nobody_waits = failing.send(true);
                        }
                    }
                }
            })
        })
        .map_err(Error::internal)?;
        scheduler.add(job).await.map_err(Error::internal)?;
        scheduler.start().await.map_err(Error::internal)?;
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

//! Who looked at whose clinical record: noted after the look and not in its way.
//!
//! Looks go into a bounded queue, and a thread of its own stores those that wait together, through the write door. Where
//! the queue is full the look waits for its own note instead, so that none is lost unseen; both are counted. What still
//! waits is stored when the server stops; a process that is killed loses the looks of its last moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Stopwatch};

use stipple_shared::storage::access_events::AccessEvent;
use stipple_shared::storage::{Store, WriteContext};

use crate::metrics::Metrics;

/// So many looks may wait.
const QUEUE_LENGTH: usize = 10_000;
/// So many are stored together.
const LARGEST_BATCH: usize = 500;
/// For so long the first of a batch waits for others.
const GATHERING: Duration = Duration::from_millis(200);
/// After a batch that couldn't be stored it's tried again after this pause.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a batch is tried when the server stops.
const LAST_TRIES: usize = 5;

/// The queue to the thread that stores the looks.
pub(crate) struct AccessLog {
    queue: Mutex<Option<SyncSender<AccessEvent>>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    stopping: Arc<AtomicBool>,
    metrics: Metrics,
}

impl AccessLog {
    /// Starts the thread.
    pub(crate) fn start(store: Store, metrics: Metrics) -> std::io::Result<Self> {
        Self::with_room(store, metrics, QUEUE_LENGTH)
    }

    fn with_room(store: Store, metrics: Metrics, room: usize) -> std::io::Result<Self> {
        let (queue, looks) = sync_channel(room);
        let stopping = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            store,
            stopping: Arc::clone(&stopping),
            metrics: metrics.clone(),
        };
        let keeper = std::thread::Builder::new()
            .name("access log".into())
            .spawn(move || keeper.keep(&looks))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            keeper: Mutex::new(Some(keeper)),
            stopping,
            metrics,
        })
    }

    /// One that notes nothing, for a server that shows no records.
    pub(crate) fn off(metrics: Metrics) -> Self {
        Self {
            queue: Mutex::new(None),
            keeper: Mutex::new(None),
            stopping: Arc::new(AtomicBool::new(true)),
            metrics,
        }
    }

    /// Notes these looks. Waits only where the queue is full.
    pub(crate) async fn note(&self, store: &Store, looks: Vec<AccessEvent>) {
        let mut left = Vec::new();
        {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            for look in looks {
                match queue.as_ref().map(|queue| queue.try_send(look)) {
                    Some(Ok(())) => {}
                    Some(Err(TrySendError::Full(look) | TrySendError::Disconnected(look))) => {
                        left.push(look);
                    }
                    None => {}
                }
            }
        }
        if left.is_empty() {
            return;
        }
        let count = left.len();
        self.metrics.access_waited(count);
        let stored = store
            .write(WriteContext::command_line(), move |tx| {
                AccessEvent::keep_all(tx, &left)
            })
            .await;
        if let Err(error) = stored {
            self.metrics.access_lost(count);
            tracing::error!(error = %error, looks = count, "looks at records couldn't be noted");
        }
    }

    /// Stores what waits, and stops.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(keeper) = keeper
            && keeper.join().is_err()
        {
            tracing::error!("the access log has failed");
        }
    }
}

/// What the thread works with.
struct Keeper {
    store: Store,
    stopping: Arc<AtomicBool>,
    metrics: Metrics,
}

impl Keeper {
    /// Stores looks until nobody can send any more and none waits.
    fn keep(self, looks: &Receiver<AccessEvent>) {
        while let Ok(first) = looks.recv() {
            let mut batch = vec![first];
            let until = Stopwatch::now() + GATHERING;
            while batch.len() < LARGEST_BATCH {
                match looks.recv_timeout(until.saturating_duration_since(Stopwatch::now())) {
                    Ok(look) => batch.push(look),
                    Err(_nobody_else) => break,
                }
            }
            self.store(&batch);
        }
    }

    /// Tries until the batch is stored; when the server stops, a few times more.
    fn store(&self, batch: &[AccessEvent]) {
        let count = batch.len();
        let mut last_tries = LAST_TRIES;
        loop {
            let looks = batch.to_vec();
            let stored = self
                .store
                .write_blocking(WriteContext::command_line(), move |tx| {
                    AccessEvent::keep_all(tx, &looks)
                });
            let Err(error) = stored else {
                self.metrics.access_kept(count);
                return;
            };
            tracing::error!(error = %error, looks = count, "looks at records couldn't be noted yet");
            if self.stopping.load(Ordering::SeqCst) {
                last_tries = last_tries.saturating_sub(1);
                if last_tries == 0 {
                    self.metrics.access_lost(count);
                    return;
                }
            }
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use stipple_shared::Clock;
    use stipple_shared::Result;
    use stipple_shared::domain::{AccessEventId, AccessKind, ApiKeyId, ClientId, Instant};
    use stipple_shared::storage::access_events::AccessFilter;
    use stipple_shared::storage::audit::AuditKey;
    use stipple_shared::storage::paging::PageRequest;
    use stipple_shared::storage::{DatabaseUrl, Scope, StoreOptions};

    use super::*;

    fn look() -> AccessEvent {
        AccessEvent {
            id: AccessEventId::new(),
            at: Instant::from_millis(0),
            key_id: ApiKeyId::new(),
            client_id: ClientId::new(),
            kind: AccessKind::Timeline,
            source: None,
            request_id: None,
        }
    }

    fn kept(store: &Store) -> Result<usize> {
        let page = PageRequest {
            limit: 10_000,
            after: None,
            updated_since: None,
        };
        store.read_blocking(|db| {
            Ok(
                AccessEvent::list(db, &Scope::all(), &AccessFilter::default(), &page)?
                    .0
                    .len(),
            )
        })
    }

    #[test]
    fn no_look_is_lost_where_the_queue_is_full_and_what_waits_is_stored_at_the_end() -> Result<()> {
        let directory = tempfile::tempdir().map_err(stipple_shared::Error::internal)?;
        let url = DatabaseUrl::embedded_in(directory.path());
        Store::migrate(&url)?;
        let store = Store::open(StoreOptions {
            url,
            clock: Clock::system(),
            audit_key: AuditKey::generate()?,
            group_commits: true,
        })?;
        let metrics = Metrics::default();
        let log = AccessLog::with_room(store.clone(), metrics.clone(), 2)
            .map_err(stipple_shared::Error::internal)?;

        // Nothing is stored while this write is under way.
        let (begun, has_begun) = channel();
        let (end, may_end) = channel::<()>();
        let may_end = Mutex::new(may_end);
        store.write_later(WriteContext::command_line(), move |_| {
            let _gone = begun.send(());
            let _gone = may_end
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            Ok(())
        })?;
        let _gone = has_begun.recv();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(stipple_shared::Error::internal)?;
        let looks: Vec<AccessEvent> = (0..LARGEST_BATCH + 50).map(|_| look()).collect();
        let count = looks.len();
        std::thread::scope(|scope| {
            let noting = scope.spawn(|| runtime.block_on(log.note(&store, looks)));
            while metrics.access_counts().1 == 0 {
                std::thread::yield_now();
            }
            let _gone = end.send(());
            assert!(noting.join().is_ok());
        });
        log.stop();
        assert_eq!(kept(&store)?, count);
        assert_eq!(metrics.access_counts().2, 0);
        Ok(())
    }
}

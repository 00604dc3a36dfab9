//! Running the server and the reminders until one is asked to stop or fails.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use stipple_api::{Listening, Server};
use tokio::runtime;

use crate::data::Data;
use crate::failure::Failure;
use crate::reminders::Reminders;
use crate::stopping::StopSignals;

/// What still blocks when all is stopped is a query; it gets so long.
const LAST_QUERIES: Duration = Duration::from_secs(5);

/// Why serving comes to its end.
enum End {
    Asked,
    Failed(Failure),
}

/// The same for what writes into this data, which is left whole at the end.
pub(crate) fn run_on(
    data: &Data,
    future: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let outcome = run(future);
    data.settle();
    outcome
}

/// Runs on a runtime of its own. The HTTP server's threads have theirs.
pub(crate) fn run(future: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("no threads can be started", &error))?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_timeout(LAST_QUERIES);
    outcome
}

/// Binds a server, telling about its address if that can't be had.
pub(crate) fn bound(server: io::Result<Server>, address: &str) -> Result<Server, Failure> {
    server.map_err(|error| Failure::setting("--listen", format!("{address}: {error}")))
}

/// Serves until a signal comes or a part fails; then lets what is under way end.
pub(crate) async fn serve(
    server: Server,
    mut reminders: Option<Reminders>,
    mut signals: StopSignals,
) -> Result<(), Failure> {
    let listening = server.listening();
    let mut running = pin!(server.run());
    let end = tokio::select! {
        ended = &mut running => {
            // The server ends by itself only when it can't go on.
            let failure = server_failure(ended);
            stop_reminders(reminders).await;
            return Err(failure);
        }
        () = signals.next() => End::Asked,
        failure = failed(&mut reminders) => End::Failed(failure),
    };
    signals.exit_at_the_next();
    tracing::info!("stopping: what is under way is finished first");
    let (ended, (), ()) = tokio::join!(running, stop_server(&listening), stop_reminders(reminders));
    match (end, ended) {
        (End::Failed(failure), _) => Err(failure),
        (End::Asked, Err(error)) => Err(server_failure(Err(error))),
        (End::Asked, Ok(())) => {
            tracing::info!("stopped");
            Ok(())
        }
    }
}

async fn stop_server(listening: &Listening) {
    listening.stop().await;
}

async fn stop_reminders(reminders: Option<Reminders>) {
    if let Some(reminders) = reminders {
        reminders.stop().await;
    }
}

async fn failed(reminders: &mut Option<Reminders>) -> Failure {
    match reminders {
        Some(reminders) => reminders.failed().await,
        None => std::future::pending().await,
    }
}

fn server_failure(ended: io::Result<()>) -> Failure {
    match ended {
        Ok(()) => Failure::Fault("the HTTP server stopped by itself".to_owned()),
        Err(error) => Failure::fault("the HTTP server failed", &error),
    }
}

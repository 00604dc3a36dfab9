//! `stipple api`: the API alone.

use clap::Args;
use stipple_api::{ExpectedWorker, Options, Server};
use stipple_shared::config::{DataArgs, EdgeArgs, ListenArgs, PublicArgs};

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::open_files;
use crate::print;
use crate::serving;
use crate::stopping::StopSignals;

/// The port where none is named.
pub(crate) const PORT: u16 = 8080;

#[derive(Args)]
pub(crate) struct Api {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    public: PublicArgs,
    #[command(flatten)]
    edge: EdgeArgs,
}

impl Api {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let data = Data::locate(self.data, DIRECTORY);
        data.migrate_embedded()?;
        let store = data.open()?;
        Data::furnish(&store)?;
        let mut options = Options {
            listen: self.listen.address(PORT),
            threads: self.listen.threads(),
            expects_worker: ExpectedWorker::None,
            links: data.links(self.public)?,
            edge: self.edge.into(),
        };
        open_files::make_room(&mut options.edge);
        serving::run_on(&data, async move {
            let signals = StopSignals::listen()
                .map_err(|error| Failure::fault("signals can't be listened for", &error))?;
            let server =
                serving::bound(Server::bind(store, &options), &options.listen.to_string())?;
            print(&format!(
                "listening on http://{}\n",
                server.listening().address
            ))?;
            serving::serve(server, None, signals).await
        })
    }
}

//! `stipple worker`: the reminders alone, with what those who run it ask.

use clap::Args;
use stipple_api::{EdgeOptions, ExpectedWorker, Options, operations_only};
use stipple_shared::config::{DataArgs, ListenArgs, MailArgs, PublicArgs};

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::mail::MailSettings;
use crate::print;
use crate::reminders;
use crate::serving;
use crate::stopping::StopSignals;

/// The port where none is named: not the API's, so that both can run on one machine.
const PORT: u16 = 8081;

#[derive(Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    public: PublicArgs,
}

impl Worker {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mail = MailSettings::read(&self.mail)?;
        let data = Data::locate(self.data, DIRECTORY);
        let store = data.open_existing()?;
        mail.refuse_real_server_for(data.contents()?)?;
        let links = data.links(self.public)?;
        let worker_id = stipple_worker::new_id();
        let options = Options {
            listen: self.listen.address(PORT),
            threads: 1,
            expects_worker: ExpectedWorker::This(worker_id.clone()),
            links: links.clone(),
            edge: EdgeOptions::default(),
        };
        serving::run_on(&data, async move {
            let signals = StopSignals::listen()
                .map_err(|error| Failure::fault("signals can't be listened for", &error))?;
            let server = serving::bound(
                operations_only(store.clone(), &options),
                &options.listen.to_string(),
            )?;
            let reminders = reminders::start(store, mail, links, worker_id).await?;
            print(&format!(
                "listening on http://{}\n",
                server.listening().address
            ))?;
            serving::serve(server, Some(reminders), signals).await
        })
    }
}

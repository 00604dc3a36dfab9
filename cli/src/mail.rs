//! The mail settings, and `stipple mail`, which tries them.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use stipple_shared::Clock;
use stipple_shared::config::{DataArgs, MailArgs};
use stipple_shared::domain::text::EmailAddress;
use stipple_shared::mail::RenderedMail;
use stipple_shared::storage::Contents;
use stipple_shared::storage::sending_rate::SendingRate;
use stipple_worker::EngineOptions;
use stipple_worker::transport::{
    DkimSigner, Outcome, OutgoingMail, Phase, Target, Timeouts, Transport,
};
use uuid::Uuid;

use crate::data::{DIRECTORY, Data};
use crate::failure::Failure;
use crate::print;
use crate::serving;

/// Where mails seem to come from that are written to files and reach nobody.
const FROM_IN_FILES: &str = "studio@example.invalid";

/// The mail settings, read.
pub(crate) struct MailSettings {
    /// Where mails go, and the address that they come from; reminders are held where there is none.
    pub(crate) way_out: Option<(Target, EmailAddress)>,
    dkim: Option<DkimSigner>,
    rate: SendingRate,
}

impl MailSettings {
    /// Reads the settings together.
    pub(crate) fn read(mail: &MailArgs) -> Result<Self, Failure> {
        let target = match &mail.smtp_url {
            Some(url) => Some(
                Target::parse(url.reveal())
                    .map_err(|error| Failure::setting("--smtp-url", error))?,
            ),
            None => None,
        };
        let target = match (target, &mail.smtp_ca) {
            (Some(Target::Smtp(url)), Some(file)) => {
                let pem = read_file("--smtp-ca", file)?;
                let url = url
                    .trusting(pem.as_bytes())
                    .map_err(|error| Failure::setting("--smtp-ca", error))?;
                Some(Target::Smtp(url))
            }
            (target, _) => target,
        };
        let way_out = match (target, mail.mail_from.clone()) {
            (None, _) => None,
            (Some(target), Some(from)) => Some((target, from)),
            (Some(target @ Target::Files(_)), None) => {
                Some((target, EmailAddress::literal(FROM_IN_FILES)))
            }
            (Some(Target::Smtp(_)), None) => {
                return Err(Failure::setting(
                    "--mail-from",
                    "with an SMTP server, say which address mails come from",
                ));
            }
        };
        let dkim = match (&way_out, &mail.dkim_key, &mail.dkim_selector) {
            (Some((_, from)), Some(file), Some(selector)) => {
                let key = read_file("--dkim-key", file)?;
                let signer = DkimSigner::new(selector, domain_of(from), &key)
                    .map_err(|error| Failure::setting("--dkim-key", error))?;
                Some(signer)
            }
            _ => None,
        };
        Ok(Self {
            way_out,
            dkim,
            rate: SendingRate {
                per_minute: mail.mails_per_minute.get(),
                at_once: mail.mails_at_once.get(),
            },
        })
    }

    /// What the reminder engine is set up with.
    pub(crate) fn engine_options(&self) -> EngineOptions {
        let (target, from) = match &self.way_out {
            Some((target, from)) => (Some(target.clone()), from.to_string()),
            None => (None, String::new()),
        };
        EngineOptions {
            rate: self.rate,
            dkim: self.dkim.clone(),
            ..EngineOptions::new(target, from)
        }
    }

    /// Lets mails go to a directory where no other way out is set.
    pub(crate) fn or_files(mut self, directory: PathBuf) -> Self {
        if self.way_out.is_none() {
            let from = EmailAddress::literal(FROM_IN_FILES);
            self.way_out = Some((Target::Files(directory), from));
        }
        self
    }

    /// Nobody real may get a mail about the demo's made-up clients.
    pub(crate) fn refuse_real_server_for(&self, contents: Contents) -> Result<(), Failure> {
        match (contents, &self.way_out) {
            (Contents::Demo, Some((Target::Smtp(_), _))) => Err(Failure::setting(
                "--smtp-url",
                "the demo sends no real mails: leave this out, or name a directory as in file:mails",
            )),
            _ => Ok(()),
        }
    }

    /// Whether mails leave for a server, and not for files.
    pub(crate) fn has_server(&self) -> bool {
        let target = self.way_out.as_ref().map(|(target, _)| target);
        target.is_some_and(|target| !matches!(target, Target::Files(_)))
    }

    /// Where mails lie or go, in words.
    pub(crate) fn describe(&self) -> String {
        match &self.way_out {
            None => "none leave: reminders are held until --smtp-url (STIPPLE_SMTP_URL) is set"
                .to_owned(),
            Some((Target::Files(directory), _)) => {
                format!("one file each in {}", directory.display())
            }
            Some((Target::Smtp(url), _)) => format!("by {}, port {}", url.host, url.port),
        }
    }
}

fn read_file(flag: &'static str, file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::setting(flag, format!("{}: {error}", file.display())))
}

fn domain_of(from: &EmailAddress) -> &str {
    from.rsplit_once('@')
        .map_or("localhost", |(_, domain)| domain)
}

#[derive(Subcommand)]
pub(crate) enum Mail {
    /// Send one neutral mail, and say what became of it
    Test(Test),
}

#[derive(Args)]
pub(crate) struct Test {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    mail: MailArgs,
    /// Who gets the mail
    #[arg(value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    address: EmailAddress,
}

impl Mail {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Self::Test(test) = self;
        let settings = MailSettings::read(&test.mail)?;
        // The data is looked at for this alone, so that mails can be tried before there is any.
        if Data::locate(test.data, DIRECTORY).is_demo() {
            settings.refuse_real_server_for(Contents::Demo)?;
        }
        let Some((target, from)) = settings.way_out else {
            return Err(Failure::setting(
                "--smtp-url",
                "nothing to try: say where mails go, as in smtp://mail.example.com or file:mails",
            ));
        };
        serving::run(async move {
            let domain = domain_of(&from);
            let mail = test_mail(&from, &test.address, domain);
            let transport = Transport::open(target, domain, Timeouts::default(), settings.dkim);
            let outcome = transport
                .send(&mail, async || Ok::<(), Infallible>(()))
                .await;
            transport.close().await;
            tell(outcome)
        })
    }
}

fn test_mail(from: &str, to: &str, domain: &str) -> OutgoingMail {
    const TEXT: &str = "This mail was sent to try the mail settings. Nothing needs to be done.";
    OutgoingMail {
        from: from.to_owned(),
        reply_to: None,
        to: to.to_owned(),
        message_id: format!("<{}@{domain}>", Uuid::now_v7()),
        date: Clock::system().now(),
        content: RenderedMail {
            sender_name: "Stipple".to_owned(),
            subject: "A test of the mail settings".to_owned(),
            preheader: "Nothing needs to be done.".to_owned(),
            text: format!("{TEXT}\n"),
            html: format!("<!DOCTYPE html><html lang=\"en\"><body><p>{TEXT}</p></body></html>"),
            calendar: None,
            list_unsubscribe: None,
        },
        list_unsubscribe: None,
    }
}

fn tell(outcome: Outcome) -> Result<(), Failure> {
    let answer = outcome
        .code()
        .map_or_else(String::new, |code| format!(", the server answered {code}"));
    let phase = outcome.phase().map_or("", Phase::name);
    let advice = match outcome {
        Outcome::Sent => return print("sent: the server took the mail\n"),
        Outcome::Written => return print("written: the mail stands in a file\n"),
        Outcome::Permanent { .. } => "this address is refused for good; try another",
        Outcome::Transient { .. } => {
            "nothing was accepted; try again, and look at host, port and network"
        }
        Outcome::Configuration { .. } => {
            "the settings are wrong: look at host, port, encryption, user, password and sender"
        }
        Outcome::Ambiguous { .. } => "the answer was lost; look whether the mail came",
    };
    Err(Failure::Fault(format!(
        "{} in phase {phase}{answer}: {advice}",
        outcome.name()
    )))
}

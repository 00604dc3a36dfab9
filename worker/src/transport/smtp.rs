//! SMTP, command by command.
//!
//! lettre's own transport bounds only the opening of a connection, and doesn't tell when the content begins to leave.
//! Here each phase has its own time limit, and the moment of the handover is known.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use lettre::transport::smtp::{self, response::Severity};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::classify::{self, Fault, outcome};
use super::mime::{self, Built};
use super::target::{SmtpUrl, TlsMode};
use super::{DkimSigner, Outcome, OutgoingMail, Phase};

/// How long each phase may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Finding the host; and opening the connection, for each of its addresses.
    pub connect: Duration,
    /// The greeting and the list of extensions.
    pub greeting: Duration,
    /// The encryption.
    pub tls: Duration,
    /// The login.
    pub auth: Duration,
    /// Naming the sender, and naming the recipient.
    pub envelope: Duration,
    /// Asking to hand over.
    pub data: Duration,
    /// The content and the answer to it. Too short a wait makes repeats of mails that were accepted.
    pub after_data: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            greeting: Duration::from_secs(60),
            tls: Duration::from_secs(30),
            auth: Duration::from_secs(30),
            envelope: Duration::from_secs(60),
            data: Duration::from_secs(60),
            after_data: Duration::from_secs(600),
        }
    }
}

impl Timeouts {
    /// The same short limit for every phase: for tests against a server that falls silent.
    pub fn all(limit: Duration) -> Self {
        Self {
            connect: limit,
            greeting: limit,
            tls: limit,
            auth: limit,
            envelope: limit,
            data: limit,
            after_data: limit,
        }
    }

    /// The longest that an attempt can take until only the content is left to hand over.
    pub fn longest_way_to_handover(&self) -> Duration {
        let connecting = self.connect * (ADDRESSES + 1);
        let opening = connecting + self.greeting * 2 + self.tls * 2 + self.auth;
        // An idle connection is tried first, by one more command.
        opening + self.envelope * 3
    }

    /// The longest that the handover can take from there.
    pub fn longest_handover(&self) -> Duration {
        self.data + self.after_data
    }
}

/// A connection serves this many mails, as many servers allow no more.
const MAILS_PER_CONNECTION: u32 = 50;

/// An idle connection is older than this only where a server is unusually patient.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// How long a farewell may take.
const QUIT_LIMIT: Duration = Duration::from_secs(5);

/// So many of a host's addresses are tried.
const ADDRESSES: u32 = 4;

/// Sends by an SMTP server, and keeps the connections for the next mails: as many as mails were under way at once.
pub struct SmtpTransport {
    url: SmtpUrl,
    hello: ClientId,
    timeouts: Timeouts,
    dkim: Option<DkimSigner>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
    mails: u32,
}

/// A failure before the content began to leave.
struct Failure(Phase, Fault);

impl SmtpTransport {
    /// A transport to this server; nothing is opened yet. `hello` is the domain that mails are sent from.
    pub fn new(url: SmtpUrl, hello: &str, timeouts: Timeouts, dkim: Option<DkimSigner>) -> Self {
        Self {
            url,
            hello: ClientId::Domain(hello.to_owned()),
            timeouts,
            dkim,
            idle: Mutex::default(),
        }
    }

    /// Makes one attempt; see [`super::Transport::send`].
    pub async fn send<E>(
        &self,
        mail: &OutgoingMail,
        before_handover: impl AsyncFnOnce() -> Result<(), E>,
    ) -> Outcome {
        let built = match mime::build(mail, self.dkim.as_ref()) {
            Ok(built) => built,
            Err(outcome) => return outcome,
        };
        let (mut connection, mails) = match self.connection().await {
            Ok(found) => found,
            Err(Failure(phase, fault)) => return outcome(phase, fault),
        };
        if let Err(Failure(phase, fault)) = self.envelope(&mut connection, &built).await {
            return outcome(phase, fault);
        }
        if before_handover().await.is_err() {
            return outcome(Phase::Data, Fault::Lost);
        }
        if let Err(Failure(phase, fault)) = self.ask_to_hand_over(&mut connection).await {
            return outcome(phase, fault);
        }
        match self.hand_over(&mut connection, &built).await {
            Ok(()) => {
                self.keep(connection, mails + 1);
                Outcome::Sent
            }
            Err(fault) => outcome(Phase::AfterData, fault),
        }
    }

    /// Takes leave of the server, if a connection is open.
    pub async fn close(&self) {
        while let Some(mut idle) = self.take_idle() {
            // A farewell that fails changes nothing: every mail on this connection has had its answer.
            let _ = timeout(QUIT_LIMIT, idle.connection.quit()).await;
        }
    }

    /// The idle connection if it still answers, or a new one; with the number of mails that it has carried.
    async fn connection(&self) -> Result<(AsyncSmtpConnection, u32), Failure> {
        while let Some(mut idle) = self.take_idle() {
            if idle.since.elapsed() >= IDLE_LIMIT || idle.mails >= MAILS_PER_CONNECTION {
                // Old ones end politely, and nobody waits for their answer.
                let _sent = timeout(QUIT_LIMIT, idle.connection.quit()).await;
                continue;
            }
            let answer = timeout(self.timeouts.envelope, idle.connection.command(Noop)).await;
            if matches!(answer, Ok(Ok(reply)) if is_done(&reply)) {
                return Ok((idle.connection, idle.mails));
            }
            // The others have been idle for longer, and each would take its time to show that it's dead.
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        }
        Ok((self.open().await?, 0))
    }

    fn take_idle(&self) -> Option<Idle> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection, mails: u32) {
        let since = Instant::now();
        let idle = Idle {
            connection,
            since,
            mails,
        };
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(idle);
    }

    /// A new connection, greeted, encrypted and logged in.
    async fn open(&self) -> Result<AsyncSmtpConnection, Failure> {
        let addresses = self.resolve().await?;
        let mut connection = match self.url.tls {
            TlsMode::Implicit => self.open_encrypted(&addresses).await?,
            TlsMode::Required | TlsMode::Opportunistic | TlsMode::None => {
                self.open_plain(&addresses).await?
            }
        };
        let starttls = match self.url.tls {
            TlsMode::Required => true,
            TlsMode::Opportunistic => connection.can_starttls(),
            TlsMode::Implicit | TlsMode::None => false,
        };
        if starttls {
            let limit = self.timeouts.tls + self.timeouts.greeting;
            let upgraded = connection.starttls(self.tls_parameters()?, &self.hello);
            within(Phase::Tls, limit, upgraded).await?;
        }
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        let found = tokio::net::lookup_host((self.url.host.as_str(), self.url.port));
        match timeout(self.timeouts.connect, found).await {
            Ok(Ok(addresses)) => {
                let addresses: Vec<_> = addresses.take(ADDRESSES as usize).collect();
                if addresses.is_empty() {
                    return Err(Failure(Phase::Connect, Fault::Unresolvable));
                }
                Ok(addresses)
            }
            Ok(Err(_)) => Err(Failure(Phase::Connect, Fault::Unresolvable)),
            Err(_) => Err(Failure(Phase::Connect, Fault::Lost)),
        }
    }

    async fn open_plain(&self, addresses: &[SocketAddr]) -> Result<AsyncSmtpConnection, Failure> {
        for address in addresses {
            let opened = timeout(self.timeouts.connect, TcpStream::connect(address)).await;
            let Ok(stream) = opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) else {
                continue;
            };
            // The content leaves in two writes: without this the second waits for the first's acknowledgement.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let greeted =
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
            return within(Phase::Greeting, self.timeouts.greeting, greeted).await;
        }
        Err(Failure(Phase::Connect, Fault::Lost))
    }

    /// lettre opens, encrypts and greets in one call here: which of them failed is read from its error.
    async fn open_encrypted(
        &self,
        addresses: &[SocketAddr],
    ) -> Result<AsyncSmtpConnection, Failure> {
        let Timeouts {
            connect,
            tls,
            greeting,
            ..
        } = self.timeouts;
        let parameters = Some(self.tls_parameters()?);
        let opened = AsyncSmtpConnection::connect_tokio1(
            addresses,
            Some(connect),
            &self.hello,
            parameters,
            None,
        );
        let attempts = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let limit = connect.saturating_mul(attempts) + tls + greeting;
        match timeout(limit, opened).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) if classify::is_handshake(&error) => {
                Err(Failure(Phase::Tls, classify::fault(&error)))
            }
            Ok(Err(error)) if error.status().is_some() || error.is_response() => {
                Err(Failure(Phase::Greeting, classify::fault(&error)))
            }
            Ok(Err(_)) => Err(Failure(Phase::Connect, Fault::Lost)),
            Err(_) => Err(Failure(Phase::Tls, Fault::Lost)),
        }
    }

    fn tls_parameters(&self) -> Result<TlsParameters, Failure> {
        let mut parameters = TlsParameters::builder(self.url.host.clone());
        if let Some(authority) = self.url.authority() {
            parameters = parameters.add_root_certificate(authority.clone());
        }
        parameters
            .build()
            .map_err(|_| Failure(Phase::Tls, Fault::Handshake))
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Failure> {
        let Some((user, password)) = self.url.credentials() else {
            return Ok(());
        };
        // With tls=opportunistic a server, or somebody between, can leave the encryption out.
        let encrypted = self.url.tls == TlsMode::Implicit || connection.is_encrypted();
        if !encrypted && !self.url.is_loopback() {
            return Err(Failure(Phase::Auth, Fault::Missing));
        }
        let credentials = Credentials::new(user.clone(), password.clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        let reply = connection.auth(&mechanisms, &credentials);
        let reply = within(Phase::Auth, self.timeouts.auth, reply).await?;
        done(Phase::Auth, &reply)
    }

    async fn envelope(
        &self,
        connection: &mut AsyncSmtpConnection,
        built: &Built,
    ) -> Result<(), Failure> {
        let mut parameters = Vec::new();
        if built.needs_smtp_utf8() {
            if !connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                return Err(Failure(Phase::Rcpt, Fault::Missing));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let limit = self.timeouts.envelope;
        let command = Mail::new(Some(built.from.clone()), parameters);
        let reply = within(Phase::Mail, limit, connection.command(command)).await?;
        done(Phase::Mail, &reply)?;
        let command = Rcpt::new(built.to.clone(), Vec::new());
        match timeout(limit, connection.command(command)).await {
            Ok(Err(error)) if classify::refuses_to_relay(&error) => {
                Err(Failure(Phase::Rcpt, Fault::Relay(classify::code(&error))))
            }
            Ok(Err(error)) => Err(Failure(Phase::Rcpt, classify::fault(&error))),
            Ok(Ok(reply)) => done(Phase::Rcpt, &reply),
            Err(_) => Err(Failure(Phase::Rcpt, Fault::Lost)),
        }
    }

    async fn ask_to_hand_over(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Failure> {
        let reply = within(Phase::Data, self.timeouts.data, connection.command(Data)).await?;
        // Any other yes belongs to another command: the two sides have lost step.
        if reply.has_code(354) {
            Ok(())
        } else {
            Err(Failure(Phase::Data, Fault::Unexpected))
        }
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        built: &Built,
    ) -> Result<(), Fault> {
        let answer = connection.message(&built.bytes);
        match timeout(self.timeouts.after_data, answer).await {
            Ok(Ok(reply)) if is_done(&reply) => Ok(()),
            Ok(Ok(_)) => Err(Fault::Unexpected),
            Ok(Err(error)) => Err(classify::fault(&error)),
            Err(_) => Err(Fault::Lost),
        }
    }
}

async fn within<T>(
    phase: Phase,
    limit: Duration,
    step: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Failure> {
    match timeout(limit, step).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure(phase, classify::fault(&error))),
        Err(_) => Err(Failure(phase, Fault::Lost)),
    }
}

fn done(phase: Phase, reply: &Response) -> Result<(), Failure> {
    if is_done(reply) {
        Ok(())
    } else {
        Err(Failure(phase, Fault::Unexpected))
    }
}

/// 2xx: lettre also counts 3xx as a yes.
fn is_done(reply: &Response) -> bool {
    reply.code().severity == Severity::PositiveCompletion
}

//! A small SMTP server on this machine that misbehaves on demand, and remembers what it was given.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::privacy::{Watch, Watcher};

/// Where the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Instead of the greeting.
    Greeting,
    /// In answer to EHLO.
    Ehlo,
    /// In answer to STARTTLS.
    Starttls,
    /// Instead of the encryption's handshake.
    Handshake,
    /// In answer to AUTH.
    Auth,
    /// In answer to MAIL.
    Mail,
    /// In answer to RCPT.
    Rcpt,
    /// In answer to DATA.
    Data,
    /// After the first line of the content.
    Content,
    /// In answer to the dot that ends the content.
    AfterDot,
    /// In answer to the NOOP that tries an idle connection.
    Noop,
}

/// How the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this code.
    Reply(u16),
    /// Says nothing more and keeps the connection.
    Stall,
    /// Closes the connection.
    Drop,
    /// Answers with something that is no SMTP.
    Garbage,
    /// Answers rightly, but a byte at a time with this pause before each.
    Drip(Duration),
}

/// What the server will do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script {
    /// Where and how it misbehaves, if at all.
    pub fault: Option<(At, Fault)>,
    /// How many connections misbehave before it behaves; `None` for all.
    pub faulty_connections: Option<usize>,
    /// Whether it offers STARTTLS, which it can't carry out without a certificate.
    pub offers_starttls: bool,
    /// Whether it speaks TLS from the first byte.
    pub implicit_tls: bool,
    /// Closes each connection after this many mails.
    pub mails_per_connection: Option<usize>,
}

/// A mail as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The content, without the dots that the protocol adds.
    pub bytes: Vec<u8>,
}

#[derive(Default)]
struct Memory {
    connections: usize,
    commands: Vec<String>,
    complete: Vec<Received>,
    accepted: Vec<Received>,
}

/// The running server; it ends when this value is dropped.
pub struct SmtpServer {
    // What it's told of those who get mails must not stand in the log.
    _watch: Watch,
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    stopped: Arc<AtomicBool>,
}

impl SmtpServer {
    /// Starts on a free port of the loopback address.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::start_with(script, None)
    }

    /// The same with a certificate, for STARTTLS or TLS from the first byte.
    pub fn start_with(script: Script, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let watch = Watch::begin();
        let watcher = watch.watcher();
        let server = Self {
            _watch: watch,
            address: listener.local_addr()?,
            memory: Arc::default(),
            stopped: Arc::default(),
        };
        let (memory, stopped) = (Arc::clone(&server.memory), Arc::clone(&server.stopped));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (memory, tls) = (Arc::clone(&memory), tls.clone());
                let watcher = watcher.clone();
                thread::spawn(move || {
                    let number = {
                        let mut memory = lock(&memory);
                        memory.connections += 1;
                        memory.connections
                    };
                    let mut script = script;
                    if script
                        .faulty_connections
                        .is_some_and(|faulty| number > faulty)
                    {
                        script.fault = None;
                    }
                    // A client that leaves in the middle is what many tests are about.
                    let _ = Conversation::new(stream, script, memory, tls, watcher)
                        .and_then(Conversation::hold);
                });
            }
        });
        Ok(server)
    }

    /// The URL of this server.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The address and port of this server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails that the server said yes to.
    pub fn accepted(&self) -> Vec<Received> {
        lock(&self.memory).accepted.clone()
    }

    /// How many mails the server said yes to.
    pub fn accepted_count(&self) -> usize {
        lock(&self.memory).accepted.len()
    }

    /// The mails that the server said yes to after it had so many.
    pub fn accepted_after(&self, count: usize) -> Vec<Received> {
        lock(&self.memory)
            .accepted
            .get(count..)
            .map(<[_]>::to_vec)
            .unwrap_or_default()
    }

    /// The mails whose content arrived up to the final dot, whatever the server then answered.
    pub fn complete(&self) -> Vec<Received> {
        lock(&self.memory).complete.clone()
    }

    /// The verbs of all commands, in their order.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.memory).commands.clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        lock(&self.memory).connections
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection; if that fails it has ended already.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that nobody uses any more must not keep its thread for ever.
const PATIENCE: Duration = Duration::from_secs(60);

enum Wire {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}

struct Conversation {
    wire: BufReader<Wire>,
    script: Script,
    memory: Arc<Mutex<Memory>>,
    tls: Option<Arc<ServerConfig>>,
    watcher: Watcher,
}

impl Conversation {
    fn new(
        stream: TcpStream,
        script: Script,
        memory: Arc<Mutex<Memory>>,
        tls: Option<Arc<ServerConfig>>,
        watcher: Watcher,
    ) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            wire: BufReader::new(Wire::Plain(stream)),
            script,
            memory,
            tls,
            watcher,
        })
    }

    /// From here on all is encrypted, unless the script wants it otherwise.
    fn encrypt(&mut self) -> io::Result<()> {
        if let Some((At::Handshake, fault)) = self.script.fault {
            return self.misbehave(fault, "this is no TLS");
        }
        let Some(config) = self.tls.clone() else {
            // What follows is a handshake that this server doesn't know.
            return self.say("this is no TLS\r\n");
        };
        let Wire::Plain(stream) = self.wire.get_ref() else {
            return Ok(());
        };
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        let encrypted = StreamOwned::new(session, stream.try_clone()?);
        self.wire = BufReader::new(Wire::Encrypted(Box::new(encrypted)));
        Ok(())
    }

    fn hold(mut self) -> io::Result<()> {
        let (mut from, mut to, mut mails) = (String::new(), Vec::new(), 0);
        if self.script.implicit_tls {
            self.encrypt()?;
        }
        self.answer(At::Greeting, "220 test server")?;
        while let Some(line) = self.line()? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let verb = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_uppercase();
            lock(&self.memory).commands.push(verb.clone());
            match verb.as_str() {
                "EHLO" => {
                    let encrypted = matches!(self.wire.get_ref(), Wire::Encrypted(_));
                    let starttls = if self.script.offers_starttls && !encrypted {
                        "250-STARTTLS\r\n"
                    } else {
                        ""
                    };
                    let answer = format!("250-test\r\n{starttls}250-8BITMIME\r\n250 AUTH PLAIN");
                    self.answer(At::Ehlo, &answer)?;
                }
                "STARTTLS" => {
                    if self.answer(At::Starttls, "220 go ahead")? {
                        self.encrypt()?;
                    }
                }
                "AUTH" => {
                    self.answer(At::Auth, "235 welcome")?;
                }
                "NOOP" => {
                    self.answer(At::Noop, "250 still here")?;
                }
                "MAIL" => {
                    from = in_brackets(&line);
                    to.clear();
                    self.answer(At::Mail, "250 sender ok")?;
                }
                "RCPT" => {
                    let recipient = in_brackets(&line);
                    self.watcher.value("recipient", &recipient);
                    to.push(recipient);
                    self.answer(At::Rcpt, "250 recipient ok")?;
                }
                "DATA" => {
                    if !self.answer(At::Data, "354 go ahead")? {
                        continue;
                    }
                    let Some(bytes) = self.content()? else {
                        return Ok(());
                    };
                    let mail = Received {
                        from: from.clone(),
                        to: to.clone(),
                        bytes,
                    };
                    lock(&self.memory).complete.push(mail.clone());
                    // A server that falls silent here has the mail: only a no of its own takes that back.
                    let refused =
                        matches!(self.script.fault, Some((At::AfterDot, Fault::Reply(_))));
                    if !refused {
                        lock(&self.memory).accepted.push(mail);
                    }
                    self.answer(At::AfterDot, "250 queued")?;
                    mails += 1;
                    if self.script.mails_per_connection == Some(mails) {
                        return Ok(());
                    }
                }
                "QUIT" => return self.say("221 bye\r\n"),
                _ => self.say("502 not here\r\n")?,
            }
        }
        Ok(())
    }

    /// The content up to the dot; `None` if the fault of the script came before.
    fn content(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        while let Some(line) = self.line()? {
            if line == b".\r\n" {
                return Ok(Some(bytes));
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if let Some((At::Content, fault)) = self.script.fault {
                self.misbehave(fault, "250 queued")?;
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Answers, rightly or as the script wants it; whether the answer was the right one.
    fn answer(&mut self, place: At, right: &str) -> io::Result<bool> {
        match self.script.fault {
            Some((at, fault)) if at == place => {
                self.misbehave(fault, right)?;
                Ok(matches!(fault, Fault::Drip(_)))
            }
            _ => self.say(&format!("{right}\r\n")).map(|()| true),
        }
    }

    fn misbehave(&mut self, fault: Fault, right: &str) -> io::Result<()> {
        match fault {
            Fault::Reply(code) => self.say(&format!("{code} as the script wants it\r\n")),
            Fault::Garbage => self.say("<html>\u{0}\u{7}this is no mail server\r\n"),
            Fault::Drip(pause) => {
                for byte in format!("{right}\r\n").into_bytes() {
                    thread::sleep(pause);
                    self.wire.get_mut().write_all(&[byte])?;
                    self.wire.get_mut().flush()?;
                }
                Ok(())
            }
            Fault::Drop => Err(io::ErrorKind::ConnectionAborted.into()),
            Fault::Stall => {
                // Reads on in silence until the client leaves.
                while self.line()?.is_some() {}
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.wire.get_mut().write_all(text.as_bytes())?;
        self.wire.get_mut().flush()
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.wire.read_until(b'\n', &mut line)?;
        Ok((read > 0).then_some(line))
    }
}

fn in_brackets(line: &str) -> String {
    let inside = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside
        .map(|(address, _)| address.to_owned())
        .unwrap_or_default()
}

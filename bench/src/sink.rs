//! An SMTP server of the harness's own, which takes all and keeps nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use stipple_worker::transport::Target;

use crate::Outcome;

/// An SMTP server that takes all and keeps nothing.
pub(crate) struct Sink {
    address: SocketAddr,
    taken: Arc<AtomicUsize>,
}

impl Sink {
    /// Listens from now on.
    pub(crate) fn start() -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let sink = Self {
            address: listener.local_addr()?,
            taken: Arc::default(),
        };
        let taken = Arc::clone(&sink.taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = Arc::clone(&taken);
                // A client that goes is no failure.
                thread::spawn(move || hold(stream, &taken).is_ok());
            }
        });
        Ok(sink)
    }

    /// Where mail is to go.
    pub(crate) fn target(&self) -> Outcome<Target> {
        Ok(Target::parse(&format!("smtp://{}?tls=none", self.address))?)
    }

    /// How many mails came.
    pub(crate) fn count(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

fn hold(stream: TcpStream, taken: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let mut in_content = false;
    writer.write_all(b"220 sink\r\n")?;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match (in_content, line.as_slice()) {
            (true, b".\r\n") => {
                in_content = false;
                taken.fetch_add(1, Ordering::SeqCst);
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, line) if line.starts_with(b"EHLO") => b"250-sink\r\n250 8BITMIME\r\n",
            (false, line) if line.starts_with(b"DATA") => {
                in_content = true;
                b"354 go ahead\r\n"
            }
            (false, line) if line.starts_with(b"QUIT") => {
                writer.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            (false, _) => b"250 yes\r\n",
        };
        writer.write_all(answer)?;
    }
}

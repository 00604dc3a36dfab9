//! HTTP by hand, for what no well-mannered client does.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Wire {
    pub(crate) fn open(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).unwrap())
    }

    /// From one of the many addresses that this machine has for itself.
    pub(crate) fn open_from(from: [u8; 4], to: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from = SocketAddr::from((Ipv4Addr::from(from), 0));
        socket.bind(&from.into()).unwrap();
        socket.connect(&to.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends some bytes; whether they could be sent.
    pub(crate) fn send(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).is_ok()
    }

    /// Sends a request without a body and reads the answer.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Raw {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        assert!(self.send(&request), "the connection is gone");
        self.answer()
            .unwrap_or_else(|| panic!("{method} {path} was not answered"))
    }

    /// Reads an answer; nothing where the connection ended first.
    pub(crate) fn answer(&mut self) -> Option<Raw> {
        let head_ends = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more()?;
        };
        let head = String::from_utf8(self.read.drain(..head_ends).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut raw = Raw {
            status,
            head,
            body: Vec::new(),
        };
        if raw.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                raw.body.extend(chunk);
            }
        } else if let Some(length) = raw.header("content-length") {
            let length: usize = length.parse().unwrap();
            while self.read.len() < length {
                self.read_more()?;
            }
            raw.body = self.read.drain(..length).collect();
        }
        Some(raw)
    }

    /// A piece of a body; nothing inside where it was the last.
    fn chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let line = loop {
            if let Some(at) = self.read.windows(2).position(|two| two == b"\r\n") {
                break at;
            }
            self.read_more()?;
        };
        let size = std::str::from_utf8(&self.read[..line]).unwrap().to_owned();
        let size = usize::from_str_radix(&size, 16).unwrap();
        while self.read.len() < line + 2 + size + 2 {
            self.read_more()?;
        }
        let chunk = self.read[line + 2..line + 2 + size].to_vec();
        self.read.drain(..line + 2 + size + 2);
        Some((size > 0).then_some(chunk))
    }

    fn read_more(&mut self) -> Option<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => None,
            Ok(number) => {
                self.read.extend(&buffer[..number]);
                Some(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("nothing came for {PATIENCE:?}: {error}"),
        }
    }

    /// Whether the other side has ended the connection; what it still sends is passed over.
    pub(crate) fn is_ended(&mut self) -> bool {
        self.stream
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let mut buffer = [0; 1024];
        let ended = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => {
                    break !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                }
            }
        };
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ended
    }
}

/// Tries again until it's so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::yield_now();
    }
}

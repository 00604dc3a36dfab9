//! Open connections: how many one address has, and which have been waiting too long.
//!
//! The server below us times the head of a connection's first request only; whoever sends one whole request and then a
//! byte now and then could keep a connection for good. So each is given a time by which its next request must be there.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

use super::Times;
use super::address::{Group, Proxies};
use crate::metrics::ConnectionFigures;

/// While a request is being answered it has times of its own.
const NEVER: u64 = u64::MAX;

/// An answer that is written as it's made may go on for so long after its head.
const LONGEST_STREAM: Duration = Duration::from_secs(3600);

/// Keeps a connection's time, from within a request.
#[derive(Clone)]
pub(crate) struct Watch {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

/// All of them.
pub(crate) struct Connections {
    began: Stopwatch,
    proxies: Proxies,
    most_per_address: Option<NonZeroU32>,
    times: Times,
    figures: ConnectionFigures,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last_id: u64,
    connections: HashMap<u64, Arc<Connection>>,
    per_address: HashMap<Group, u32>,
}

struct Connection {
    /// The same connection by a second handle, to end it by.
    socket: Socket,
    /// By when its next request must be there, in milliseconds from the server's start.
    due: AtomicU64,
}

/// A connection's place among them, which it leaves when it ends. It's reached through its requests.
pub(crate) struct Held {
    watch: Watch,
    id: u64,
    group: Option<Group>,
}

impl Connections {
    pub(super) fn new(
        proxies: Proxies,
        most_per_address: Option<NonZeroU32>,
        times: Times,
        figures: ConnectionFigures,
    ) -> Self {
        Self {
            began: Stopwatch::now(),
            proxies,
            most_per_address,
            times,
            figures,
            open: Mutex::default(),
        }
    }

    /// Takes in a connection that was just made, or ends it where its address has too many.
    pub(crate) fn take_in(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else {
            return;
        };
        let socket = SockRef::from(stream);
        let group = stream
            .peer_addr()
            .ok()
            .and_then(|peer| self.counted(peer.ip()));
        // Whoever reads nothing would otherwise hold its answer in memory for as long as it likes.
        #[cfg(target_os = "linux")]
        let _set = socket.set_tcp_user_timeout(Some(self.times.stalled));
        match socket.try_clone() {
            Ok(second) => match self.enter(second, group) {
                Some(held) => {
                    data.insert(held);
                }
                None => {
                    self.figures.refused.inc();
                    // It may have ended by itself; there is nobody to tell.
                    let _ended = socket.shutdown(Shutdown::Both);
                }
            },
            // Without a second handle it can't be watched.
            Err(_) => {
                let _ended = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// The group that an address is counted in. A proxy of ours has everybody's connections.
    fn counted(&self, peer: IpAddr) -> Option<Group> {
        let peer = peer.to_canonical();
        self.most_per_address?;
        (!self.proxies.trust(peer)).then(|| Group::of(peer))
    }

    fn enter(self: &Arc<Self>, socket: Socket, group: Option<Group>) -> Option<Held> {
        let connection = Arc::new(Connection {
            socket,
            due: AtomicU64::new(self.millis(self.times.head * 2)),
        });
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(group), Some(most)) = (group, self.most_per_address) {
            let number = open.per_address.entry(group).or_default();
            if *number >= most.get() {
                return None;
            }
            *number += 1;
        }
        open.last_id += 1;
        let id = open.last_id;
        open.connections.insert(id, Arc::clone(&connection));
        self.figures.open.inc();
        Some(Held {
            watch: Watch {
                connections: Arc::clone(self),
                connection,
            },
            id,
            group,
        })
    }

    /// How often to look for those that are overdue.
    pub(super) fn look_every(&self) -> Duration {
        (self.times.head / 2).clamp(Duration::from_millis(50), Duration::from_secs(5))
    }

    /// Ends those whose next request should have been there.
    pub(super) fn end_overdue(&self) {
        let now = self.millis(Duration::ZERO);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in open.connections.values() {
            if connection.due.load(Ordering::Relaxed) < now {
                self.figures.overdue.inc();
                // Once is enough: it leaves by itself.
                connection.due.store(NEVER, Ordering::Relaxed);
                let _ended = connection.socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// So long from now, in milliseconds from the server's start.
    fn millis(&self, from_now: Duration) -> u64 {
        let at = self.began.elapsed() + from_now;
        u64::try_from(at.as_millis()).unwrap_or(NEVER)
    }
}

impl Held {
    /// A request is there.
    pub(crate) fn begin(&self) -> Watch {
        self.watch.connection.due.store(NEVER, Ordering::Relaxed);
        self.watch.clone()
    }
}

impl Watch {
    /// It's answered: the next may take as long as a connection may idle, and then its head's time.
    pub(crate) fn end(&self, is_stream: bool) {
        let times = &self.connections.times;
        let longest = if is_stream {
            LONGEST_STREAM
        } else {
            times.idle + times.head
        };
        let due = self.connections.millis(longest);
        self.connection.due.store(due, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self
            .watch
            .connections
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.connections.remove(&self.id);
        self.watch.connections.figures.open.dec();
        if let Some(group) = self.group
            && let Some(number) = open.per_address.get_mut(&group)
        {
            *number -= 1;
            if *number == 0 {
                open.per_address.remove(&group);
            }
        }
    }
}

//! The edge: what stands between the network and the handlers. Who asks from where, how much and how slowly they may,
//! and what browsers are told.

mod address;
mod admission;
mod compression;
mod connections;
mod cors;
mod headers;
mod options;
mod rates;
mod slow_body;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use stipple_shared::domain::ApiKeyId;

use self::address::Proxies;
pub(crate) use self::admission::admit;
pub(crate) use self::compression::{Compression, compress};
pub(crate) use self::connections::{Connections, Held, Watch};
pub(crate) use self::cors::cors;
pub(crate) use self::headers::harden;
pub use self::options::{EdgeOptions, Times};
use self::rates::Rates;
pub(crate) use self::rates::Standing;
pub(crate) use self::slow_body::is_too_slow;
use crate::metrics::ConnectionFigures;
use crate::problem::Problem;

/// How often what is no longer needed is cleared away.
const CLEARED_EVERY: Duration = Duration::from_secs(30);

/// What all threads share of it.
pub(crate) struct Edge {
    proxies: Proxies,
    rates: Rates,
    pub(crate) connections: Arc<Connections>,
    pub(crate) times: Times,
}

/// What the edge knows of a request. It lies in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The client's address, where there is a peer at all.
    pub(crate) address: Option<IpAddr>,
    /// The limit that its answer tells of.
    pub(crate) standing: Option<Standing>,
}

impl Edge {
    pub(crate) fn new(options: &EdgeOptions, figures: ConnectionFigures) -> Self {
        let proxies = || Proxies::new(options.trusted_proxies.clone(), options.forwarded_header);
        Self {
            proxies: proxies(),
            rates: Rates::new(options.key_rate, options.address_rate),
            connections: Arc::new(Connections::new(
                proxies(),
                options.address_connections,
                options.times,
                figures,
            )),
            times: options.times,
        }
    }

    /// What is known of a request when it comes in.
    pub(crate) fn arrival(&self, request: &actix_web::dev::ServiceRequest) -> Arrival {
        Arrival {
            address: request
                .peer_addr()
                .map(|peer| self.proxies.client(peer.ip(), request.headers())),
            standing: None,
        }
    }

    /// Counts the request for its key.
    pub(crate) fn count_for(&self, id: ApiKeyId, request: &HttpRequest) -> Result<(), Problem> {
        let Some(answer) = self.rates.of_key(id) else {
            return Ok(());
        };
        let (standing, answer) = match answer {
            Ok(standing) => (standing, Ok(())),
            Err(standing) => {
                let problem = Problem::too_many_requests(standing.wait());
                (standing, Err(problem))
            }
        };
        if let Some(arrival) = request.extensions_mut().get_mut::<Arrival>() {
            arrival.standing = Some(standing);
        }
        answer
    }

    /// Clears away what is no longer needed, as long as the server runs.
    pub(crate) async fn keep_house(&self) -> std::convert::Infallible {
        let look = self.connections.look_every();
        let mut until_cleared = CLEARED_EVERY;
        loop {
            tokio::time::sleep(look).await;
            self.connections.end_overdue();
            until_cleared = until_cleared.saturating_sub(look);
            if until_cleared.is_zero() {
                self.rates.forget();
                until_cleared = CLEARED_EVERY;
            }
        }
    }
}

/// The address that a change is noted as coming from.
pub(crate) fn source(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let address = extensions.get::<Arrival>()?.address?;
    Some(address.to_string())
}

//! Starting the HTTP server and what all its handlers share.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use stipple_shared::config::PublicUrl;
use stipple_shared::links::{LinkKey, LinkMaker};
use stipple_shared::storage::Store;
use tracing::{Level, Metadata};

use crate::access_log::AccessLog;
use crate::edge::{self, Edge, EdgeOptions};
use crate::key_uses::KeyUses;
use crate::metrics::Metrics;
use crate::openapi::Documents;
use crate::problem::Problem;
use crate::{handlers, middleware, routes};

/// What all handlers share.
pub(crate) struct Api {
    pub(crate) store: Store,
    pub(crate) metrics: Metrics,
    pub(crate) documents: Documents,
    pub(crate) uses: KeyUses,
    pub(crate) access_log: AccessLog,
    pub(crate) edge: Edge,
    /// Whether a worker is expected to tick in this installation.
    pub(crate) expects_worker: ExpectedWorker,
    pub(crate) links: ClientLinks,
}

/// Names a request in the log and in a problem.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What clients' links are read and made with.
#[derive(Clone)]
pub struct ClientLinks {
    /// What they are signed with.
    pub key: LinkKey,
    /// The address that they begin with; mails carry none where there is none.
    pub public_url: Option<PublicUrl>,
}

impl ClientLinks {
    /// What makes the links in mails, where there is an address for them.
    pub fn maker(&self) -> Option<LinkMaker> {
        let base = self.public_url.clone()?;
        Some(LinkMaker::new(self.key.clone(), base))
    }
}

/// Which worker has to tick for a process to be ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedWorker {
    /// None: workers run elsewhere, and others look after them.
    None,
    /// Any at all.
    Any,
    /// The one of this name, whatever others do.
    This(String),
}

/// How the server is started.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// How many threads answer requests.
    pub threads: usize,
    /// Which worker has to tick for this process to be ready.
    pub expects_worker: ExpectedWorker,
    /// What clients' links are read and made with.
    pub links: ClientLinks,
    /// How much may be asked, by whom, and how long it may take.
    pub edge: EdgeOptions,
}

/// Where the server listens, and how to stop it.
#[derive(Clone)]
pub struct Listening {
    /// The address, with the port that was picked.
    pub address: SocketAddr,
    handle: ServerHandle,
}

impl Listening {
    /// Stops the server: no new connections, those under way are answered.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

/// A server that is bound and waits to be run.
pub struct Server {
    listening: Listening,
    server: actix_web::dev::Server,
    api: web::Data<Api>,
}

impl Server {
    /// Binds the whole API.
    pub fn bind(store: Store, options: &Options) -> io::Result<Self> {
        let metrics = Metrics::default();
        let edge = Edge::new(&options.edge, metrics.connections.clone());
        let api = Api {
            access_log: AccessLog::start(store.clone(), metrics.clone())?,
            store,
            metrics,
            documents: Documents::make(),
            uses: KeyUses::default(),
            edge,
            expects_worker: options.expects_worker.clone(),
            links: options.links.clone(),
        };
        bind(api, options, Surface::Whole)
    }

    /// Where it listens.
    pub fn listening(&self) -> Listening {
        self.listening.clone()
    }

    /// Serves until it's stopped.
    pub async fn run(self) -> io::Result<()> {
        let ended = tokio::select! {
            ended = self.server => ended,
            never = self.api.edge.keep_house() => match never {},
        };
        let api = self.api;
        // Nobody is answered any more, so no look comes after this.
        let _ended = tokio::task::spawn_blocking(move || api.access_log.stop()).await;
        ended
    }
}

/// Whether an event of the log is worth a line of it.
///
/// The HTTP server calls it an error of ours when somebody sends what isn't HTTP, or goes away: that's no one's to mend
/// here, and anybody could fill the log with it. It has nothing else to say at this level that isn't told elsewhere.
pub fn is_our_concern(event: &Metadata<'_>) -> bool {
    !(*event.level() == Level::ERROR && event.target().starts_with("actix_http::h1"))
}

/// Binds a server with `/livez`, `/readyz` and `/metrics` alone, for a worker process.
pub fn operations_only(store: Store, options: &Options) -> io::Result<Server> {
    let metrics = Metrics::default();
    let edge = Edge::new(&options.edge, metrics.connections.clone());
    let api = Api {
        access_log: AccessLog::off(metrics.clone()),
        store,
        metrics,
        documents: Documents::operations(),
        uses: KeyUses::default(),
        edge,
        expects_worker: options.expects_worker.clone(),
        links: options.links.clone(),
    };
    bind(api, options, Surface::Operations)
}

#[derive(Clone, Copy)]
enum Surface {
    Whole,
    Operations,
}

fn bind(api: Api, options: &Options, surface: Surface) -> io::Result<Server> {
    let api = web::Data::new(api);
    let listener = TcpListener::bind(options.listen)?;
    let address = listener.local_addr()?;
    let (kept, connections) = (api.clone(), Arc::clone(&api.edge.connections));
    let origins = options.edge.allowed_origins.clone();
    let times = options.edge.times;
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(api.clone())
            .app_data(routes::limits())
            .configure(routes::operations);
        let app = match surface {
            Surface::Whole => app
                .configure(routes::v1)
                .configure(routes::by_link)
                .configure(handlers::documents::configure),
            Surface::Operations => app,
        };
        // The last one is the first that a request meets.
        app.default_service(web::to(nothing_here))
            .wrap(from_fn(edge::admit))
            .wrap(edge::cors(&origins))
            .wrap(from_fn(middleware::surround))
    })
    .on_connect(move |stream, data| connections.take_in(stream, data))
    .workers(options.threads)
    // `stipple up` handles the signals itself, so that the worker's send in flight can end too.
    .disable_signals()
    .shutdown_timeout(20)
    .max_connections(most_connections(options))
    .client_request_timeout(times.head)
    .keep_alive(times.idle)
    .client_disconnect_timeout(times.end)
    .listen(listener)?
    .run();
    Ok(Server {
        listening: Listening {
            address,
            handle: server.handle(),
        },
        server,
        api: kept,
    })
}

/// How many connections each thread takes.
fn most_connections(options: &Options) -> usize {
    let most = usize::try_from(options.edge.connections.get()).unwrap_or(usize::MAX);
    most.div_ceil(options.threads.max(1))
}

/// Answers what no route answered: OPTIONS with what the path answers, 405 where it exists with another method, else 404.
async fn nothing_here(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    let documents = &api.documents;
    if *request.method() == Method::OPTIONS
        && let Some(allowed) = documents.allowed_methods(request.path())
    {
        return Ok(HttpResponse::NoContent()
            .insert_header((header::ALLOW, allowed))
            .finish());
    }
    // Where the path is known with this very method, a route found it not to be one of its own.
    match documents.allowed_instead(request.path(), request.method().as_str()) {
        Some(allowed) => Err(Problem::method_not_allowed(&allowed)),
        None => Err(Problem::no_such_path()),
    }
}

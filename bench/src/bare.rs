//! The yardstick for reads: an Actix handler that answers a body of the same size, and does nothing else.

use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use clap::Args;

use crate::{Outcome, print};

#[derive(Args)]
pub(crate) struct Bare {
    /// The sizes of the bodies at /0, /1 and so on, in bytes
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<usize>,
    /// How many threads answer
    #[arg(long)]
    threads: usize,
}

impl Bare {
    pub(crate) fn run(self) -> Outcome<()> {
        actix_web::rt::System::new().block_on(async move {
            let bodies: Vec<Bytes> = self
                .sizes
                .into_iter()
                .map(|size| Bytes::from(vec![b'x'; size]))
                .collect();
            let server = HttpServer::new(move || {
                bodies
                    .iter()
                    .cloned()
                    .enumerate()
                    .fold(App::new(), |app, (place, body)| {
                        app.route(
                            &format!("/{place}"),
                            web::get().to(move || answer(body.clone())),
                        )
                    })
            })
            .workers(self.threads)
            .bind("127.0.0.1:0")?;
            for address in server.addrs() {
                print(&format!("listening on http://{address}"))?;
            }
            Ok(server.run().await?)
        })
    }
}

async fn answer(body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

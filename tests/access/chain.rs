//! Two studios, and keys that see a part of them.

use serde_json::json;
use stipple_shared::domain::Role;
use stipple_shared::domain::api_key::NewApiKey;
use stipple_shared::domain::text::Name;
use stipple_shared::storage::WriteContext;
use stipple_shared::storage::api_keys::ApiKey;
use stipple_test_support::{Answer, Caller, TestServer, engines};

/// Two studios, with somebody who treats at each.
pub(crate) struct Chain {
    pub(crate) server: TestServer,
    pub(crate) north: String,
    pub(crate) south: String,
    pub(crate) northerner: String,
    pub(crate) southerner: String,
}

impl Chain {
    /// One on each engine.
    pub(crate) fn each(test: impl Fn(&Self)) {
        for engine in engines() {
            let server = TestServer::start(engine);
            let (north, south) = (server.studio().id(), server.studio().id());
            let northerner = server.practitioner(&north).id();
            let southerner = server.practitioner(&south).id();
            test(&Self {
                server,
                north,
                south,
                northerner,
                southerner,
            });
        }
    }

    /// Somebody with a key that sees this studio alone.
    pub(crate) fn at(&self, studio: &str, role: Role) -> Caller {
        self.with_key(NewApiKey {
            studio_ids: Some(vec![studio.parse::<uuid::Uuid>().unwrap().into()]),
            ..NewApiKey::unbounded(role, Name::literal("limited"))
        })
    }

    /// A practitioner who sees their own clients alone.
    pub(crate) fn own(&self, practitioner: &str) -> Caller {
        self.with_key(NewApiKey {
            practitioner_id: Some(practitioner.parse::<uuid::Uuid>().unwrap().into()),
            own_clients_only: true,
            ..NewApiKey::unbounded(Role::Practitioner, Name::literal("own"))
        })
    }

    fn with_key(&self, new: NewApiKey) -> Caller {
        let secret = self
            .server
            .store
            .write_blocking(WriteContext::command_line(), move |tx| {
                ApiKey::make(tx, &new).map(|(_, secret)| secret.reveal().to_owned())
            })
            .unwrap();
        self.server.with_secret(&secret)
    }

    /// Books a consultation on 2026-12-01.
    #[track_caller]
    pub(crate) fn book(
        &self,
        client: &str,
        studio: &str,
        practitioner: &str,
        time: &str,
    ) -> Answer {
        let body = json!({
            "client_id": client, "studio_id": studio, "kind": "consultation", "duration_minutes": 60,
            "booking": {"local_start": format!("2026-12-01T{time}"), "practitioner_id": practitioner},
        });
        self.server.post("/v1/sessions", &body).expect(201)
    }
}

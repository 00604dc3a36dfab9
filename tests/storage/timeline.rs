//! The reads of many things at once: one snapshot each, by as many queries however much there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::Connection as _;
use diesel::connection::InstrumentationEvent;
use serde_json::json;
use stipple_shared::domain::task::NewTask;
use stipple_shared::domain::text::SearchText;
use stipple_shared::domain::{ClientId, PlanId, TaskKind};
use stipple_shared::storage::assessments::Assessment;
use stipple_shared::storage::client_search::search;
use stipple_shared::storage::plans::Plan;
use stipple_shared::storage::tasks::Task;
use stipple_shared::storage::timeline::{
    PlanOverview, TimelineEntry, TimelineFilter, of_client, of_plan,
};
use stipple_shared::storage::{Db, Scope, lot_uses};
use stipple_test_support::engines;

use crate::shop::{Shop, first_page, read};

/// Runs a look and says how many queries it sent.
fn counted<T>(shop: &Shop, look: impl FnOnce(&mut Db) -> stipple_shared::Result<T>) -> (T, usize) {
    let queries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&queries);
    let seen = shop.read(|db| {
        db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let seen = look(db);
        db.set_instrumentation(|_: InstrumentationEvent<'_>| {});
        seen
    });
    (seen, queries.load(Ordering::Relaxed))
}

/// Gives the client of the shop a plan of so many sessions, and as many of everything else.
fn treat(shop: &Shop, times: u8) -> PlanId {
    let (client, studio, practitioner) = (shop.client, shop.studio, shop.practitioner);
    shop.write(move |tx| {
        let plan = Plan::open(
            tx,
            &read(json!({
                "client_id": client, "indication": "scar", "treatment_sessions": times, "session_minutes": 60,
                "more_sessions_reason": (times > 4).then_some("A large area."),
            })),
        )?;
        for number in 0..times {
            Assessment::record(
                tx,
                &read(json!({"client_id": client, "practitioner_id": practitioner, "indication": "scar"})),
            )?;
            Task::open(
                tx,
                NewTask {
                    studio_id: studio,
                    kind: TaskKind::MailFailed,
                    dedupe_key: format!("{}:{number}", plan.id),
                    client_id: Some(client),
                    plan_id: Some(plan.id),
                    session_id: None,
                    mail_id: None,
                    detail: serde_json::Map::new(),
                    due_at: tx.now(),
                },
            )?;
        }
        Ok(plan.id)
    })
    .unwrap()
}

fn timeline(db: &mut Db, client: ClientId) -> stipple_shared::Result<Vec<TimelineEntry>> {
    let page = first_page(200);
    Ok(of_client(db, &Scope::all(), client, &TimelineFilter::default(), &page)?.0)
}

#[test]
fn more_things_cost_no_more_queries() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let small = treat(&shop, 1);
        let overview = |plan| move |db: &mut Db| of_plan(db, &Scope::all(), plan);
        let (few, few_queries) = counted(&shop, |db| timeline(db, shop.client));
        let (_, small_queries) = counted(&shop, overview(small));
        let large = treat(&shop, 12);
        for _ in 0..5 {
            treat(&shop, 12);
        }
        let (many, many_queries) = counted(&shop, |db| timeline(db, shop.client));
        let (PlanOverview { sessions, .. }, large_queries) = counted(&shop, overview(large));
        assert!(many.len() > few.len() + 100, "{}", many.len());
        assert_eq!(sessions.len(), 12);
        // The client, six kinds of things, and the steps of the sessions.
        assert_eq!((few_queries, many_queries), (8, 8));
        // The plan, its sessions, their steps, the records, the reminders.
        assert_eq!((small_queries, large_queries), (5, 5));
        assert!(many.is_sorted_by_key(|entry| (entry.at, entry.id)));
    }
}

#[test]
fn more_uses_cost_no_more_queries() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let product = shop.product("pigment", "Shade 1");
        let lot = shop.lot(product, json!({"code": "K-1"}));
        let use_it = || {
            let body = shop.new_record(json!({"lot_id": lot}));
            shop.record(body).unwrap();
        };
        let uses = |db: &mut Db| lot_uses::of_lot(db, &Scope::all(), lot, &first_page(200));
        use_it();
        let (few, few_queries) = counted(&shop, uses);
        for _ in 0..40 {
            use_it();
        }
        let (many, many_queries) = counted(&shop, uses);
        assert_eq!((few.rows.len(), many.rows.len()), (1, 41));
        // The lot, its other entries, its product and that one's other entries, lots without a code, the records, the newest
        // change, what they used; clients, sessions, studios, practitioners.
        assert_eq!((few_queries, many_queries), (12, 12));
    }
}

#[test]
fn a_search_looks_at_the_index_a_bounded_number_of_times() {
    for engine in engines() {
        let shop = Shop::open(engine);
        let text = SearchText::parse("alex sample a s al sa ale sam").unwrap();
        let (found, queries) = counted(&shop, |db| search(db, &Scope::all(), &text, 50, None));
        assert_eq!(found.clients.len(), 1);
        assert!(queries <= 8 * 4 + 2, "{queries}");
    }
}

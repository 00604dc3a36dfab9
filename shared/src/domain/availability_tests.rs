#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use chrono_tz::{Australia, Europe};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::closed_days::ClosedDays;
use crate::domain::hours::ClockTime;
use crate::domain::id::{ClientId, SessionId};
use crate::domain::overlap::{Claim, conflicts};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn span(starts: &str, ends: &str) -> Interval {
    Interval::new(instant(starts), instant(ends))
}

fn practitioner(number: u128) -> PractitionerId {
    PractitionerId(Uuid::from_u128(number))
}

fn room(number: u128) -> RoomId {
    RoomId(Uuid::from_u128(number))
}

fn every_day(from: &str, until: &str) -> WeeklyHours {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let hours = days.map(|weekday| json!({"weekday": weekday, "from": from, "until": until}));
    serde_json::from_value(json!(hours)).unwrap()
}

fn search() -> SlotSearch {
    SlotSearch {
        zone: Europe::London,
        from_day: day("2027-01-11"),
        until_day: day("2027-01-12"),
        duration_minutes: 60,
        step_minutes: 60,
        opening_hours: every_day("09:00", "12:00"),
        closed_days: ClosedDays::default(),
        practitioners: vec![PractitionerTime {
            practitioner_id: practitioner(1),
            working_hours: every_day("00:00", "24:00"),
            buffer_minutes: 0,
            time_off: vec![],
            busy: vec![],
        }],
        rooms: vec![],
        client_busy: vec![],
        allowed_from: None,
        allowed_until: None,
        not_before: Instant::from_millis(0),
        limit: 1000,
        after: None,
    }
}

fn found(search: &SlotSearch) -> Vec<String> {
    free_slots(search)
        .iter()
        .map(|slot| {
            slot.starts_at
                .at(search.zone)
                .format("%dT%H:%M")
                .to_string()
        })
        .collect()
}

#[test]
fn slots_fill_the_open_hours() {
    let mut search = search();
    assert_eq!(found(&search), ["11T09:00", "11T10:00", "11T11:00"]);
    search.duration_minutes = 90;
    assert_eq!(found(&search), ["11T09:00", "11T10:00"]);
    search.step_minutes = 15;
    search.not_before = instant("2027-01-11T10:01:00Z");
    assert_eq!(found(&search), ["11T10:15", "11T10:30"]);
    search.duration_minutes = 181;
    assert_eq!(found(&search), [""; 0]);
}

#[test]
fn a_buffer_blocks_but_may_reach_past_closing() {
    let mut search = search();
    search.practitioners[0].buffer_minutes = 30;
    assert_eq!(found(&search), ["11T09:00", "11T10:00", "11T11:00"]);
    search.practitioners[0].busy = vec![span("2027-01-11T11:00:00Z", "2027-01-11T12:15:00Z")];
    assert_eq!(found(&search), ["11T09:00"]);
    search.practitioners[0].busy.clear();
    search.practitioners[0].time_off = vec![span("2027-01-11T11:00:00Z", "2027-01-11T12:15:00Z")];
    assert_eq!(found(&search), ["11T09:00", "11T10:00"]);
}

#[test]
fn the_first_free_room_is_named() {
    let mut search = search();
    let busy = |intervals: &[Interval]| intervals.to_vec();
    search.rooms = vec![
        RoomTime {
            room_id: room(1),
            busy: busy(&[span("2027-01-11T09:30:00Z", "2027-01-11T10:30:00Z")]),
        },
        RoomTime {
            room_id: room(2),
            busy: busy(&[span("2027-01-11T10:00:00Z", "2027-01-11T10:30:00Z")]),
        },
    ];
    let rooms = free_slots(&search)
        .iter()
        .map(|slot| slot.room_id)
        .collect::<Vec<_>>();
    assert_eq!(rooms, [Some(room(2)), Some(room(1))]);
    assert_eq!(found(&search), ["11T09:00", "11T11:00"]);
}

#[test]
fn pages_follow_each_other() {
    let mut search = search();
    search.practitioners.insert(
        0,
        PractitionerTime {
            practitioner_id: practitioner(2),
            ..search.practitioners[0].clone()
        },
    );
    let all = free_slots(&search);
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by_key(|slot| (slot.starts_at, slot.practitioner_id)));
    search.limit = 4;
    let first = free_slots(&search);
    search.after = first
        .last()
        .map(|slot| (slot.starts_at, slot.practitioner_id));
    assert_eq!([first, free_slots(&search)].concat(), all);
}

#[test]
fn a_plans_gaps_bound_the_days() {
    let mut search = search();
    search.until_day = day("2027-01-20");
    search.allowed_from = Some(day("2027-01-13"));
    search.allowed_until = Some(day("2027-01-13"));
    search.step_minutes = 180;
    assert_eq!(found(&search), ["13T09:00"]);
    search.allowed_until = Some(day("2027-01-12"));
    assert_eq!(found(&search), [""; 0]);
}

#[test]
fn a_session_may_run_past_midnight_where_the_hours_touch() {
    let mut search = search();
    search.opening_hours = every_day("00:00", "24:00");
    search.duration_minutes = 120;
    assert_eq!(found(&search).last().unwrap(), "11T23:00");
    search.opening_hours = every_day("01:00", "24:00");
    assert_eq!(found(&search).last().unwrap(), "11T22:00");
}

#[test]
fn nothing_starts_on_a_closed_day_or_runs_into_one() {
    let mut search = search();
    search.opening_hours = every_day("00:00", "24:00");
    search.duration_minutes = 120;
    search.until_day = day("2027-01-14");
    search.closed_days =
        serde_json::from_value(json!([{"from_day": "2027-01-12", "until_day": "2027-01-12"}]))
            .unwrap();
    let starts = found(&search);
    assert!(
        starts.iter().all(|start| !start.starts_with("12T")),
        "{starts:?}"
    );
    let of_the_first: Vec<&String> = starts
        .iter()
        .filter(|start| start.starts_with("11T"))
        .collect();
    assert_eq!(*of_the_first.last().unwrap(), "11T22:00");
    assert!(starts.contains(&"13T00:00".to_owned()));
}

#[test]
fn starts_stay_on_the_wall_clock_when_the_clocks_change() {
    let mut search = search();
    search.opening_hours = every_day("00:00", "06:00");
    search.duration_minutes = 30;
    (search.from_day, search.until_day) = (day("2027-03-28"), day("2027-03-29"));
    assert_eq!(
        found(&search),
        ["28T00:00", "28T02:00", "28T03:00", "28T04:00", "28T05:00"]
    );
    (search.from_day, search.until_day) = (day("2027-10-31"), day("2027-11-01"));
    assert_eq!(
        found(&search),
        [
            "31T00:00", "31T01:00", "31T01:00", "31T02:00", "31T03:00", "31T04:00", "31T05:00"
        ]
    );
    // Half an hour forward at two: 02:00 doesn't exist, 03:00 comes after 2.5 hours.
    search.zone = Australia::Lord_Howe;
    (search.from_day, search.until_day) = (day("2027-10-03"), day("2027-10-04"));
    assert_eq!(
        found(&search),
        ["03T00:00", "03T01:00", "03T03:00", "03T04:00", "03T05:00"]
    );
}

#[test]
fn a_month_of_five_practitioners_is_quick() {
    let mut search = search();
    search.until_day = add_days(search.from_day, 31);
    search.opening_hours = every_day("08:00", "20:00");
    search.step_minutes = DEFAULT_STEP_MINUTES;
    search.limit = usize::MAX;
    let busy = (0..31)
        .flat_map(|number| [9, 12, 15].map(|hour| (add_days(day("2027-01-11"), number), hour)))
        .map(|(date, hour)| {
            let starts_at = ClockTime::parse(&format!("{hour:02}:00"))
                .unwrap()
                .on(date, search.zone);
            Interval::new(starts_at, starts_at + TimeDelta::minutes(130))
        })
        .collect::<Vec<_>>();
    search.practitioners = (1..=5)
        .map(|number| PractitionerTime {
            practitioner_id: practitioner(number),
            busy: busy.clone(),
            ..search.practitioners[0].clone()
        })
        .collect();
    search.rooms = (1..=3)
        .map(|number| RoomTime {
            room_id: room(number),
            busy: busy.clone(),
        })
        .collect();
    let started = std::time::Instant::now();
    assert!(!free_slots(&search).is_empty());
    // Generous: an unoptimised build on a busy machine.
    assert!(started.elapsed() < std::time::Duration::from_millis(500));
}

const BASE: &str = "2027-03-27";

fn minute(minutes: i64) -> Instant {
    instant("2027-03-27T00:00:00Z") + TimeDelta::minutes(minutes)
}

/// Sessions over the days around a change of the clocks: start, length, buffer, practitioner, room, client.
fn any_claims() -> impl Strategy<Value = Vec<Claim>> {
    let one = (
        0_i64..4000,
        5_i64..300,
        0_i64..60,
        1_u128..3,
        1_u128..3,
        0_u128..3,
    );
    prop::collection::vec(one, 0..12).prop_map(|all| {
        all.into_iter()
            .map(|(start, length, buffer, who, place, client)| Claim {
                session_id: SessionId::new(),
                practitioner_id: practitioner(who),
                room_id: Some(room(place)),
                client_id: ClientId(Uuid::from_u128(client)),
                starts_at: minute(start),
                ends_at: minute(start + length),
                blocked_until: minute(start + length + buffer),
            })
            .collect()
    })
}

fn busy(claims: &[Claim], wanted: impl Fn(&Claim) -> bool) -> Vec<Interval> {
    claims
        .iter()
        .filter(|claim| wanted(claim))
        .map(Claim::blocked)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_start_is_offered_exactly_if_nothing_stands_against_it(
        claims in any_claims(),
        duration in 5_u16..240,
        step in prop::sample::select(vec![5_u16, 15, 20, 60]),
        buffer in 0_u16..60,
        opens in 0_u16..10,
        closes in 11_u16..=24,
        off in 0_i64..4000,
        not_before in 0_i64..2000,
    ) {
        let client = ClientId(Uuid::from_u128(0));
        let opening_hours = every_day(&format!("{opens:02}:00"), &format!("{closes:02}:00"));
        let working_hours = every_day("08:20", "19:10");
        let time_off = Interval::new(minute(off), minute(off + 200));
        let search = SlotSearch {
            from_day: day(BASE),
            until_day: add_days(day(BASE), 2),
            duration_minutes: duration,
            step_minutes: step,
            opening_hours: opening_hours.clone(),
            practitioners: [1, 2]
                .map(|number| PractitionerTime {
                    practitioner_id: practitioner(number),
                    working_hours: working_hours.clone(),
                    buffer_minutes: buffer,
                    time_off: vec![time_off],
                    busy: busy(&claims, |claim| claim.practitioner_id == practitioner(number)),
                })
                .to_vec(),
            rooms: [1, 2]
                .map(|number| RoomTime { room_id: room(number), busy: busy(&claims, |claim| claim.room_id == Some(room(number))) })
                .to_vec(),
            client_busy: claims.iter().filter(|claim| claim.client_id == client).map(Claim::attended).collect(),
            not_before: minute(not_before),
            limit: usize::MAX,
            ..search()
        };
        let offered = free_slots(&search);

        // The same, minute by minute, with the booking's own rule.
        let mut expected = Vec::new();
        for starts_at in (0..2 * 24 * 60 + 60).map(minute) {
            let date = starts_at.day_at(search.zone);
            let wall = starts_at.at(search.zone).naive_local();
            let since_opening = (wall - date.and_hms_opt(opens.into(), 0, 0).unwrap()).num_minutes();
            let on_grid = date < search.until_day && since_opening >= 0 && since_opening % i64::from(step) == 0;
            let ends_at = starts_at + TimeDelta::minutes(duration.into());
            let session = Interval::new(starts_at, ends_at);
            let within = |hours: &WeeklyHours| hours.open_on(date, search.zone).iter().any(|open| open.covers(session));
            // Two days of 24 hours touch, all others don't.
            let past_midnight = normalise(
                [date, add_days(date, 1)].iter().flat_map(|day| opening_hours.open_on(*day, search.zone)).collect(),
            );
            let open = past_midnight.iter().any(|open| open.covers(session)) && within(&working_hours);
            if !on_grid || !open || session.overlaps(time_off) || starts_at < search.not_before {
                continue;
            }
            for who in [1, 2] {
                let free = [1, 2].into_iter().find(|place| {
                    let candidate = Claim {
                        session_id: SessionId::new(),
                        practitioner_id: practitioner(who),
                        room_id: Some(room(*place)),
                        client_id: client,
                        starts_at,
                        ends_at,
                        blocked_until: ends_at + TimeDelta::minutes(buffer.into()),
                    };
                    conflicts(&candidate, &claims).is_empty()
                });
                if let Some(place) = free {
                    expected.push(Slot { starts_at, ends_at, practitioner_id: practitioner(who), room_id: Some(room(place)) });
                }
            }
        }
        prop_assert_eq!(offered, expected);
    }
}

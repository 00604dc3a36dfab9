//! Finding clients by the words that they are kept under.
//!
//! `client_search_words` is kept in the same transaction as the client. A search goes along the index of the rarest thing
//! that it asks for, in the order of the words, and looks up each client there for the rest. Where even that is common, it
//! goes along two of the words that are kept together. So what it costs depends on the page and not on how many clients
//! there are. Clients of other studios are passed by along the way (`studio_marks.rs`).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::clients::Client;
use super::dialect::{Db, MultiBackend};
use super::kept_text::Keep as _;
use super::schema::{client_search_words, clients, clients_without_words};
use super::scope::{Scope, client_is_seen};
use super::studio_marks;
use crate::domain::ClientId;
use crate::domain::search::{Searched, Term, WordRange, terms};
use crate::domain::text::SearchText;
use crate::error::{Error, Result};

/// How many words must be there for a term to count as more common than one with fewer.
const LADDER: [i64; 3] = [50, 500, 5_000];
/// From so many rungs on a term is common: to look at all of its clients takes too long.
const COMMON: usize = 2;
/// So many clients get their words in one transaction, so that others needn't wait long.
const BATCH: i64 = 500;

diesel::alias! {
    const OTHER: Alias<Other> = client_search_words as other_word;
}

/// What a search goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One of the terms.
    Term(u8),
    /// The first letters of one and all of another.
    Pair(u8, u8),
}

impl Way {
    /// What it comes to for these terms, and those that are left to be asked for.
    fn along(self, terms: &[Term]) -> Option<(Cow<'_, Term>, Vec<&Term>)> {
        let at = |place: u8| terms.get(usize::from(place));
        let (term, done) = match self {
            Self::Term(place) => (Cow::Borrowed(at(place)?), vec![place]),
            Self::Pair(first, second) => {
                let one = at(first)?;
                let mut done = vec![second];
                done.extend(one.is_told_by_a_pair().then_some(first));
                (Cow::Owned(one.together_with(at(second)?)?), done)
            }
        };
        let mut others: Vec<&Term> = (0_u8..)
            .zip(terms)
            .filter(|(place, _)| !done.contains(place))
            .map(|(_, other)| other)
            .collect();
        // Most clients fall by the first that is asked.
        others.sort_by_key(|other| Reverse(other.given()));
        Some((term, others))
    }
}

/// Where a page of a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPosition {
    /// What the search goes along.
    pub way: Way,
    /// At which word.
    pub word: String,
    /// At which client under that word.
    pub id: Uuid,
}

/// A page of the clients who were found.
#[derive(Debug)]
pub struct FoundClients {
    /// The clients, in the order of the word by which they were found.
    pub clients: Vec<Client>,
    /// Where the next page begins, where there is one.
    pub next: Option<SearchPosition>,
}

type Words = client_search_words::table;
type Condition = Box<dyn BoxableExpression<Words, MultiBackend, SqlType = Bool>>;

/// A stretch of the index that a search goes along.
enum Stretch {
    /// One word, after this client.
    Word(String, Uuid),
    /// The words between these two, the first one left out where this says so.
    Words(WordRange, bool),
}

/// Finds the clients who match all that the text asks for.
pub fn search(
    db: &mut Db,
    scope: &Scope,
    text: &SearchText,
    limit: usize,
    after: Option<&SearchPosition>,
) -> Result<FoundClients> {
    let terms = terms(text);
    let way = match after {
        Some(position) => position.way,
        None => best_way(db, &terms)?,
    };
    let Some((term, others)) = way.along(&terms) else {
        return Ok(FoundClients {
            clients: Vec::new(),
            next: None,
        });
    };
    let mut found: Vec<(String, ClientId)> = Vec::new();
    for stretch in stretches(&term, after) {
        let missing = (limit + 1).saturating_sub(found.len());
        if missing == 0 {
            break;
        }
        let mut query = client_search_words::table.into_boxed();
        if let Some(may_be_seen) = studio_marks::may_be_seen(scope) {
            query = query.filter(may_be_seen);
        }
        query = match stretch {
            Stretch::Word(word, id) => query
                .filter(client_search_words::word.eq(word))
                .filter(client_search_words::client_id.gt(id.as_bytes().to_vec())),
            Stretch::Words(range, true) => query
                .filter(client_search_words::word.gt(range.from))
                .filter(client_search_words::word.lt(range.until)),
            Stretch::Words(range, false) => query
                .filter(client_search_words::word.ge(range.from))
                .filter(client_search_words::word.lt(range.until)),
        };
        for other in &others {
            query = query.filter(has_word(other));
        }
        // Most who aren't seen were passed by, so it's asked of those alone who match.
        if let Some(seen) = client_is_seen!(scope, client_search_words::client_id) {
            query = query.filter(seen);
        }
        // Under their first word of the term alone, so that nobody is found twice. Asked last: most
        // clients fall by the other terms, which is quicker.
        for range in &term.ranges {
            query = query.filter(not(has_word_before_this(range)));
        }
        found.extend(
            query
                .order((
                    client_search_words::word.asc(),
                    client_search_words::client_id.asc(),
                ))
                .limit(i64::try_from(missing).unwrap_or(i64::MAX))
                .select((client_search_words::word, client_search_words::client_id))
                .load::<(String, ClientId)>(db)?,
        );
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(word, id)| SearchPosition {
            way,
            word: word.clone(),
            id: id.0,
        });
    let ids: Vec<ClientId> = found.into_iter().map(|(_, id)| id).collect();
    let mut clients: HashMap<ClientId, Client> = clients::table
        .filter(clients::id.eq_any(ids.clone()))
        .select(Client::as_select())
        .load::<Client>(db)?
        .into_iter()
        .map(|client| (client.id, client))
        .collect();
    Ok(FoundClients {
        clients: ids.iter().filter_map(|id| clients.remove(id)).collect(),
        next,
    })
}

/// The stretches of the index under which the clients of a term stand, after a position where there is one.
fn stretches(term: &Term, after: Option<&SearchPosition>) -> Vec<Stretch> {
    let Some(position) = after else {
        return term
            .ranges
            .iter()
            .cloned()
            .map(|range| Stretch::Words(range, false))
            .collect();
    };
    let mut stretches = Vec::new();
    for range in &term.ranges {
        if range.from > position.word {
            stretches.push(Stretch::Words(range.clone(), false));
        } else if range.until > position.word {
            stretches.push(Stretch::Word(position.word.clone(), position.id));
            let rest = WordRange {
                from: position.word.clone(),
                until: range.until.clone(),
            };
            stretches.push(Stretch::Words(rest, true));
        }
    }
    stretches
}

/// The way with the fewest clients beside it, as far as a bounded look along the index tells.
fn best_way(db: &mut Db, terms: &[Term]) -> Result<Way> {
    let mut rarest = (usize::MAX, 0);
    if terms.len() == 1 {
        return Ok(Way::Term(0));
    }
    let mut likely: Vec<(u8, &Term)> = (0_u8..).zip(terms).collect();
    likely.sort_by_key(|(_, term)| Reverse(term.given()));
    for (place, term) in likely {
        let rungs = rungs(db, term, rarest.0)?;
        if rungs < rarest.0 {
            rarest = (rungs, place);
        }
        if rungs == 0 {
            break;
        }
    }
    let mut best = (rarest.0, Way::Term(rarest.1));
    if best.0 < COMMON {
        return Ok(best.1);
    }
    // Together with the rarest, so that there are few to look at.
    let with_rarest =
        |first: u8, second: u8| first != second && (first == rarest.1 || second == rarest.1);
    for (first, one) in (0_u8..).zip(terms) {
        for (second, other) in (0_u8..)
            .zip(terms)
            .filter(|(second, _)| with_rarest(first, *second))
        {
            if let Some(pair) = one.together_with(other) {
                let rungs = rungs(db, &pair, best.0.saturating_add(1))?;
                // Of two that look the same, the pair: in it each client has one word already, and half of another.
                let is_first_pair = matches!(best.1, Way::Term(_)) && rungs <= best.0;
                if is_first_pair || rungs < best.0 {
                    best = (rungs, Way::Pair(first, second));
                }
            }
        }
    }
    Ok(best.1)
}

/// How common a term is: so many rungs of the ladder its words reach. Whether they're more than enough isn't asked.
fn rungs(db: &mut Db, term: &Term, enough: usize) -> Result<usize> {
    let mut reached = 0;
    for range in &term.ranges {
        for rung in LADDER {
            if reached >= enough {
                return Ok(reached);
            }
            let there = client_search_words::table
                .filter(client_search_words::word.ge(&range.from))
                .filter(client_search_words::word.lt(&range.until))
                .order(client_search_words::word)
                .select(client_search_words::client_id)
                .offset(rung)
                .limit(1)
                .get_result::<ClientId>(db)
                .optional()?;
            if there.is_none() {
                break;
            }
            reached += 1;
        }
    }
    Ok(reached)
}

/// A word of the row's client in this range.
#[diesel::dsl::auto_type]
fn word_in(from: String, until: String) -> _ {
    OTHER
        .filter(
            OTHER
                .field(client_search_words::client_id)
                .eq(client_search_words::client_id),
        )
        .filter(OTHER.field(client_search_words::word).ge(from))
        .filter(OTHER.field(client_search_words::word).lt(until))
}

/// Whether the client of the row is also kept under an earlier word of this range.
fn has_word_before_this(range: &WordRange) -> Condition {
    Box::new(exists(
        word_in(range.from.clone(), range.until.clone()).filter(
            OTHER
                .field(client_search_words::word)
                .lt(client_search_words::word),
        ),
    ))
}

/// Whether the client of the row is kept under a word of this term.
fn has_word(term: &Term) -> Condition {
    let mut has: Option<Condition> = None;
    for range in &term.ranges {
        let one: Condition = Box::new(exists(word_in(range.from.clone(), range.until.clone())));
        has = Some(match has {
            Some(other) => Box::new(other.or(one)),
            None => one,
        });
    }
    has.unwrap_or_else(|| Box::new(diesel::dsl::sql::<Bool>("FALSE")))
}

/// The words under which a client should be kept: none for who was taken off the list.
fn words_of(client: &Client) -> BTreeSet<String> {
    if client.deleted_at.is_some() {
        return BTreeSet::new();
    }
    searched(client).words()
}

/// What of a client is searched.
pub(super) fn searched(client: &Client) -> Searched<'_> {
    Searched {
        given_name: &client.given_name,
        family_name: &client.family_name,
        preferred_name: client.preferred_name.as_ref(),
        email: client.email.as_ref(),
        telephone: client.telephone.as_ref(),
        external_id: client.external_id.as_ref(),
    }
}

/// Keeps a client under the words of what is stored of them now. Whatever changes a client calls this in its write.
pub(super) fn keep_words(db: &mut Db, client: &Client) -> Result<()> {
    let words = words_of(client);
    let marks = studio_marks::of_client(db, client)?;
    let kept = words_kept(db, client.id)?;
    for gone in kept.keys().filter(|word| !words.contains(*word)) {
        diesel::delete(client_search_words::table.find((gone, client.id))).execute(db)?;
    }
    if kept.values().any(|kept| *kept != marks) {
        diesel::update(
            client_search_words::table.filter(client_search_words::client_id.eq(client.id)),
        )
        .set(client_search_words::studio_marks.eq(marks))
        .execute(db)?;
    }
    for new in words.iter().filter(|word| !kept.contains_key(*word)) {
        diesel::insert_into(client_search_words::table)
            .values((
                client_search_words::word.eq(new),
                client_search_words::client_id.eq(client.id),
                client_search_words::studio_marks.eq(marks),
            ))
            .kept()
            .execute(db)?;
    }
    Ok(())
}

/// The words under which a client is kept, with the marks of their studios.
fn words_kept(db: &mut Db, id: ClientId) -> Result<BTreeMap<String, i64>> {
    Ok(client_search_words::table
        .filter(client_search_words::client_id.eq(id))
        .select((client_search_words::word, client_search_words::studio_marks))
        .kept()
        .load::<(String, i64)>(db)?
        .into_iter()
        .collect())
}

/// Makes the words of clients who were stored without: by an older release, or by hand. Says of how many.
pub(super) fn make_missing_words(db: &mut Db) -> Result<usize> {
    let mut made = 0;
    loop {
        let waiting = clients_without_words::table
            .select(clients_without_words::client_id)
            .limit(1)
            .get_result::<ClientId>(db)
            .optional()?;
        if waiting.is_none() {
            return Ok(made);
        }
        db.begin_write()?;
        let batch = make_batch(db);
        // A batch that failed is rolled back with its connection.
        made += batch?;
        db.commit_write()
            .map_err(|failure| Error::internal(failure.error))?;
    }
}

fn make_batch(db: &mut Db) -> Result<usize> {
    let ids: Vec<ClientId> = clients_without_words::table
        .order(clients_without_words::client_id)
        .limit(BATCH)
        .select(clients_without_words::client_id)
        .load(db)?;
    let batch: Vec<Client> = clients::table
        .filter(clients::id.eq_any(ids.clone()))
        .select(Client::as_select())
        .load(db)?;
    for client in &batch {
        keep_words(db, client)?;
    }
    diesel::delete(
        clients_without_words::table.filter(clients_without_words::client_id.eq_any(ids)),
    )
    .execute(db)?;
    Ok(batch.len())
}

/// The clients whose words aren't those of what is stored of them, or lack the mark of a studio: none, unless something wrote
/// past this.
pub fn astray(db: &mut Db) -> Result<Vec<ClientId>> {
    let mut astray = Vec::new();
    for client in clients::table
        .select(Client::as_select())
        .load::<Client>(db)?
    {
        let marks = studio_marks::of_client(db, &client)?;
        let kept = words_kept(db, client.id)?;
        let has_marks = kept.values().all(|kept| kept & marks == marks);
        if !has_marks || !kept.into_keys().eq(words_of(&client)) {
            astray.push(client.id);
        }
    }
    Ok(astray)
}

//! Finding clients by the words that they are kept under.
//!
//! `client_search_words` is kept in the same transaction as the client. A search goes along the index of the rarest thing
//! that it asks for, in the order of the words, and looks up each client there for the rest. Where even that is common, it
//! goes along two of the words that are kept together. So what it costs depends on the page and not on how many clients
//! there are.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use diesel::dsl::{exists, min, not};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::clients::Client;
use super::dialect::{Db, MultiBackend};
use super::schema::{client_search_words, clients, clients_without_words};
use super::scope::{Scope, client_is_seen};
use crate::domain::ClientId;
use crate::domain::search::{Searched, Term, WordRange, terms};
use crate::domain::text::SearchText;
use crate::error::{Error, Result};

/// How many words must be there for a term to count as more common than one with fewer.
const LADDER: [i64; 4] = [50, 500, 5_000, 20_000];
/// From so many rungs on a term is common: to look at all of its clients takes too long.
const COMMON: usize = 2;
/// Two words are looked for together where so few different words begin with them; with more, most clients match both.
const MOST_BEGINNINGS: usize = 16;
/// The same for a search that goes on: new clients may have brought new words.
const MOST_BEGINNINGS_LATER: usize = 10 * MOST_BEGINNINGS;
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
    /// Two of them at once, the earlier one first.
    Pair(u8, u8),
}

/// Where a page of a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPosition {
    /// Along which of the terms the search goes, or along which two of them.
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
        Some(position) => Some(position.way),
        None => best_way(db, &terms)?,
    };
    let Some(Course { way, term, others }) =
        way.map(|way| along(db, &terms, way)).transpose()?.flatten()
    else {
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
        if let Some(seen) = client_is_seen!(scope, client_search_words::client_id) {
            query = query.filter(seen);
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
        // Under their first word of the term alone, so that nobody is found twice. Asked last: most
        // clients fall by the other terms, which is quicker.
        query = query.filter(not(has_word_before_this(&term)));
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

/// A way with what is to be done on it.
struct Course<'a> {
    way: Way,
    /// Along this the search goes.
    term: Cow<'a, Term>,
    /// These are left to be asked for of each client.
    others: Vec<&'a Term>,
}

/// What a way comes to for these terms; nothing where they're others.
fn along<'a>(db: &mut Db, terms: &'a [Term], way: Way) -> Result<Option<Course<'a>>> {
    let at = |place: u8| terms.get(usize::from(place));
    let without = |places: [u8; 2]| {
        let is_left = |place: usize| !places.iter().any(|gone| usize::from(*gone) == place);
        let left = terms.iter().enumerate();
        left.filter(|(place, _)| is_left(*place))
            .map(|(_, term)| term)
            .collect()
    };
    match way {
        Way::Term(place) => Ok(at(place).map(|term| Course {
            way,
            term: Cow::Borrowed(term),
            others: without([place, place]),
        })),
        Way::Pair(first, second) => {
            let (Some(one), Some(two)) = (at(first), at(second)) else {
                return Ok(None);
            };
            // However many words came up meanwhile: the page before was found this way.
            let pair = pair_of(db, one, two, MOST_BEGINNINGS_LATER)?;
            Ok(pair.map(|term| Course {
                way,
                term: Cow::Owned(term),
                others: without([first, second]),
            }))
        }
    }
}

/// Two words at once, where few words of clients begin with them.
fn pair_of(db: &mut Db, one: &Term, two: &Term, most: usize) -> Result<Option<Term>> {
    if !one.pairs_with(two) {
        return Ok(None);
    }
    let (mine, theirs) = (beginnings(db, one, most)?, beginnings(db, two, most)?);
    if mine.len() > most || theirs.len() > most {
        return Ok(None);
    }
    Ok(Some(one.together(&mine, two, &theirs)))
}

/// The different words that a term finds, of which one more than can be used is enough.
fn beginnings(db: &mut Db, term: &Term, most: usize) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let Some(range) = term.ranges.first() else {
        return Ok(words);
    };
    while words.len() <= most {
        // From one word straight to the next, past all the clients who have it.
        let next = match words.last() {
            None => client_search_words::table
                .filter(client_search_words::word.ge(&range.from))
                .filter(client_search_words::word.lt(&range.until))
                .select(min(client_search_words::word))
                .get_result::<Option<String>>(db)?,
            Some(last) => client_search_words::table
                .filter(client_search_words::word.gt(last))
                .filter(client_search_words::word.lt(&range.until))
                .select(min(client_search_words::word))
                .get_result::<Option<String>>(db)?,
        };
        match next {
            Some(word) => words.push(word),
            None => break,
        }
    }
    Ok(words)
}

/// The way with the fewest clients beside it, as far as a bounded look along the index tells.
fn best_way(db: &mut Db, terms: &[Term]) -> Result<Option<Way>> {
    let mut by_rarity = Vec::new();
    if terms.len() == 1 {
        return Ok(Some(Way::Term(0)));
    }
    for (place, term) in (0..).zip(terms) {
        let mut steps = 0;
        for range in &term.ranges {
            for rung in LADDER {
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
                steps += 1;
            }
        }
        by_rarity.push((steps, place));
        if steps == 0 {
            break;
        }
    }
    by_rarity.sort_unstable();
    let Some((steps, rarest)) = by_rarity.first().copied() else {
        return Ok(None);
    };
    if steps >= COMMON {
        for (_, other) in by_rarity.iter().skip(1).copied() {
            let (first, second) = (rarest.min(other), rarest.max(other));
            let (Some(one), Some(two)) = (
                terms.get(usize::from(first)),
                terms.get(usize::from(second)),
            ) else {
                continue;
            };
            if pair_of(db, one, two, MOST_BEGINNINGS)?.is_some() {
                return Ok(Some(Way::Pair(first, second)));
            }
        }
    }
    Ok(Some(Way::Term(rarest)))
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

/// Whether the client of the row is also kept under an earlier word of this term.
fn has_word_before_this(term: &Term) -> Condition {
    let mut has: Option<Condition> = None;
    for range in &term.ranges {
        let one: Condition = Box::new(exists(
            word_in(range.from.clone(), range.until.clone()).filter(
                OTHER
                    .field(client_search_words::word)
                    .lt(client_search_words::word),
            ),
        ));
        has = Some(either(has, one));
    }
    has.unwrap_or_else(nothing)
}

fn either(one: Option<Condition>, other: Condition) -> Condition {
    match one {
        Some(one) => Box::new(one.or(other)),
        None => other,
    }
}

fn nothing() -> Condition {
    Box::new(diesel::dsl::sql::<Bool>("FALSE"))
}

/// Whether the client of the row is kept under a word of this term.
fn has_word(term: &Term) -> Condition {
    let mut has: Option<Condition> = None;
    for range in &term.ranges {
        let one: Condition = Box::new(exists(word_in(range.from.clone(), range.until.clone())));
        has = Some(either(has, one));
    }
    has.unwrap_or_else(nothing)
}

/// The words under which a client should be kept: none for who was taken off the list.
fn words_of(client: &Client) -> BTreeSet<String> {
    if client.deleted_at.is_some() {
        return BTreeSet::new();
    }
    Searched {
        given_name: &client.given_name,
        family_name: &client.family_name,
        preferred_name: client.preferred_name.as_ref(),
        email: client.email.as_ref(),
        telephone: client.telephone.as_ref(),
        external_id: client.external_id.as_ref(),
    }
    .words()
}

/// Keeps a client under the words of what is stored of them now. Whatever changes a client calls this in its write.
pub(super) fn keep_words(db: &mut Db, client: &Client) -> Result<()> {
    let words = words_of(client);
    let kept: BTreeSet<String> = client_search_words::table
        .filter(client_search_words::client_id.eq(client.id))
        .select(client_search_words::word)
        .load::<String>(db)?
        .into_iter()
        .collect();
    for gone in kept.difference(&words) {
        diesel::delete(client_search_words::table.find((gone, client.id))).execute(db)?;
    }
    for new in words.difference(&kept) {
        diesel::insert_into(client_search_words::table)
            .values((
                client_search_words::word.eq(new),
                client_search_words::client_id.eq(client.id),
            ))
            .execute(db)?;
    }
    Ok(())
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

/// The clients whose words aren't those of what is stored of them: none, unless something wrote past this.
pub fn astray(db: &mut Db) -> Result<Vec<ClientId>> {
    let mut astray = Vec::new();
    for client in clients::table
        .select(Client::as_select())
        .load::<Client>(db)?
    {
        let kept: BTreeSet<String> = client_search_words::table
            .filter(client_search_words::client_id.eq(client.id))
            .select(client_search_words::word)
            .load::<String>(db)?
            .into_iter()
            .collect();
        if kept != words_of(&client) {
            astray.push(client.id);
        }
    }
    Ok(astray)
}

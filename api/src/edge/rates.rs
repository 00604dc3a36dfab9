//! How many requests a key and an address may make: so many at once, refilled evenly over a minute.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use stipple_shared::domain::ApiKeyId;

use super::address::Group;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a request costs its address where its key isn't good.
const FAILED_KEY: u32 = 20;

/// So many addresses are told apart; beyond them whole networks share.
const MOST_ADDRESSES: usize = 100_000;

/// Seconds over which an empty allowance fills up again.
const WINDOW: u64 = 60;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;

/// One kind of limit.
pub(super) struct Rate<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    limiter: Limiter<K, C>,
    clock: C,
    name: &'static str,
    quota: NonZeroU32,
    policy: HeaderValue,
}

/// Where somebody stands with a limit, as an answer tells it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    name: &'static str,
    policy: HeaderValue,
    remaining: u32,
    /// Until all of it is there again; of who has none left, until one is.
    seconds: u64,
}

impl Standing {
    /// Tells it, in the terms of the IETF's draft (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let told = format!("\"{}\";r={};t={}", self.name, self.remaining, self.seconds);
        if let Ok(told) = HeaderValue::try_from(told) {
            headers.insert(RATE_LIMIT, told);
            headers.insert(RATE_LIMIT_POLICY, self.policy);
        }
    }

    /// After how many seconds to come again.
    pub(super) fn wait(&self) -> u64 {
        self.seconds
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Rate<K, C> {
    pub(super) fn new(name: &'static str, quota: NonZeroU32, clock: C) -> Self {
        let policy = format!("\"{name}\";q={quota};w={WINDOW}");
        Self {
            limiter: RateLimiter::dashmap_with_clock(Quota::per_minute(quota), clock.clone())
                .with_middleware(),
            clock,
            name,
            quota,
            policy: HeaderValue::try_from(policy)
                .unwrap_or_else(|_| HeaderValue::from_static("\"limit\"")),
        }
    }

    /// Counts a request; of who has asked too much, says so.
    pub(super) fn ask(&self, key: &K) -> Result<Standing, Standing> {
        match self.limiter.check_key(key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let missing = u64::from(self.quota.get().saturating_sub(remaining));
                let seconds = (missing * WINDOW).div_ceil(u64::from(self.quota.get()));
                Ok(self.standing(remaining, seconds))
            }
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(self.standing(0, seconds.max(1)))
            }
        }
    }

    /// Takes so many more, as far as there are any.
    fn take(&self, key: &K, number: u32) {
        for _ in 0..number {
            if self.limiter.check_key(key).is_err() {
                return;
            }
        }
    }

    fn standing(&self, remaining: u32, seconds: u64) -> Standing {
        Standing {
            name: self.name,
            policy: self.policy.clone(),
            remaining,
            seconds,
        }
    }

    /// Forgets those whose allowance is full: they are as good as new.
    pub(super) fn forget(&self) {
        self.limiter.retain_recent();
    }
}

/// The limit on addresses, which anybody can have many of.
struct AddressRate<C: Clock = DefaultClock> {
    rate: Rate<Group, C>,
    most: usize,
    asked: AtomicU32,
    /// Whether there are too many to tell apart.
    is_crowded: AtomicBool,
}

impl<C: Clock + Clone> AddressRate<C> {
    fn new(quota: NonZeroU32, most: usize, clock: C) -> Self {
        Self {
            rate: Rate::new("address", quota, clock),
            most,
            asked: AtomicU32::new(0),
            is_crowded: AtomicBool::new(false),
        }
    }

    fn group(&self, address: IpAddr) -> Group {
        if self.is_crowded.load(Ordering::Relaxed) {
            Group::coarse(address)
        } else {
            Group::of(address)
        }
    }

    fn ask(&self, address: IpAddr) -> Result<Standing, Standing> {
        // Counting them isn't free, so it's done now and then.
        if self.asked.fetch_add(1, Ordering::Relaxed) % 1024 == 1023
            && self.rate.limiter.len() > self.most
        {
            self.is_crowded.store(true, Ordering::Relaxed);
        }
        self.rate.ask(&self.group(address))
    }

    fn forget(&self) {
        self.rate.forget();
        self.is_crowded
            .store(self.rate.limiter.len() > self.most, Ordering::Relaxed);
    }
}

/// All limits on requests.
pub(crate) struct Rates {
    keys: Option<Rate<ApiKeyId>>,
    addresses: Option<AddressRate>,
}

impl Rates {
    pub(super) fn new(keys: Option<NonZeroU32>, addresses: Option<NonZeroU32>) -> Self {
        let clock = DefaultClock::default();
        Self {
            keys: keys.map(|quota| Rate::new("key", quota, clock.clone())),
            addresses: addresses.map(|quota| AddressRate::new(quota, MOST_ADDRESSES, clock)),
        }
    }

    /// Counts a request of a key.
    pub(super) fn of_key(&self, id: ApiKeyId) -> Option<Result<Standing, Standing>> {
        Some(self.keys.as_ref()?.ask(&id))
    }

    /// Counts a request from an address.
    pub(super) fn of_address(&self, address: IpAddr) -> Option<Result<Standing, Standing>> {
        Some(self.addresses.as_ref()?.ask(address))
    }

    /// Counts a request whose key wasn't good: whoever tries keys out gets fewer tries.
    pub(super) fn failed(&self, address: IpAddr) {
        if let Some(addresses) = &self.addresses {
            let group = addresses.group(address);
            addresses.rate.take(&group, FAILED_KEY - 1);
        }
    }

    /// Forgets who hasn't asked lately.
    pub(super) fn forget(&self) {
        if let Some(keys) = &self.keys {
            keys.forget();
        }
        if let Some(addresses) = &self.addresses {
            addresses.forget();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn an_allowance_is_used_up_and_fills_again() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::new("key", number(6), clock.clone());
        for left in (0..6).rev() {
            let standing = rate.ask(&1).unwrap();
            assert_eq!(standing.remaining, left);
            assert_eq!(standing.seconds, u64::from(6 - left) * 10);
        }
        let refused = rate.ask(&1).unwrap_err();
        assert_eq!((refused.remaining, refused.wait()), (0, 10));
        // Others aren't concerned.
        rate.ask(&2).unwrap();
        clock.advance(Duration::from_millis(9_500));
        assert_eq!(rate.ask(&1).unwrap_err().wait(), 1);
        clock.advance(Duration::from_millis(500));
        rate.ask(&1).unwrap();
        rate.ask(&1).unwrap_err();
        clock.advance(Duration::from_secs(60));
        let mut headers = HeaderMap::new();
        rate.ask(&1).unwrap().tell(&mut headers);
        assert_eq!(headers.get(RATE_LIMIT).unwrap(), "\"key\";r=5;t=10");
        assert_eq!(headers.get(RATE_LIMIT_POLICY).unwrap(), "\"key\";q=6;w=60");
    }

    #[test]
    fn who_has_not_asked_lately_is_forgotten() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::new("key", number(60), clock.clone());
        for key in 0..500 {
            rate.ask(&key).unwrap();
        }
        assert_eq!(rate.limiter.len(), 500);
        clock.advance(Duration::from_secs(61));
        rate.ask(&1).unwrap();
        rate.forget();
        assert_eq!(rate.limiter.len(), 1);
    }

    #[test]
    fn a_crowd_of_addresses_takes_bounded_memory() {
        let clock = FakeRelativeClock::default();
        let addresses = AddressRate::new(number(6000), 2_000, clock.clone());
        for address in 0..20_000_u32 {
            let address = Ipv4Addr::from(0x0a00_0000 + address * 64);
            let _either = addresses.ask(address.into());
        }
        // Counted every 1,024 requests, and from there on by network.
        assert!(addresses.rate.limiter.len() < 2_000 + 1_024 + 32);
        clock.advance(Duration::from_secs(61));
        addresses.forget();
        assert_eq!(addresses.rate.limiter.len(), 0);
        assert!(!addresses.is_crowded.load(Ordering::Relaxed));
    }

    #[test]
    fn a_wrong_key_costs_its_address_more() {
        let rates = Rates::new(None, Some(number(50)));
        let address = IpAddr::from([192, 0, 2, 1]);
        for left in [49, 29, 9] {
            let standing = rates.of_address(address).unwrap().unwrap();
            assert_eq!(standing.remaining, left);
            rates.failed(address);
        }
        rates.of_address(address).unwrap().unwrap_err();
        assert!(rates.of_key(ApiKeyId::new()).is_none());
    }
}

//! Rate limits by address and by member.

use std::{net::IpAddr, num::NonZeroU32};

use crate::kernel::{
    clock::Clock,
    error::Refusal,
    id::MemberId,
    rate_limit::{KeyedLimiter, rate_limit_key},
};

/// How many requests per minute a server accepts.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestRates {
    /// Maximum number of operations and connections per minute from one address (IPv6: one /64 network), on each
    /// server; `None` is no limit.
    pub per_address: Option<NonZeroU32>,

    /// Maximum number of operations per minute of one member, on each server; `None` is no limit.
    pub per_member: Option<NonZeroU32>,
}

/// Limits the requests to a server.
pub struct RequestLimiter {
    addresses: Option<KeyedLimiter<IpAddr>>,
    members: Option<KeyedLimiter<MemberId>>,
}

impl RequestLimiter {
    /// A limiter that has not counted any request.
    pub fn new(rates: RequestRates, clock: &Clock) -> Self {
        let addresses = rates.per_address.map(|requests| KeyedLimiter::per_minute(requests, clock));
        let members = rates.per_member.map(|requests| KeyedLimiter::per_minute(requests, clock));
        Self { addresses, members }
    }

    /// Counts a request. A request that came through no socket has no address, so only the member's limit applies to
    /// it.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn check(&self, address: Option<IpAddr>, member: Option<MemberId>) -> Result<(), Refusal> {
        if let (Some(addresses), Some(address)) = (&self.addresses, address) {
            addresses.check(&rate_limit_key(address)).map_err(Refusal::too_many_requests)?;
        }
        if let (Some(members), Some(member)) = (&self.members, member) {
            members.check(&member).map_err(Refusal::too_many_requests)?;
        }
        Ok(())
    }
}

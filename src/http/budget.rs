//! Request budgets by address and by member.

use std::{net::IpAddr, num::NonZeroU32};

use crate::kernel::{
    clock::Clock,
    error::Refusal,
    id::MemberId,
    rate_limit::{KeyedLimiter, rate_limit_key},
};

/// Requests that are accepted a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budgets {
    /// Most operations and connections of one address (of IPv6, one /64 network) a minute, at each server; `None` is no limit.
    pub address_requests: Option<NonZeroU32>,

    /// Most operations of one member a minute, at each server; `None` is no limit.
    pub member_requests: Option<NonZeroU32>,
}

/// The budgets of a server.
pub struct Budget {
    addresses: Option<KeyedLimiter<IpAddr>>,
    members: Option<KeyedLimiter<MemberId>>,
}

impl Budget {
    /// Budgets that are not used yet.
    pub fn new(budgets: Budgets, clock: &Clock) -> Self {
        let addresses = budgets.address_requests.map(|requests| KeyedLimiter::per_minute(requests, clock));
        let members = budgets.member_requests.map(|requests| KeyedLimiter::per_minute(requests, clock));
        Self { addresses, members }
    }

    /// Counts a request. Without an address there is no socket behind it, and only the member's budget applies.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn take(&self, address: Option<IpAddr>, member: Option<MemberId>) -> Result<(), Refusal> {
        if let (Some(addresses), Some(address)) = (&self.addresses, address) {
            addresses.check(&rate_limit_key(address)).map_err(Refusal::too_many_requests)?;
        }
        if let (Some(members), Some(member)) = (&self.members, member) {
            members.check(&member).map_err(Refusal::too_many_requests)?;
        }
        Ok(())
    }
}

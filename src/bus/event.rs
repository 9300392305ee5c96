//! What servers notify each other of.

use crate::kernel::id::{CampaignId, GuildId, MemberId};

/// A change that subscribers and other servers are notified of. It carries ids, so that everyone reads the rows as they are
/// by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusEvent {
    /// A campaign has more ballots.
    Ballots(GuildId, CampaignId),
    /// A campaign's settings, entries or status have changed, and with them perhaps what is due next.
    Campaign(GuildId, CampaignId),
    /// The rights of a member have changed, or those of anyone in the guild.
    Access(GuildId, Option<MemberId>),
}

impl BusEvent {
    /// The event as the payload of a notice by server `from`.
    pub fn encode(self, from: u64) -> String {
        match self {
            Self::Ballots(guild, campaign) => format!("{from} ballots {} {}", guild.0, campaign.0),
            Self::Access(guild, None) => format!("{from} access {}", guild.0),
            Self::Access(guild, Some(member)) => format!("{from} access {} {}", guild.0, member.0),
            Self::Campaign(guild, campaign) => format!("{from} campaign {} {}", guild.0, campaign.0),
        }
    }

    /// The publishing server and the event of a payload; `None` for one of a newer release.
    pub fn decode(payload: &str) -> Option<(u64, Self)> {
        let words: Vec<&str> = payload.split(' ').collect();
        let event = match *words.get(1..)? {
            ["ballots", guild, campaign] => {
                Self::Ballots(GuildId(guild.parse().ok()?), CampaignId(campaign.parse().ok()?))
            }
            ["access", guild] => Self::Access(GuildId(guild.parse().ok()?), None),
            ["access", guild, member] => {
                Self::Access(GuildId(guild.parse().ok()?), Some(MemberId(member.parse().ok()?)))
            }
            ["campaign", guild, campaign] => {
                Self::Campaign(GuildId(guild.parse().ok()?), CampaignId(campaign.parse().ok()?))
            }
            _ => return None,
        };
        Some((words.first()?.parse().ok()?, event))
    }
}

//! The events that servers exchange.

use crate::kernel::id::{CampaignId, GuildId, MemberId};

/// A change, published to subscribers and to other servers. It contains only ids, so that they read the current rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusEvent {
    /// A campaign has more ballots.
    Ballots(GuildId, CampaignId),
    /// A campaign's settings, entries or status have changed. Its next scheduled step may have changed too.
    Campaign(GuildId, CampaignId),
    /// The permissions of a member have changed, or those of anyone in the guild (`None`).
    Access(GuildId, Option<MemberId>),
}

impl BusEvent {
    /// Encodes the event as the payload of a notification by `server`.
    pub fn encode(self, server: u64) -> String {
        match self {
            Self::Ballots(guild, campaign) => format!("{server} ballots {} {}", guild.0, campaign.0),
            Self::Access(guild, None) => format!("{server} access {}", guild.0),
            Self::Access(guild, Some(member)) => format!("{server} access {} {}", guild.0, member.0),
            Self::Campaign(guild, campaign) => format!("{server} campaign {} {}", guild.0, campaign.0),
        }
    }

    /// Decodes a payload into the publishing server and the event. Returns `None` for an event of a newer release.
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

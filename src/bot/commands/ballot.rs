//! A ballot that a member is filling in on Discord. The server keeps no state: the ids of the menu and the buttons
//! contain the whole ballot.

use std::collections::HashSet;

pub use crate::discord::vote_button::{decode_campaign, encode_campaign};
use crate::{kernel::id::CampaignId, voting::VotingMethod};

/// Maximum number of options in a menu: Discord's limit.
pub const PAGE: usize = 25;
/// The id of the menu to choose one of several campaigns.
pub const CHOOSE: &str = "vote1:choose";
/// Prefix of the ids of a ballot's components. A new format of the ids needs a new prefix.
const PREFIX: &str = "vote1";

/// The action of a ballot's component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Picks the chosen entries.
    Pick,
    /// Shows the previous page.
    Back,
    /// Shows the next page.
    Forward,
    /// Removes all picks; also the first step of a ballot.
    StartOver,
    /// Casts the ballot.
    Cast,
}

/// A ballot that is being filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BallotDraft {
    /// The campaign.
    pub campaign: CampaignId,
    /// The picks so far, first choice first, as positions among the campaign's entries. Entries and their order are
    /// fixed while a campaign accepts ballots.
    pub picks: Vec<u8>,
    /// The page of entries that the menu shows, from 0.
    pub page: u8,
}

/// The rules of a campaign for its ballots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BallotRules {
    /// The voting method.
    pub method: VotingMethod,
    /// Maximum number of picks; with weighted picks, the exact number.
    pub picks: usize,
    /// The number of entries.
    pub entries: usize,
}

/// The menu for the next choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryMenu {
    /// The entries on this page, by position.
    pub options: Vec<u8>,
    /// Minimum number of entries to choose.
    pub least: usize,
    /// Maximum number of entries to choose; 0 when all picks are on other pages.
    pub most: usize,
}

impl BallotRules {
    /// Whether the order of picks matters.
    pub fn is_ranked(self) -> bool {
        self.method.is_ranked()
    }
}

impl BallotDraft {
    /// A ballot without a pick.
    pub const fn new(campaign: CampaignId) -> Self {
        Self { campaign, picks: Vec::new(), page: 0 }
    }

    /// The id of a component of the ballot.
    pub fn component_id(&self, step: Step) -> String {
        let picks = base16ct::lower::encode_string(&self.picks);
        format!("{PREFIX}:{step}:{}:{:x}:{picks}", encode_campaign(self.campaign), self.page)
    }

    /// The step and the ballot that a component's id contains; `None` for any other id.
    pub fn decode(id: &str) -> Option<(Step, Self)> {
        let parts: Vec<&str> = id.split(':').collect();
        let [PREFIX, step, campaign, page, picks] = *parts.as_slice() else { return None };
        let picks = base16ct::lower::decode_vec(picks).ok()?;
        let ballot = Self { campaign: decode_campaign(campaign)?, picks, page: u8::from_str_radix(page, 16).ok()? };
        Some((step.parse().ok()?, ballot))
    }

    /// The ballot after a step, with the values that were chosen from its menu; `None` if they don't fit the campaign.
    pub fn after(mut self, step: Step, chosen: &[String], rules: BallotRules) -> Option<Self> {
        match step {
            Step::Pick => {
                let chosen = chosen.iter().map(|value| value.parse().ok()).collect::<Option<Vec<u8>>>()?;
                if rules.is_ranked() {
                    let [only] = *chosen.as_slice() else { return None };
                    self.picks.push(only);
                } else {
                    let shown = self.page(rules);
                    self.picks.retain(|pick| !shown.contains(pick));
                    self.picks.extend(chosen);
                    self.picks.sort_unstable();
                }
            }
            Step::Back => self.page = self.page.saturating_sub(1),
            Step::Forward => self.page = self.page.saturating_add(1),
            Step::StartOver => self = Self::new(self.campaign),
            Step::Cast => {}
        }
        let last = self.pages(rules).saturating_sub(1);
        self.page = self.page.min(u8::try_from(last).ok()?);
        self.fits(rules).then_some(self)
    }

    fn fits(&self, rules: BallotRules) -> bool {
        let mut seen = HashSet::new();
        self.picks.len() <= rules.picks
            && self.picks.iter().all(|pick| usize::from(*pick) < rules.entries && seen.insert(*pick))
    }

    /// Whether the ballot can be cast.
    pub fn is_enough(&self, rules: BallotRules) -> bool {
        let least = if rules.method.requires_all_picks() { rules.picks } else { 1 };
        self.picks.len() >= least
    }

    /// The menu for the next choice; `None` when no choice is left.
    pub fn menu(&self, rules: BallotRules) -> Option<EntryMenu> {
        let options = self.page(rules);
        if options.is_empty() || (rules.is_ranked() && self.picks.len() >= rules.picks) {
            return None;
        }
        if rules.is_ranked() {
            return Some(EntryMenu { options, least: 1, most: 1 });
        }
        let elsewhere = self.picks.iter().filter(|pick| !options.contains(pick)).count();
        let most = rules.picks.saturating_sub(elsewhere).min(options.len());
        // With several pages, a member can remove all picks of one page.
        Some(EntryMenu { options, least: usize::from(self.pages(rules) == 1), most })
    }

    /// The number of pages of the menu.
    pub fn pages(&self, rules: BallotRules) -> usize {
        self.offered(rules).count().div_ceil(PAGE)
    }

    fn page(&self, rules: BallotRules) -> Vec<u8> {
        self.offered(rules).skip(usize::from(self.page) * PAGE).take(PAGE).collect()
    }

    /// The entries to choose from: in a ranking, those without a rank.
    fn offered(&self, rules: BallotRules) -> impl Iterator<Item = u8> {
        let entries = (0..=u8::MAX).take(rules.entries);
        entries.filter(move |entry| !rules.is_ranked() || !self.picks.contains(entry))
    }
}

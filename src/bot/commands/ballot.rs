//! A ballot that a member is filling in on Discord. The server keeps no state: the ids of the menu and the buttons contain all of it.

use std::collections::HashSet;

use crate::{kernel::id::CampaignId, voting::VotingMethod};

/// Most options in a menu, by Discord's limit.
pub const PAGE: usize = 25;
/// The id of the menu to choose one of several campaigns.
pub const CHOOSE: &str = "vote1:choose";
/// Prefix of the ids of a ballot's components. A new format of the ids needs a new prefix.
const FORM: &str = "vote1";

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
pub struct Ballot {
    /// The campaign.
    pub campaign: CampaignId,
    /// The picks so far, first choice first, as positions among the campaign's entries. Entries and their order are fixed while a
    /// campaign accepts ballots.
    pub picks: Vec<u8>,
    /// The page of entries that the menu shows, from 0.
    pub page: u8,
}

/// The rules of a campaign for its ballots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The voting method.
    pub method: VotingMethod,
    /// Most picks; with weighted picks, the exact number.
    pub picks: usize,
    /// The number of entries.
    pub entries: usize,
}

/// The menu for the next choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The entries on this page, by position.
    pub options: Vec<u8>,
    /// Fewest entries to choose.
    pub least: usize,
    /// Most entries to choose; 0 when all picks are on other pages.
    pub most: usize,
}

impl Paper {
    /// Whether the order of picks matters.
    pub fn is_ranked(self) -> bool {
        self.method.is_ranked()
    }
}

impl Ballot {
    /// A ballot without a pick.
    pub const fn new(campaign: CampaignId) -> Self {
        Self { campaign, picks: Vec::new(), page: 0 }
    }

    /// The id of a component of the ballot.
    pub fn part(&self, step: Step) -> String {
        let picks = base16ct::lower::encode_string(&self.picks);
        format!("{FORM}:{step}:{}:{:x}:{picks}", written(self.campaign), self.page)
    }

    /// The step and the ballot that a component's id contains; `None` for any other id.
    pub fn read(part: &str) -> Option<(Step, Self)> {
        let parts: Vec<&str> = part.split(':').collect();
        let [FORM, step, campaign, page, picks] = *parts.as_slice() else { return None };
        let picks = base16ct::lower::decode_vec(picks).ok()?;
        let ballot = Self { campaign: read(campaign)?, picks, page: u8::from_str_radix(page, 16).ok()? };
        Some((step.parse().ok()?, ballot))
    }

    /// The ballot after a step, with the values that were chosen from its menu; `None` if they don't fit the campaign.
    pub fn after(mut self, step: Step, chosen: &[String], paper: Paper) -> Option<Self> {
        match step {
            Step::Pick => {
                let chosen = chosen.iter().map(|value| value.parse().ok()).collect::<Option<Vec<u8>>>()?;
                if paper.is_ranked() {
                    let [only] = *chosen.as_slice() else { return None };
                    self.picks.push(only);
                } else {
                    let shown = self.page(paper);
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
        let last = self.pages(paper).saturating_sub(1);
        self.page = self.page.min(u8::try_from(last).ok()?);
        self.fits(paper).then_some(self)
    }

    fn fits(&self, paper: Paper) -> bool {
        let mut seen = HashSet::new();
        self.picks.len() <= paper.picks
            && self.picks.iter().all(|pick| usize::from(*pick) < paper.entries && seen.insert(*pick))
    }

    /// Whether the ballot can be cast.
    pub fn is_enough(&self, paper: Paper) -> bool {
        let least = if paper.method.requires_all_picks() { paper.picks } else { 1 };
        self.picks.len() >= least
    }

    /// The menu for the next choice; `None` when no choice is left.
    pub fn menu(&self, paper: Paper) -> Option<Menu> {
        let options = self.page(paper);
        if options.is_empty() || (paper.is_ranked() && self.picks.len() >= paper.picks) {
            return None;
        }
        if paper.is_ranked() {
            return Some(Menu { options, least: 1, most: 1 });
        }
        let elsewhere = self.picks.iter().filter(|pick| !options.contains(pick)).count();
        let most = paper.picks.saturating_sub(elsewhere).min(options.len());
        // With several pages, a member can remove all picks of one page.
        Some(Menu { options, least: usize::from(self.pages(paper) == 1), most })
    }

    /// The number of pages of the menu.
    pub fn pages(&self, paper: Paper) -> usize {
        self.offered(paper).count().div_ceil(PAGE)
    }

    fn page(&self, paper: Paper) -> Vec<u8> {
        self.offered(paper).skip(usize::from(self.page) * PAGE).take(PAGE).collect()
    }

    /// The entries to choose from: in a ranking, those without a rank.
    fn offered(&self, paper: Paper) -> impl Iterator<Item = u8> {
        let entries = (0..=u8::MAX).take(paper.entries);
        entries.filter(move |entry| !paper.is_ranked() || !self.picks.contains(entry))
    }
}

/// Encodes a campaign for a component's id.
pub fn written(campaign: CampaignId) -> String {
    format!("{:x}", campaign.0.cast_unsigned())
}

/// The campaign that [`written`] has encoded.
pub fn read(campaign: &str) -> Option<CampaignId> {
    u64::from_str_radix(campaign, 16).ok().map(|id| CampaignId(id.cast_signed()))
}

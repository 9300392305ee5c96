//! A ballot being filled in on Discord. Nothing of it is kept here: all of it is in the ids of its menu and its buttons.

use std::collections::HashSet;

use crate::{kernel::id::CampaignId, voting::VotingMethod};

/// Most options of a menu.
pub const PAGE: usize = 25;
/// The id of the menu that chooses one of several votes.
pub const CHOOSE: &str = "vote1:choose";
/// How the id of a part of a ballot begins. Ids are written otherwise only under another beginning.
const FORM: &str = "vote1";

/// What a part of a ballot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Picks what is chosen from the menu.
    Pick,
    /// Turns to the page before.
    Back,
    /// Turns to the next page.
    Forward,
    /// Forgets the picks; a ballot begins so, too.
    StartOver,
    /// Casts the ballot.
    Cast,
}

/// A ballot on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// In which campaign.
    pub campaign: CampaignId,
    /// The picks so far, first choice first, by their positions among the campaign's entries. A campaign that takes ballots
    /// keeps its entries and their order.
    pub picks: Vec<u8>,
    /// Which page of the entries the menu shows, from 0.
    pub page: u8,
}

/// What a campaign asks of a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// How ballots are counted.
    pub method: VotingMethod,
    /// Most picks; with weighted picks, the number of them.
    pub picks: usize,
    /// How many entries there are.
    pub entries: usize,
}

/// What can be chosen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// The entries on this page, by position.
    pub options: Vec<u8>,
    /// The fewest to choose.
    pub least: usize,
    /// The most to choose; 0 when all picks are on other pages.
    pub most: usize,
}

impl Paper {
    /// Whether the order of picks means anything.
    pub fn is_ranked(self) -> bool {
        self.method.is_ranked()
    }
}

impl Ballot {
    /// A ballot without a pick.
    pub const fn new(campaign: CampaignId) -> Self {
        Self { campaign, picks: Vec::new(), page: 0 }
    }

    /// The id of a part of the ballot.
    pub fn part(&self, step: Step) -> String {
        let picks = base16ct::lower::encode_string(&self.picks);
        format!("{FORM}:{step}:{}:{:x}:{picks}", written(self.campaign), self.page)
    }

    /// The ballot that a part belongs to; `None` if no part has this id.
    pub fn read(part: &str) -> Option<(Step, Self)> {
        let parts: Vec<&str> = part.split(':').collect();
        let [FORM, step, campaign, page, picks] = *parts.as_slice() else { return None };
        let picks = base16ct::lower::decode_vec(picks).ok()?;
        let ballot = Self { campaign: read(campaign)?, picks, page: u8::from_str_radix(page, 16).ok()? };
        Some((step.parse().ok()?, ballot))
    }

    /// The ballot after a step, `chosen` being what was chosen from its menu; `None` where that cannot be of this campaign.
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

    /// Whether it can be cast.
    pub fn is_enough(&self, paper: Paper) -> bool {
        let least = if paper.method.requires_all_picks() { paper.picks } else { 1 };
        self.picks.len() >= least
    }

    /// What can be chosen next; `None` when nothing is left to choose.
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
        // On one of several pages all picks may be taken back.
        Some(Menu { options, least: usize::from(self.pages(paper) == 1), most })
    }

    /// How many pages its menu has.
    pub fn pages(&self, paper: Paper) -> usize {
        self.offered(paper).count().div_ceil(PAGE)
    }

    fn page(&self, paper: Paper) -> Vec<u8> {
        self.offered(paper).skip(usize::from(self.page) * PAGE).take(PAGE).collect()
    }

    /// The entries to choose from: of a ranking, those that have no rank yet.
    fn offered(&self, paper: Paper) -> impl Iterator<Item = u8> {
        let entries = (0..=u8::MAX).take(paper.entries);
        entries.filter(move |entry| !paper.is_ranked() || !self.picks.contains(entry))
    }
}

/// A campaign in an id.
pub fn written(campaign: CampaignId) -> String {
    format!("{:x}", campaign.0.cast_unsigned())
}

/// The campaign that [`written`] wrote.
pub fn read(campaign: &str) -> Option<CampaignId> {
    u64::from_str_radix(campaign, 16).ok().map(|id| CampaignId(id.cast_signed()))
}

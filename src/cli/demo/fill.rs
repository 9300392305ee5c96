//! Fills the demo's guild from the files under `data/demo`.

use chrono::TimeDelta;
use clap::Args;
use rand::{
    SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};

use super::{
    campaigns::{DemoCampaign, ballots, campaigns, live_campaign, store},
    generated::Generated,
    roster::{is_account, roster},
};
use crate::{
    app::App,
    cli::output::BoxError,
    identity::{self, Guild, Member, Region},
    kernel::id::{EntryId, GuildId},
    voting::{Campaign, CampaignStatus},
};

/// The password of all the demo's accounts.
pub(super) const PASSWORD: &str = "guildhall-demo";

/// The size of the demo's guild.
#[derive(Args, Clone, Copy)]
#[command(next_help_heading = "Demo")]
pub(super) struct DemoSize {
    /// Number of members: 40 to 100,000.
    ///
    /// Each has one to four characters, 2.5 on average beyond the first forty members.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    pub(super) members: u32,
    /// Number of campaigns: 5 to 10,000. One is live, one is a draft, the others are closed.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=10_000))]
    pub(super) campaigns: u32,
    /// Number of ballots in each closed campaign, at most one per voter.
    ///
    /// Default: three quarters of the voters
    #[arg(long, value_name = "N")]
    pub(super) ballots: Option<u32>,
}

/// The content of the demo's database.
pub(super) struct Filled {
    pub(super) guild: Guild,
    pub(super) members: usize,
    pub(super) campaigns: usize,
    /// Members whose tokens are printed.
    pub(super) accounts: Vec<Member>,
    pub(super) live: LiveVote,
}

/// The demo's live campaign.
pub(super) struct LiveVote {
    pub(super) campaign: Campaign,
    pub(super) entries: Vec<EntryId>,
    /// Members who will vote in it, except those whose tokens are printed.
    pub(super) simulated_voters: Vec<Member>,
}

/// Fills an empty database.
pub(super) async fn fill(app: &App, id: GuildId, size: DemoSize) -> Result<Filled, BoxError> {
    let generated = Generated::read()?;
    let now = app.clock.now();
    let founded = now - TimeDelta::days(400);
    let (guild, ranks) = app
        .db
        .write(async move |conn| {
            identity::create_guild(conn, id, "emberwatch", "Emberwatch", Region::Us, founded).await
        })
        .await?;
    // A fixed seed: the same guild each time.
    let mut rng = StdRng::seed_from_u64(7);
    // One hash for all members: hashing is slow on purpose, and this password is no secret.
    let password_hash = app.accounts.hasher.hash(PASSWORD.to_owned()).await?;
    let (members, characters) = roster(&generated, &ranks, size.members, &password_hash, now, &mut rng)?;
    {
        let members = members.clone();
        app.db
            .write(async move |conn| {
                identity::store::insert_members(conn, members).await?;
                Ok(identity::store::insert_characters(conn, characters).await?)
            })
            .await?;
    }
    let accounts: Vec<Member> = members.iter().filter(|member| is_account(member)).cloned().collect();
    let templates = campaigns(&generated, size.campaigns, &mut rng)?;
    let campaigns = templates.len();
    let mut live = None;
    for template in templates {
        let added = add_campaign(app, &template, id, &members, size.ballots, &mut rng).await?;
        if template.status == CampaignStatus::Live {
            live = Some(added);
        }
    }
    let live = live.ok_or("the demo has no live campaign")?;
    Ok(Filled { guild, members: members.len(), campaigns, accounts, live })
}

/// Adds a campaign like the demo's live one.
pub(super) async fn another_live_vote(app: &App, id: GuildId, members: &[Member]) -> Result<LiveVote, BoxError> {
    add_campaign(app, &live_campaign()?, id, members, None, &mut StdRng::from_os_rng()).await
}

/// Adds a campaign with the ballots of some members.
async fn add_campaign(
    app: &App,
    template: &DemoCampaign,
    guild: GuildId,
    members: &[Member],
    ballot_limit: Option<u32>,
    rng: &mut StdRng,
) -> Result<LiveVote, BoxError> {
    let now = app.clock.now();
    let (campaign, entries) = template.rows(guild, members, now)?;
    let voters: Vec<&Member> = members
        .iter()
        .filter(|it| it.is_active && it.is_registered() && it.rank_level >= campaign.min_rank_level_to_vote)
        .filter(|it| campaign.status != CampaignStatus::Live || !is_account(it))
        .collect();
    let ballot_count = match (campaign.status, ballot_limit) {
        (CampaignStatus::Closed, Some(ballots)) => usize::try_from(ballots)?.min(voters.len()),
        (CampaignStatus::Closed, None) => voters.len() * 3 / 4,
        (CampaignStatus::Live, _) => voters.len() / 10,
        _ => 0,
    };
    let entry_ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let shuffled: Vec<Member> = voters.choose_multiple(rng, voters.len()).map(|it| (*it).clone()).collect();
    let (voting, remaining) = shuffled.split_at(ballot_count);
    let ballots = ballots(&campaign, &entry_ids, voting, now, rng);
    store(app, campaign.clone(), entries, ballots).await?;
    Ok(LiveVote { campaign, entries: entry_ids, simulated_voters: remaining.to_vec() })
}

/// The members whose ballots the demo casts, in random order.
pub(super) fn simulated<'m>(members: impl Iterator<Item = &'m Member>) -> Vec<Member> {
    let mut members: Vec<Member> = members.filter(|it| !is_account(it)).cloned().collect();
    members.shuffle(&mut rand::rng());
    members
}

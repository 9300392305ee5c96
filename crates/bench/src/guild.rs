//! A benchmark's own guild.

use guildhall::{
    app::App,
    cli::{BoxError, demo},
    identity::{self, Member, NewMember, Region},
    kernel::{
        error::Error,
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
    voting::{AnnouncementLevel, Campaign, CampaignStatus, NewCampaign, NewEntry, ResultsVisibility, VotingMethod},
};
use rand::seq::IndexedRandom;

use crate::sql::{Value, row, sql};

/// Number of entries of a campaign, and number of picks on a ballot.
const ENTRIES: usize = 10;
const PICKS: usize = 3;

/// A guild with voters.
pub(crate) struct BenchGuild {
    pub(crate) id: GuildId,
    pub(crate) slug: String,
    pub(crate) voters: Vec<Member>,
    /// A member who never votes, so that no campaign closes early.
    pub(crate) non_voter: MemberId,
}

row! {
    struct CountRow {
        number: i64,
    }
}

impl BenchGuild {
    /// Creates a guild with this number of voters.
    pub(crate) async fn create(app: &App, voters: u32) -> Result<Self, BoxError> {
        let (id, slug) = (GuildId::new(), new_slug());
        let (now, name) = (app.clock.now(), slug.clone());
        let (voters, non_voter) = app
            .db
            .write(async move |conn| {
                let (_, ranks) = identity::create_guild(conn, id, &name, &name, Region::Us, now).await?;
                let rank = ranks.last().ok_or_else(|| Error::internal("a guild has ranks"))?;
                let voter = |number| {
                    let new = NewMember {
                        discord_username: format!("voter{number}"),
                        discord_id: None,
                        display_name: None,
                        rank: None,
                    };
                    let row = new.into_row(rank, now)?;
                    Ok::<_, Error>(Member { registered_at: Some(now), ..row })
                };
                let mut members = (0..=voters).map(voter).collect::<Result<Vec<Member>, _>>()?;
                identity::store::insert_members(conn, members.clone()).await?;
                let non_voter = members.pop().ok_or_else(|| Error::internal("there is one more member than voters"))?;
                Ok((members, non_voter.id))
            })
            .await?;
        Ok(Self { id, slug, voters, non_voter })
    }

    /// Removes the guild and everything in it.
    pub(crate) async fn remove(&self, app: &App) -> Result<(), BoxError> {
        Ok(identity::delete_guild(&app.access, self.id).await?)
    }

    /// Creates a live campaign.
    pub(crate) async fn create_vote(&self, app: &App) -> Result<(Campaign, Vec<EntryId>), BoxError> {
        let now = app.clock.now();
        let entry = |number: usize| NewEntry {
            name: format!("entry {number}"),
            description: None,
            image_url: None,
            associated_member: None,
        };
        let new = NewCampaign {
            title: "bench".to_owned(),
            description: None,
            method: VotingMethod::Weighted,
            picks_per_voter: i64::try_from(PICKS)?,
            seats: 1,
            min_rank_level_to_vote: 1,
            min_rank_level_to_view: None,
            start_at: Some(now),
            duration_hours: 24,
            early_close_if_all_voted: true,
            results_visibility: ResultsVisibility::Always,
            announcements: AnnouncementLevel::Off,
            discord_channel_id: None,
            entries: (0..ENTRIES).map(entry).collect(),
        };
        let (campaign, entries) = new.into_rows(self.id, None, now)?;
        let campaign = Campaign { status: CampaignStatus::Live, ..campaign };
        let order = entries.iter().map(|entry| entry.id).collect();
        demo::store(app, campaign.clone(), entries, Vec::new()).await?;
        Ok((campaign, order))
    }

    /// Fails unless a campaign has this number of ballots.
    pub(crate) async fn check_ballots(&self, app: &App, vote: CampaignId, expected: usize) -> Result<(), BoxError> {
        let guild = self.id;
        let count = app.db.read(async move |conn| {
            let count = "SELECT count(*) FROM ballots WHERE guild_id = ? AND campaign_id = ?";
            Ok(sql(count, [guild.0, vote.0].map(Value::Number)).load::<CountRow>(conn).await?)
        });
        let stored = count.await?.first().map_or(0, |row| row.number);
        if usize::try_from(stored)? == expected {
            return Ok(());
        }
        Err(format!("{expected} ballots were accepted, but {stored} are stored").into())
    }
}

/// A new slug for a benchmark's guild.
pub(crate) fn new_slug() -> String {
    format!("bench-{:08x}", rand::random::<u32>())
}

/// Random picks for a ballot.
pub(crate) fn random_picks(entries: &[EntryId]) -> Vec<EntryId> {
    entries.choose_multiple(&mut rand::rng(), PICKS).copied().collect()
}

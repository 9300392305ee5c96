//! `guildhall bench`: what this machine and this database can do.

mod ballots;
mod fanout;
mod filled;
mod pages;
mod plain;
mod server;

use clap::{Args, Subcommand};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Failure, say};
use crate::{
    app::App,
    config::Database,
    db::{DatabaseUrl, Db, on, schema},
    error::Error,
    id::{EntryId, GuildId, MemberId},
    identity::{self, Member, NewMember, Region},
    voting::{
        self, AnnouncementLevel, Campaign, CampaignStatus, Entry, NewCampaign, NewEntry, ResultsVisibility,
        VotingMethod,
    },
};

/// How many entries the vote has, and how many of them a ballot names.
const ENTRIES: usize = 10;
const PICKS: usize = 3;

/// Measure what this machine and this database can do.
///
/// In a guild of its own (`bench-…`), which is removed afterwards unless the bench is interrupted; unless --database-url says
/// otherwise, in a new SQLite database in the directory for temporary files.
#[derive(Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Cast ballots in one vote, many at once, beside the same SQL statements without anything around them.
    Ballots(ballots::Ballots),
    /// Let many watch one vote over WebSocket while ballots come in, at a server in a process of its own.
    Fanout(fanout::Fanout),
    /// Ask for the usual pages and cast ballots over HTTP, beside endpoints written by hand in plain SQL that answer the
    /// same: how near is Guildhall to what is possible?
    Pages(pages::Pages),
    /// Serve those endpoints.
    #[command(hide = true)]
    Plain(plain::Plain),
}

impl Bench {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let folder = std::env::temp_dir().join(format!("guildhall-bench-{:016x}", rand::random::<u64>()));
        if database.database_url.is_none() {
            std::fs::create_dir(&folder)?;
        }
        let url = database.url_or(&format!("sqlite://{}", folder.join("bench.db").display()))?;
        let done = self.measure(&url, database.max_connections).await;
        if database.database_url.is_none() {
            std::fs::remove_dir_all(&folder)?;
        }
        done
    }

    async fn measure(self, url: &DatabaseUrl, max_connections: u32) -> Result<(), Failure> {
        let db = Db::open(url, max_connections).await?;
        match self.what {
            What::Ballots(ballots) => ballots.run(db, url).await,
            What::Fanout(fanout) => fanout.run(db, url, max_connections).await,
            What::Pages(pages) => pages.run(db, url, max_connections).await,
            What::Plain(plain) => plain.run(db).await,
        }
    }
}

/// A guild with voters.
struct Ground {
    guild: GuildId,
    slug: String,
    voters: Vec<Member>,
    /// Who never votes, so that no vote is ever complete.
    idle: MemberId,
}

impl Ground {
    async fn prepare(app: &App, voters: u32) -> Result<Self, Failure> {
        let (guild, slug) = (GuildId::new(), format!("bench-{:08x}", rand::random::<u32>()));
        let (now, name) = (app.clock.now(), slug.clone());
        let (voters, idle) = app
            .db
            .write(async move |conn| {
                let (_, ranks) = identity::found_guild(conn, guild, &name, &name, Region::Us, now).await?;
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
                let idle = members.pop().ok_or_else(|| Error::internal("there is one more than voters"))?;
                Ok((members, idle.id))
            })
            .await?;
        Ok(Self { guild, slug, voters, idle })
    }

    /// Removes the guild and all that is in it.
    async fn remove(&self, app: &App) -> Result<(), Failure> {
        use schema::{abstentions, ballots};
        let guild = self.guild;
        // Vote by vote: together they may take longer than a statement may.
        for campaign in
            app.db.read(async move |conn| Ok(voting::store::unarchived_campaigns(conn, guild).await?)).await?
        {
            let id = campaign.id;
            let cast = ballots::table.filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.eq(id)));
            let silent =
                abstentions::table.filter(abstentions::guild_id.eq(guild).and(abstentions::campaign_id.eq(id)));
            app.db
                .write(async move |conn| {
                    on!(conn, c => diesel::delete(cast).execute(c))?;
                    Ok(on!(conn, c => diesel::delete(silent).execute(c))?)
                })
                .await?;
        }
        Ok(app.db.write(async move |conn| Ok(identity::store::delete_guild(conn, guild).await?)).await?)
    }

    /// A live vote.
    async fn vote(&self, app: &App) -> Result<(Campaign, Vec<EntryId>), Failure> {
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
        let (campaign, entries): (Campaign, Vec<Entry>) = new.into_rows(self.guild, None, now)?;
        let campaign = Campaign { status: CampaignStatus::Live, ..campaign };
        let (row, order) = (campaign.clone(), entries.iter().map(|entry| entry.id).collect());
        app.db
            .write(async move |conn| {
                voting::store::insert_campaigns(conn, vec![row]).await?;
                Ok(voting::store::insert_entries(conn, entries).await?)
            })
            .await?;
        Ok((campaign, order))
    }
}

fn picks(entries: &[EntryId]) -> Vec<EntryId> {
    use rand::seq::IndexedRandom;
    entries.choose_multiple(&mut rand::rng(), PICKS).copied().collect()
}

/// A percentile of what is sorted, in milliseconds.
fn percentile(took: &[std::time::Duration], percent: usize) -> f64 {
    let at = (took.len() * percent / 100).min(took.len().saturating_sub(1));
    took.get(at).copied().unwrap_or_default().as_secs_f64() * 1_000.0
}

//! Ballots as objects of the schema: one's own, and those that are published.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use guildhall_count::BallotFile;

use crate::{
    api::{
        connection::{Connection, ConnectionNode, PageArgs},
        context::RequestContext,
    },
    kernel::{
        error::{Error, Result},
        id::{CampaignId, EntryId, ballot_id},
    },
    voting::{Ballot, BallotBox, Campaign, Entry, PublishedBallot, receipt_of},
};

/// One member's vote in one campaign, which only they see.
#[Object]
impl Ballot {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ballot_id(self.campaign, self.member)
    }

    /// The campaign it was cast in.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).load.campaign.one(self.campaign).await
    }

    /// The picks, first choice first.
    async fn picks(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        picked(ctx, self.campaign, &self.picks).await
    }

    /// The receipt: under it the ballot is published when the vote is over, so that its voter finds it in the count. It is a
    /// hash of the campaign, the nonce and the picks; `docs/receipts.md` tells how it is made. Keep it to yourself: who
    /// knows it knows how you voted.
    async fn receipt(&self) -> String {
        receipt_of(self.campaign, &self.nonce, &self.picks)
    }

    /// What hides the picks in the receipt until the ballots are published: 64 hexadecimal digits.
    async fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When it was cast.
    async fn cast_at(&self) -> DateTime<Utc> {
        self.cast_at.and_utc()
    }
}

/// What a vote that is over publishes: every ballot without its voter, so that anyone can recount the result, and every
/// voter find their ballot in it by its receipt.
pub(super) struct ShownBallotBox(pub Arc<BallotBox>);

/// What a vote that is over publishes: every ballot without its voter, so that anyone can recount the result, and every
/// voter find their ballot in it by its receipt.
#[Object(name = "BallotBox")]
impl ShownBallotBox {
    /// How many ballots it holds.
    async fn count(&self) -> usize {
        self.0.ballots.len()
    }

    /// SHA-256 of the ballots and of the rules they are counted by: who sees the same digest sees the same result follow from
    /// the same ballots. `docs/receipts.md` tells how it is made.
    async fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The ballots in order of their receipts, which has nothing to do with who cast them, or when.
    async fn ballots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PublishedBallot>> {
        let caller = RequestContext::of(ctx);
        let request = PageArgs { first, after, last, before }.check::<PublishedBallot>(caller)?;
        let campaign = self.0.campaign.id;
        request.page.require_cursors(|(of, _)| *of == campaign)?;
        let rows = request.page.slice(&self.0.ballots, PublishedBallot::key);
        Ok(request.connection(rows, self.0.ballots.len()))
    }

    /// The ballot with this receipt; `null` if there is none.
    async fn ballot(
        &self,
        #[graphql(desc = "The receipt its voter got.")] receipt: String,
    ) -> Option<&PublishedBallot> {
        self.0.find(&receipt)
    }

    /// All of it as JSON, with the campaign's rules and result: what `guildhall verify` checks, and any other program can.
    async fn file(&self, ctx: &Context<'_>) -> Result<String> {
        RequestContext::of(ctx)
            .charge_response_budget(self.0.ballots.iter().map(|ballot| 2 + ballot.picks.len()).sum())?;
        BallotFile::from(&*self.0).to_json().map_err(Error::internal)
    }
}

impl ConnectionNode for PublishedBallot {
    const NAME: &'static str = "PublishedBallot";
    type Filter = usize;
    type Key = (CampaignId, String);

    fn key(&self) -> Self::Key {
        (self.campaign, self.receipt.clone())
    }

    async fn count(_: &Context<'_>, filter: &usize) -> Result<i64> {
        i64::try_from(*filter).map_err(Error::internal)
    }
}

/// A ballot of which nobody but its voter knows whose it is.
#[Object]
impl PublishedBallot {
    /// The receipt its voter got.
    async fn receipt(&self) -> &str {
        &self.receipt
    }

    /// What hid the picks in the receipt until now.
    async fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The picks, first choice first.
    async fn picks(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        picked(ctx, self.campaign, &self.picks).await
    }
}

/// The entries that a ballot names.
async fn picked(ctx: &Context<'_>, campaign: CampaignId, picks: &[EntryId]) -> Result<Vec<Arc<Entry>>> {
    let caller = RequestContext::of(ctx);
    if let Some(entries) = caller.app.voting.tallies.entries(campaign) {
        let entry = |pick: &EntryId| entries.iter().find(|entry| entry.id == *pick).cloned();
        let known: Option<Vec<Arc<Entry>>> = picks.iter().map(entry).collect();
        return known.ok_or_else(|| Error::internal("a ballot names what is not an entry of its campaign"));
    }
    let load = &caller.load.entry;
    futures_util::future::try_join_all(picks.iter().map(async |pick| load.one(*pick).await.map(Arc::new))).await
}

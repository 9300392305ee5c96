//! Ballots in the schema: the viewer's own and published ones.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use crate::{
    api::{
        connection::{Connection, ConnectionNode, PageArgs},
        context::RequestContext,
        response_json::SharedText,
    },
    kernel::{
        error::{Error, Result},
        id::{CampaignId, EntryId, ballot_id},
    },
    voting::{Ballot, BallotBox, Campaign, Entry, PublishedBallot, find_receipt, receipt_of},
};

/// The viewer's ballot in a campaign. Other members cannot see it.
#[Object]
impl Ballot {
    /// Global id of the ballot.
    pub(crate) async fn id(&self) -> ID {
        ballot_id(self.campaign, self.member)
    }

    /// The campaign of the ballot.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).loaders.campaign.load_required(self.campaign).await
    }

    /// Picked entries, first choice first.
    async fn picks(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        picked(ctx, self.campaign, &self.picks).await
    }

    /// Receipt by which the voter finds the ballot in the published ballot box. It is a hash of the campaign, the nonce
    /// and the picks (`docs/receipts.md`). Keep it secret: once the campaign is closed, it reveals the vote.
    async fn receipt(&self) -> String {
        receipt_of(self.campaign, &self.nonce, &self.picks)
    }

    /// Random value, in 64 hexadecimal digits, that hides the picks in the receipt until the campaign closes.
    async fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Time at which the ballot was cast.
    async fn cast_at(&self) -> DateTime<Utc> {
        self.cast_at.and_utc()
    }
}

/// The GraphQL object of a ballot box.
pub(super) struct BallotBoxObject(pub Arc<BallotBox>);

/// The published ballots of a closed campaign, without their voters. Anyone can recount the result, and voters find
/// their own ballot by its receipt.
#[Object(name = "BallotBox")]
impl BallotBoxObject {
    /// Number of ballots.
    async fn count(&self) -> usize {
        self.0.ballots.len()
    }

    /// SHA-256 of the ballots and the counting rules, in hexadecimal digits (`docs/receipts.md`). Viewers with the same
    /// digest see the same ballots and the same result.
    async fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Ballots by receipt. This order reveals neither the voters nor the time of casting.
    async fn ballots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PublishedBallot>> {
        let context = RequestContext::of(ctx);
        let request = PageArgs { first, after, last, before }.check::<PublishedBallot>(context)?;
        let campaign = self.0.campaign.id;
        request.page.require_cursors(|(of, _)| *of == campaign)?;
        let rows = request.page.slice(&self.0.ballots, |ballot| ballot.key(()));
        Ok(request.connection(rows, self.0.ballots.len()))
    }

    /// The ballot with this receipt; `null` if there is none.
    async fn ballot(
        &self,
        #[graphql(
            desc = "Receipt of the ballot: 64 hexadecimal digits, also with a label, spaces or markup around them."
        )]
        receipt: String,
    ) -> Result<Option<&PublishedBallot>> {
        Ok(self.0.find(&find_receipt(&receipt)?))
    }

    /// The ballot box as JSON, with the rules and the result of the campaign. `guildhall verify` checks it.
    async fn file(&self, ctx: &Context<'_>) -> Result<SharedText> {
        RequestContext::of(ctx)
            .charge_response_budget(self.0.ballots.iter().map(|ballot| 2 + ballot.picks.len()).sum())?;
        Ok(SharedText::from_json(self.0.file().await?))
    }
}

impl ConnectionNode for PublishedBallot {
    const NAME: &'static str = "PublishedBallot";
    type Filter = usize;
    type Order = ();
    type Key = (CampaignId, String);

    fn key(&self, (): ()) -> Self::Key {
        (self.campaign, self.receipt.clone())
    }

    async fn count(_: &Context<'_>, filter: &usize) -> Result<i64> {
        i64::try_from(*filter).map_err(Error::internal)
    }
}

/// A published ballot, without its voter.
#[Object]
impl PublishedBallot {
    /// Receipt that the voter received.
    async fn receipt(&self) -> &str {
        &self.receipt
    }

    /// Nonce of the receipt: the receipt can be computed from it, the campaign and the picks.
    async fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Picked entries, first choice first.
    async fn picks(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        picked(ctx, self.campaign, &self.picks).await
    }
}

/// The entries that a ballot picks.
async fn picked(ctx: &Context<'_>, campaign: CampaignId, picks: &[EntryId]) -> Result<Vec<Arc<Entry>>> {
    let context = RequestContext::of(ctx);
    if let Some(entries) = context.app.voting.tallies.entries(campaign) {
        let entry = |pick: &EntryId| entries.iter().find(|entry| entry.id == *pick).cloned();
        let known: Option<Vec<Arc<Entry>>> = picks.iter().map(entry).collect();
        return known.ok_or_else(|| Error::internal("a ballot picks an entry of another campaign"));
    }
    let loader = &context.loaders.entry;
    futures_util::future::try_join_all(picks.iter().map(async |pick| loader.load_required(*pick).await.map(Arc::new)))
        .await
}

//! The published ballot box of a campaign that is over. `docs/receipts.md` explains the scheme and what it proves.

use std::sync::Arc;

use async_graphql::ID;
use axum::body::Bytes;
use guildhall_count::{BallotFile, FileBallot, FileEntry, FileStanding, Rules};
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{
    listed_order,
    published_ballot::PublishedBallot,
    rows::{Campaign, Entry, Outcome, Turnout},
};
use crate::kernel::{
    error::{Error, Result},
    id::EntryId,
};

/// The ballots of a campaign that is over, without their voters.
#[derive(Clone, Debug)]
pub struct BallotBox {
    /// The campaign.
    pub campaign: Campaign,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// The ballots in order of their receipts, which is independent of the voters and of the time of casting.
    pub ballots: Vec<PublishedBallot>,
    /// The turnout.
    pub turnout: Turnout,
    /// The result that was stored when the campaign closed, with [`Outcome::decided_by_listed_order`].
    pub outcome: Outcome,
    /// The digest of the ballots and the rules, by [`BallotFile::compute_digest`].
    pub digest: String,
    /// The file, once requested.
    file: OnceCell<Bytes>,
}

impl BallotBox {
    /// Creates the ballot box of a campaign that is over.
    pub fn new(
        campaign: Campaign,
        entries: Vec<Entry>,
        mut ballots: Vec<PublishedBallot>,
        turnout: Turnout,
        outcome: Outcome,
    ) -> Self {
        // Receipts are hashes of secret nonces, so this order is a shuffle that is the same for all readers.
        ballots.sort_by(|a, b| a.receipt.cmp(&b.receipt));
        let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let rankings = || ballots.iter().map(|ballot| (ballot.picks.clone(), 1)).collect();
        let outcome = listed_order::complete_from(&campaign, &order, rankings, outcome);
        let ballot_box =
            Self { campaign, entries, ballots, turnout, outcome, digest: String::new(), file: OnceCell::new() };
        Self { digest: BallotFile::from(&ballot_box).compute_digest(), ..ballot_box }
    }

    /// Returns the file of the box, as a string in JSON. It is made once, outside the async threads.
    ///
    /// # Errors
    /// Internal if a value has no form in JSON.
    pub async fn file(self: &Arc<Self>) -> Result<Bytes> {
        let make = async || {
            let ballot_box = Arc::clone(self);
            spawn_blocking(move || ballot_box.to_json()).await.map_err(Error::internal)?
        };
        self.file.get_or_try_init(make).await.cloned()
    }

    fn to_json(&self) -> Result<Bytes> {
        let text = BallotFile::from(self).to_json().map_err(Error::internal)?;
        Ok(serde_json::to_vec(&text).map_err(Error::internal)?.into())
    }

    /// Returns the ballot with this receipt, given as [`super::published_ballot::find_receipt`] returns it.
    pub fn find(&self, receipt: &str) -> Option<&PublishedBallot> {
        let index = self.ballots.binary_search_by(|ballot| ballot.receipt.as_str().cmp(receipt)).ok()?;
        self.ballots.get(index)
    }
}

impl From<&BallotBox> for BallotFile {
    fn from(ballot_box: &BallotBox) -> Self {
        let BallotBox { campaign, entries, ballots, turnout, outcome, digest, file: _ } = ballot_box;
        let id = |entry: &EntryId| ID::from(*entry).0;
        let Rules { method, picks, seats } = campaign.rules();
        let ballot = |ballot: &PublishedBallot| FileBallot {
            receipt: ballot.receipt.clone(),
            nonce: ballot.nonce.clone(),
            picks: ballot.picks.iter().map(id).collect(),
        };
        Self {
            format: Self::FORMAT.to_owned(),
            campaign: ID::from(campaign.id).0,
            title: campaign.title.clone(),
            method,
            picks_per_voter: picks,
            seats,
            eligible: turnout.eligible,
            entries: entries.iter().map(|it| FileEntry { id: id(&it.id), name: it.name.clone() }).collect(),
            standings: outcome.standings.iter().map(|row| FileStanding::new(row, id)).collect(),
            winners: outcome.winners().iter().map(id).collect(),
            decided_by_listed_order: outcome.decided_by_listed_order,
            digest: digest.clone(),
            ballots: ballots.iter().map(ballot).collect(),
        }
    }
}

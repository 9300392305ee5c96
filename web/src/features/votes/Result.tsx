import { useCallback } from "react";
import { useData, useFetch } from "../../app/data";
import { absoluteUrl } from "../../app/guild";
import { Loaded } from "../../app/Page";
import { useViewer } from "../../app/viewer";
import {
  BallotBoxFileDocument,
  type VoteDetailsFragment,
  VoteStandingsDocument,
  type VoteStandingsQuery,
} from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { copy } from "../../ui/Copy";
import { formatDate } from "../../ui/Countdown";
import { ResultChart } from "../../ui/charts/ResultChart";
import { CheckTheCount } from "../../ui/check/CheckTheCount";
import { Icon } from "../../ui/Icon";
import { methodName } from "../../ui/methods";
import { Empty, Skeleton } from "../../ui/PageState";
import { SavePicture } from "../../ui/picture/SavePicture";
import { toast } from "../../ui/Toast";
import { OwnBallot } from "./OwnBallot";
import styles from "./Result.module.css";

/** A vote that is over: its result, or why it was cancelled. */
export function Result({ vote }: { vote: VoteDetailsFragment }) {
  return vote.cancelReason == null ? <CountedResult vote={vote} /> : <Cancelled vote={vote} />;
}

/** No standings, ever. Ballots and receipts stay. */
function Cancelled({ vote }: { vote: VoteDetailsFragment }) {
  return (
    <>
      <Section title="This vote was cancelled">
        <div className={styles.cancelled}>
          <p className={styles.reason} dir="auto">
            {vote.cancelReason}
          </p>
          <p>Its ballots are kept but not counted. There is no result.</p>
        </div>
      </Section>
      {vote.viewerBallot && <OwnBallot vote={vote} ballot={vote.viewerBallot} />}
    </>
  );
}

function CountedResult({ vote }: { vote: VoteDetailsFragment }) {
  const standings = useData(VoteStandingsDocument, { id: vote.id });
  const campaign = standings.data?.campaign;
  const winners = vote.winners ?? [];
  const read = useFetch();
  const loadFile = useCallback(async () => {
    const { data, error } = await read(BallotBoxFileDocument, { id: vote.id });
    const file = data?.campaign?.ballotBox?.file;
    if (!file) throw new Error(error?.message ?? "The server has no ballot box of this vote.");
    return file;
  }, [read, vote.id]);
  return (
    <>
      <section className={styles.winners} aria-label="Winners">
        {winners.length === 0 ? (
          <p className={styles.none}>No one voted, so nothing won.</p>
        ) : (
          <>
            <span className={styles.trophy} aria-hidden="true">
              <Icon name="trophy" size={28} />
            </span>
            <div>
              <p className={styles.word}>{winners.length === 1 ? "Winner" : "Winners"}</p>
              <ul>
                {winners.map((entry) => (
                  <li key={entry.id} dir="auto">
                    {entry.name}
                  </li>
                ))}
              </ul>
            </div>
          </>
        )}
        {vote.decidedByListedOrder && (
          <p className={styles.note}>
            The ballots did not separate them: the listed order of the entries decided. In another order, the
            same ballots would have other winners.
          </p>
        )}
        <ButtonRow>
          {campaign && <Picture vote={vote} campaign={campaign} />}
          <Button
            icon="link"
            small
            onClick={async () => (await copy(absoluteUrl(`/votes/${vote.id}`))) && toast("Link copied")}
          >
            Copy link
          </Button>
          <Button icon="print" small onClick={() => window.print()}>
            Print
          </Button>
        </ButtonRow>
      </section>
      {vote.outcome && (
        <Section title="Outcome">
          <p className={styles.outcome} dir="auto">
            {vote.outcome}
          </p>
        </Section>
      )}
      <Section title="Standings">
        <Loaded result={standings} skeleton={<Skeleton rows={4} />}>
          {({ campaign }) =>
            campaign?.standings?.length ? (
              <ResultChart {...campaign} standings={campaign.standings} winners={winners} />
            ) : (
              <Empty icon="vote" title="There are no ballots to count" />
            )
          }
        </Loaded>
      </Section>
      {vote.viewerBallot && <OwnBallot vote={vote} ballot={vote.viewerBallot} />}
      {campaign?.ballotBox && campaign.standings && (
        <div className="no-print">
          <Section
            title="Check the count"
            description="You do not have to trust the server: anyone can recount the published ballots."
          >
            <CheckTheCount
              loadFile={loadFile}
              shown={{
                id: vote.id,
                digest: campaign.ballotBox.digest,
                standings: campaign.standings,
                winners,
              }}
              receipt={vote.viewerBallot?.receipt}
            />
          </Section>
        </div>
      )}
    </>
  );
}

type Standings = NonNullable<VoteStandingsQuery["campaign"]>;

function Picture({ vote, campaign }: { vote: VoteDetailsFragment; campaign: Standings }) {
  const { guild } = useViewer();
  if (!campaign.standings?.length) return null;
  const { turnout, closedAt, winners } = vote;
  const facts = [
    methodName(vote.method),
    `${turnout.voted} of ${turnout.eligible} voted`,
    closedAt && formatDate(closedAt),
  ];
  return (
    <SavePicture
      guild={guild.name}
      title={vote.title}
      subtitle={facts.filter(Boolean).join(" · ")}
      result={{ ...campaign, standings: campaign.standings, winners }}
    />
  );
}

import { useSearchParams } from "wouter";
import { RowLink } from "../../app/Link";
import { LoadedPages } from "../../app/LoadedPages";
import { type Pages, usePages } from "../../app/pages";
import { PastVotesDocument, type PastVotesQuery } from "../../gql/graphql";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Choices } from "../../ui/Field";
import { Empty, Skeleton } from "../../ui/PageState";

type Past = PastVotesQuery["campaigns"]["nodes"][number];
type Shown = "recent" | "archive";

const PAGE = 25;

interface PastVotesProps {
  shown: Shown;
  show: (shown: Shown) => void;
  votes: Pages<Past>;
}

/** The votes that are over. The address says whether those of the archive show. */
export function usePastVotes(): PastVotesProps {
  const [search, setSearch] = useSearchParams();
  const shown: Shown = search.get("past") === "archive" ? "archive" : "recent";
  const votes = usePages(
    PastVotesDocument,
    (after) => ({
      status: shown === "archive" ? ("ARCHIVED" as const) : ("CLOSED" as const),
      first: PAGE,
      after: after ?? null,
    }),
    ({ campaigns }) => campaigns,
  );
  const show = (value: Shown) =>
    setSearch((before) => {
      if (value === "archive") before.set("past", value);
      else before.delete("past");
      return before;
    });
  return { shown, show, votes };
}

/** Past votes with their winners, newest first. */
export function PastVotes({ shown, show, votes }: PastVotesProps) {
  return (
    <Section
      title="Past votes"
      actions={
        <Choices<Shown>
          label="Past votes to show"
          labelHidden
          value={shown}
          onChange={show}
          options={[
            { value: "recent", label: "Recent" },
            { value: "archive", label: "Archive" },
          ]}
        />
      }
    >
      {votes.isOld ? (
        <Skeleton />
      ) : (
        <LoadedPages pages={votes} empty={<NoVotes shown={shown} />}>
          {(nodes) => (
            <Rows label="Past votes">
              {nodes.map((vote) => (
                <PastRow key={vote.id} vote={vote} />
              ))}
            </Rows>
          )}
        </LoadedPages>
      )}
    </Section>
  );
}

function NoVotes({ shown }: { shown: Shown }) {
  return shown === "archive" ? (
    <Empty icon="trophy" title="The archive is empty">
      <p>Officers archive votes that the list no longer needs.</p>
    </Empty>
  ) : (
    <Empty icon="trophy" title="No vote has closed yet">
      <p>Results stay here, with all ballots to recount.</p>
    </Empty>
  );
}

function PastRow({ vote }: { vote: Past }) {
  const { turnout, winners } = vote;
  return (
    <Row
      title={
        <RowLink href={`/votes/${vote.id}`} dir="auto">
          {vote.title}
        </RowLink>
      }
      detail={
        <>
          {vote.cancelReason != null ? (
            "Cancelled"
          ) : winners && winners.length > 0 ? (
            <>
              Won by <span dir="auto">{winners.map((entry) => entry.name).join(", ")}</span>
            </>
          ) : (
            "No ballots"
          )}
          {` · ${turnout.voted} of ${turnout.eligible} voted`}
        </>
      }
      end={vote.closedAt && <Time at={vote.closedAt} />}
    />
  );
}

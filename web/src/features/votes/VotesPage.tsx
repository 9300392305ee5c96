import { useState } from "react";
import { useSearchParams } from "wouter";
import { useData, useFetch } from "../../app/data";
import { LinkButton, RowLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { useViewer } from "../../app/viewer";
import {
  OpenVotesDocument,
  PastVotesDocument,
  type PastVotesQuery,
  type VoteRowFragment,
} from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { Countdown, Time } from "../../ui/Countdown";
import { Choices } from "../../ui/Field";
import { methodName } from "../../ui/methods";
import { Empty } from "../../ui/PageState";
import { StatusBadge } from "./StatusBadge";

type Past = PastVotesQuery["campaigns"]["nodes"][number];
type PageInfo = PastVotesQuery["campaigns"]["pageInfo"];
type Shown = "recent" | "archive";

const PAGE = 25;

/** All votes that the viewer may see: open ones first, then drafts for officers, then past ones with their winners. */
export default function VotesPage() {
  const { can } = useViewer();
  const open = useData(OpenVotesDocument, {});
  return (
    <Page
      title="Votes"
      actions={
        can("CAMPAIGNS_MANAGE") && (
          <LinkButton href="/admin/votes/new" variant="primary" icon="plus">
            New vote
          </LinkButton>
        )
      }
    >
      <Loaded result={open}>
        {({ live, drafts }) => (
          <>
            <Section title="Open">
              {live.nodes.length === 0 ? (
                <Empty icon="vote" title="No vote is open">
                  <p>
                    {can("CAMPAIGNS_MANAGE")
                      ? "Start one with New vote."
                      : "Officers start votes. You find them here and on the home page."}
                  </p>
                </Empty>
              ) : (
                <Rows label="Open votes">
                  {live.nodes.map((vote) => (
                    <OpenRow key={vote.id} vote={vote} />
                  ))}
                </Rows>
              )}
            </Section>
            {drafts.nodes.length > 0 && (
              <Section title="Drafts and scheduled votes" description="Only officers see these.">
                <Rows label="Drafts">
                  {drafts.nodes.map((vote) => (
                    <DraftRow key={vote.id} vote={vote} />
                  ))}
                </Rows>
              </Section>
            )}
          </>
        )}
      </Loaded>
      <PastVotes />
    </Page>
  );
}

function OpenRow({ vote }: { vote: VoteRowFragment }) {
  const { turnout } = vote;
  return (
    <Row
      title={
        <RowLink href={`/votes/${vote.id}`} dir="auto">
          {vote.title}
        </RowLink>
      }
      detail={
        <>
          {turnout.voted} of {turnout.eligible} voted
          {vote.closesAt && (
            <>
              {" · "}
              <Countdown to={vote.closesAt} prefix="closes in " over="counting" />
            </>
          )}
        </>
      }
      end={vote.viewerCanVote ? <Badge tone="accent">You can vote</Badge> : <StatusBadge vote={vote} />}
    />
  );
}

function DraftRow({ vote }: { vote: VoteRowFragment }) {
  return (
    <Row
      title={
        <RowLink href={`/votes/${vote.id}`} dir="auto">
          {vote.title}
        </RowLink>
      }
      detail={
        <>
          {methodName(vote.method)}
          {vote.startAt && (
            <>
              {" · starts "}
              <Time at={vote.startAt} />
            </>
          )}
        </>
      }
      end={<StatusBadge vote={vote} />}
    />
  );
}

function PastVotes() {
  const [search, setSearch] = useSearchParams();
  const shown: Shown = search.get("past") === "archive" ? "archive" : "recent";
  return (
    <Section
      title="Past votes"
      actions={
        <Choices<Shown>
          label="Past votes to show"
          labelHidden
          value={shown}
          onChange={(value) =>
            setSearch((before) => {
              if (value === "archive") before.set("past", value);
              else before.delete("past");
              return before;
            })
          }
          options={[
            { value: "recent", label: "Recent" },
            { value: "archive", label: "Archive" },
          ]}
        />
      }
    >
      <PastList key={shown} shown={shown} />
    </Section>
  );
}

function PastList({ shown }: { shown: Shown }) {
  const variables = { status: shown === "archive" ? "ARCHIVED" : "CLOSED", first: PAGE } as const;
  const first = useData(PastVotesDocument, variables);
  const [more, setMore] = useState<{ nodes: readonly Past[]; pageInfo: PageInfo }>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const read = useFetch();
  const loadMore = async (after: string | null | undefined) => {
    setBusy(true);
    const { data, error } = await read(PastVotesDocument, { ...variables, after: after ?? null });
    setBusy(false);
    setProblem(error?.message);
    if (!data) return;
    const { nodes, pageInfo } = data.campaigns;
    setMore((before) => ({ nodes: [...(before?.nodes ?? []), ...nodes], pageInfo }));
  };
  return (
    <Loaded result={first}>
      {({ campaigns }) => {
        const nodes = [...campaigns.nodes, ...(more?.nodes ?? [])];
        const { hasNextPage, endCursor } = (more ?? campaigns).pageInfo;
        if (nodes.length === 0) {
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
        return (
          <>
            <Rows label="Past votes">
              {nodes.map((vote) => (
                <PastRow key={vote.id} vote={vote} />
              ))}
            </Rows>
            {problem && <Alert>{problem}</Alert>}
            {hasNextPage && (
              <Button variant="quiet" busy={busy} onClick={() => loadMore(endCursor)}>
                Show more
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
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

import { useEffect, useRef, useState } from "react";
import { useIsPolling } from "../../app/connection";
import { useData } from "../../app/data";
import {
  type VoteTurnoutFragment as Turnout,
  type VoteDetailsFragment,
  VoteStandingsDocument,
} from "../../gql/graphql";
import { createThrottledAnnouncer } from "../../ui/announce";
import { Section } from "../../ui/Card";
import { ResultChart } from "../../ui/charts/ResultChart";
import { Checkbox } from "../../ui/Field";
import { Skeleton } from "../../ui/PageState";
import { type Tally, useTally } from "./useTally";

interface LiveStandingsProps {
  vote: VoteDetailsFragment;
  refetch: () => void;
  onTurnout: (turnout: Turnout | undefined) => void;
}

/** The standings while votes come in. */
export function LiveStandings({ vote, refetch, onTurnout }: LiveStandingsProps) {
  const tally = useTally(vote.id, refetch);
  const isPolling = useIsPolling();
  const polled = useData(VoteStandingsDocument, { id: vote.id }, { pause: !isPolling });
  const { standings, ...charts } = tally ?? polled.data?.campaign ?? {};
  const [isSpoken, setSpoken] = useState(true);
  useSpokenStandings(tally, isSpoken);
  useEffect(() => onTurnout(tally?.turnout), [tally?.turnout, onTurnout]);
  useEffect(() => () => onTurnout(undefined), [onTurnout]);
  return (
    <Section
      title="Standings"
      description="They change with each ballot until the vote closes."
      actions={
        <Checkbox
          label="Read changes aloud"
          checked={isSpoken}
          onChange={(event) => setSpoken(event.currentTarget.checked)}
        />
      }
    >
      {standings ? (
        <ResultChart method={vote.method} standings={standings} {...charts} />
      ) : (
        <Skeleton rows={3} />
      )}
    </Section>
  );
}

/** Says a new leader, or else the turnout, to screen readers, at most every ten seconds. */
function useSpokenStandings(tally: Tally | undefined, isSpoken: boolean) {
  const announcer = useRef<ReturnType<typeof createThrottledAnnouncer>>(undefined);
  announcer.current ??= createThrottledAnnouncer();
  const before = useRef<{ leaders: string; voted: number }>(undefined);
  useEffect(() => () => announcer.current?.stop(), []);
  useEffect(() => {
    if (!tally) return;
    const { voted, eligible } = tally.turnout;
    const leaders =
      voted === 0
        ? ""
        : tally.standings
            .filter((row) => row.place === 1)
            .map((row) => row.entry.name)
            .join(" and ");
    const last = before.current;
    before.current = { leaders, voted };
    if (!last || !isSpoken) return;
    const turnout = `${voted} of ${eligible} voted.`;
    if (leaders !== last.leaders) announcer.current?.announce(`Now first: ${leaders}. ${turnout}`);
    else if (voted !== last.voted) announcer.current?.announce(turnout);
  }, [tally, isSpoken]);
}

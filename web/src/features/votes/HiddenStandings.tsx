import { useEffect } from "react";
import { useLive } from "../../app/connection";
import {
  type StandingsHiddenReason,
  type VoteTurnoutFragment as Turnout,
  type VoteDetailsFragment,
  VoteTurnoutDocument,
} from "../../gql/graphql";
import { Section } from "../../ui/Card";
import { PageState } from "../../ui/PageState";
import { hiddenStandings } from "./words";

interface HiddenStandingsProps {
  vote: VoteDetailsFragment;
  reason: StandingsHiddenReason;
  refetch: () => void;
  onTurnout: (turnout: Turnout | undefined) => void;
}

/** Why the standings are hidden, and when they show. The turnout moves meanwhile. */
export function HiddenStandings({ vote, reason, refetch, onTurnout }: HiddenStandingsProps) {
  useLive(
    VoteTurnoutDocument,
    { id: vote.id },
    {
      onData: ({ turnoutChanged: { turnout, isFinal } }) => {
        onTurnout(turnout);
        if (isFinal) refetch();
      },
      onEnd: refetch,
    },
  );
  useEffect(() => () => onTurnout(undefined), [onTurnout]);
  return (
    <Section title="Standings">
      <PageState icon="lock" title="The standings are hidden">
        <p>{hiddenStandings(reason, vote)}</p>
      </PageState>
    </Section>
  );
}

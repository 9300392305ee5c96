import { useEffect } from "react";
import type {
  StandingsHiddenReason,
  VoteTurnoutFragment as Turnout,
  VoteDetailsFragment,
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
export function HiddenStandings({ vote, reason, onTurnout }: HiddenStandingsProps) {
  useEffect(() => () => onTurnout(undefined), [onTurnout]);
  return (
    <Section title="Standings">
      <PageState icon="lock" title="The standings are hidden">
        <p>{hiddenStandings(reason, vote)}</p>
      </PageState>
    </Section>
  );
}

import { useCallback, useEffect, useRef } from "react";
import { CampaignChangesDocument } from "../gql/graphql";
import { useLive } from "./connection";

/** Time in which several changes are one, in milliseconds. */
const PAUSE = 500;

/** Calls `onChange` after a vote was created, edited, started, closed or archived, for lists of votes. */
export function useCampaignChanges(onChange: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => () => clearTimeout(timer.current), []);
  const onData = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current(), PAUSE);
  }, []);
  useLive(CampaignChangesDocument, {}, { onData });
}

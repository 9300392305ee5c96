import { useRef } from "react";
import type { DraftFragment } from "../../../gql/graphql";

type Revision = number | null;

/**
 * Sends a save after the earlier ones of this page have their responses. `revision` is that of the draft that was edited.
 * `send` gets the revision for the server, which refuses the save if there is a later one.
 */
export type SaveInTurn = (
  revision: Revision,
  send: (revision: Revision) => Promise<DraftFragment | undefined>,
) => Promise<DraftFragment | undefined>;

/** Saves the parts of a draft one after the other, so that a save is not refused because of another one of the same page. */
export function useSaves(): SaveInTurn {
  // The revisions before and after the last save that the server took.
  const last = useRef(Promise.resolve<{ from: Revision; to: Revision } | undefined>(undefined));
  return async (revision, send) => {
    const sent = last.current.then(async (own) => {
      const from = own?.from === revision ? own.to : revision;
      const draft = await send(from);
      return { draft, own: draft ? { from, to: draft.draftRevision ?? null } : own };
    });
    last.current = sent.then(({ own }) => own);
    return (await sent).draft;
  };
}

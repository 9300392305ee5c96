import { useState } from "react";
import { useAction } from "../../app/data";
import { isTemporary } from "../../app/errors";
import { SendInvitesDocument, type SendInvitesMutation } from "../../gql/graphql";
import { LEAVE_CODES, useUnsaved } from "../../ui/unsaved";

type Payload = NonNullable<SendInvitesMutation["sendInvites"]>;
export type Invite = Payload["invites"][number];
export type Refusal = Payload["refusals"][number];

export interface Invites {
  invites: readonly Invite[];
  refusals: readonly Refusal[];
  /** Why the rest was not sent. */
  problem?: string;
  /** Number of members whose request got no response: the server may have made their invites. */
  unknown: number;
}

/** Invites on their way. */
export interface InviteProgress {
  memberIds: readonly string[];
  /** Number of members whose request has a response. */
  done: number;
}

/** Largest number of members of one request. */
const BATCH = 100;

/**
 * Invites any number of members, 100 at a time. While `progress` is set, nothing else may be sent, because the codes of
 * the later response would replace those of the earlier one.
 */
export function useInvites() {
  const { run } = useAction(SendInvitesDocument);
  const [progress, setProgress] = useState<InviteProgress>();
  useUnsaved(progress !== undefined, LEAVE_CODES);
  const send = async (memberIds: readonly string[]): Promise<Invites> => {
    const invites: Invite[] = [];
    const refusals: Refusal[] = [];
    let problem: string | undefined;
    let unknown = 0;
    for (let done = 0; done < memberIds.length && problem === undefined; done += BATCH) {
      setProgress({ memberIds, done });
      const batch = memberIds.slice(done, done + BATCH);
      const { data, error } = await run({ memberIds: batch });
      invites.push(...(data?.sendInvites?.invites ?? []));
      refusals.push(...(data?.sendInvites?.refusals ?? []));
      problem = error?.message;
      if (error && isTemporary(error)) unknown = batch.length;
    }
    setProgress(undefined);
    return { invites, refusals, unknown, ...(problem !== undefined && { problem }) };
  };
  return { send, progress };
}

import { useState } from "react";
import { useAction } from "../../app/data";
import { isTemporary } from "../../app/errors";
import { resync } from "../../app/resync";
import { SendInvitesDocument, type SendInvitesMutation } from "../../gql/graphql";

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

/** Largest number of members of one request. */
const BATCH = 100;

/** Invites any number of members, 100 at a time. */
export function useInvites() {
  const { run } = useAction(SendInvitesDocument);
  const [progress, setProgress] = useState<{ done: number; all: number }>();
  const send = async (memberIds: readonly string[]): Promise<Invites> => {
    const invites: Invite[] = [];
    const refusals: Refusal[] = [];
    let problem: string | undefined;
    let unknown = 0;
    for (let done = 0; done < memberIds.length && problem === undefined; done += BATCH) {
      setProgress({ done, all: memberIds.length });
      const batch = memberIds.slice(done, done + BATCH);
      const { data, error } = await run({ memberIds: batch });
      invites.push(...(data?.sendInvites?.invites ?? []));
      refusals.push(...(data?.sendInvites?.refusals ?? []));
      problem = error?.message;
      if (error && isTemporary(error)) unknown = batch.length;
    }
    // After a refusal, `useAction` has done so.
    if (unknown > 0) resync();
    setProgress(undefined);
    return { invites, refusals, unknown, ...(problem !== undefined && { problem }) };
  };
  return { send, progress };
}

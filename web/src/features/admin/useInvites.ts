import { useState } from "react";
import { useAction } from "../../app/data";
import { SendInvitesDocument, type SendInvitesMutation } from "../../gql/graphql";

type Payload = NonNullable<SendInvitesMutation["sendInvites"]>;
export type Invite = Payload["invites"][number];
export type Refusal = Payload["refusals"][number];

export interface Invites {
  invites: readonly Invite[];
  refusals: readonly Refusal[];
  /** Why the rest was not sent. */
  problem?: string;
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
    for (let done = 0; done < memberIds.length && problem === undefined; done += BATCH) {
      setProgress({ done, all: memberIds.length });
      const { data, error } = await run({ memberIds: memberIds.slice(done, done + BATCH) });
      invites.push(...(data?.sendInvites?.invites ?? []));
      refusals.push(...(data?.sendInvites?.refusals ?? []));
      problem = error?.message;
    }
    setProgress(undefined);
    return { invites, refusals, ...(problem !== undefined && { problem }) };
  };
  return { send, progress };
}

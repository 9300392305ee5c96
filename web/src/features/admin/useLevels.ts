import { useAction } from "../../app/data";
import type { AppError } from "../../app/errors";
import { SetRankLevelsDocument } from "../../gql/graphql";
import type { Level } from "./levels";

/** Sets levels, all or none. Resolves with the refusal, if there is one. */
export function useLevels() {
  const { run, busy, error } = useAction(SetRankLevelsDocument);
  const setLevels = async (levels: readonly Level[]): Promise<AppError | undefined> => {
    if (levels.length === 0) return undefined;
    return (await run({ input: { levels: [...levels] } })).error;
  };
  return { setLevels, busy, error };
}

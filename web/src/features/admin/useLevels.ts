import { useAction } from "../../app/data";
import type { AppError } from "../../app/errors";
import { SetRankLevelDocument } from "../../gql/graphql";
import type { Level } from "./levels";

/** Sets levels one after the other. Resolves with the first refusal; the ladder then keeps its order. */
export function useLevels() {
  const { run, busy, error } = useAction(SetRankLevelDocument);
  const setLevels = async (levels: readonly Level[]): Promise<AppError | undefined> => {
    for (const { rankId, level } of levels) {
      const { error } = await run({ id: rankId, level });
      if (error) return error;
    }
    return undefined;
  };
  return { setLevels, busy, error };
}

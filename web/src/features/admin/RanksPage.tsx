import { useState } from "react";
import { useData } from "../../app/data";
import { Guard } from "../../app/Guard";
import { Loaded, Page } from "../../app/Page";
import { resync } from "../../app/resync";
import { useViewer } from "../../app/viewer";
import { type RankPartsFragment, RanksAdminDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Ladder } from "./Ladder";
import { sortRungs } from "./levels";
import { PermissionMatrix } from "./PermissionMatrix";
import { RankDialog } from "./RankDialog";

export default function RanksPage() {
  return (
    <Guard permission="RANKS_MANAGE" title="Ranks">
      <Contents />
    </Guard>
  );
}

/** The roles of the linked Discord server; absent while their names are not known. */
export type DiscordRoles = readonly { id: string; name: string }[] | undefined;

function Contents() {
  const viewer = useViewer();
  const withDiscord = viewer.can("DISCORD_MANAGE");
  const result = useData(RanksAdminDocument, { withDiscord });
  const [edited, setEdited] = useState<RankPartsFragment | "new">();
  const ranks = sortRungs(result.data?.ranks ?? []);
  const roles: DiscordRoles = result.data?.discordStatus?.link?.server?.roles;
  const isLinked = Boolean(result.data?.discordStatus?.link);
  return (
    <Page
      title="Ranks"
      subtitle="The ladder of the guild, and what each rank may do"
      actions={
        <Button variant="primary" icon="plus" disabled={ranks.length === 0} onClick={() => setEdited("new")}>
          Add a rank
        </Button>
      }
    >
      <Loaded result={result}>
        {() => (
          <>
            <Ladder ranks={ranks} roles={roles} onEdit={setEdited} />
            <PermissionMatrix ranks={ranks} />
          </>
        )}
      </Loaded>
      {edited && (
        <RankDialog
          rank={edited === "new" ? undefined : edited}
          ranks={ranks}
          roles={roles}
          isLinked={isLinked}
          onClose={() => setEdited(undefined)}
          onSaved={resync}
        />
      )}
    </Page>
  );
}

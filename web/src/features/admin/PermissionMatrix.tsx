import { useState } from "react";
import { useAction } from "../../app/data";
import { permissionLabel } from "../../app/labels";
import { useViewer } from "../../app/viewer";
import { type Permission, type RankPartsFragment, UpdateRankDocument } from "../../gql/graphql";
import { Section } from "../../ui/Card";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toast";
import styles from "./Ranks.module.css";

const MEANINGS: Record<string, string> = {
  RANKS_MANAGE: "Add, change and delete ranks below their own.",
  MEMBERS_MANAGE: "Add, change and deactivate members below them, import rosters, send reset codes.",
  MEMBERS_INVITE: "Send invites to members below them.",
  CAMPAIGNS_MANAGE: "See drafts. Create, start, close and archive votes.",
  DISCORD_MANAGE: "Link the guild to Discord and sync ranks.",
  AUDIT_VIEW: "Read who changed what.",
  GUILD_MANAGE: "Change the guild's name and region.",
};

/** What each rank may do. A press changes it at once; after a refusal the old value returns. */
export function PermissionMatrix({ ranks }: { ranks: readonly RankPartsFragment[] }) {
  const viewer = useViewer();
  const { run } = useAction(UpdateRankDocument);
  const [pending, setPending] = useState<Readonly<Record<string, readonly Permission[]>>>({});
  const [top] = ranks;
  // The highest rank has every permission that the server knows.
  const permissions = top?.permissions ?? [];
  const toggle = async (rank: RankPartsFragment, permission: Permission, isOn: boolean) => {
    const before = pending[rank.id] ?? rank.permissions;
    const next = isOn ? [...before, permission] : before.filter((item) => item !== permission);
    setPending((all) => ({ ...all, [rank.id]: next }));
    const withDiscord = viewer.can("DISCORD_MANAGE");
    const { data, error } = await run({ input: { id: rank.id, permissions: next }, withDiscord });
    setPending(({ [rank.id]: _, ...rest }) => rest);
    if (error) toast(error.message, { tone: "danger" });
    for (const warning of data?.updateRank?.warnings ?? []) toast(warning, { tone: "danger" });
  };
  return (
    <Section title="Permissions" description="You can grant those that you have, to ranks below yours.">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls it. */}
      <section className={styles.scroll} tabIndex={0} aria-label="Permissions by rank">
        <table className={styles.matrix}>
          <thead>
            <tr>
              <th scope="col">Permission</th>
              {ranks.map(({ id, name }) => (
                <th key={id} scope="col" dir="auto">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {permissions.map((permission) => (
              <tr key={permission}>
                <th scope="row">
                  <span className={styles.permission}>{permissionLabel(permission)}</span>
                  <span className={styles.meaning}>{MEANINGS[permission]}</span>
                </th>
                {ranks.map((rank) => (
                  <td key={rank.id}>
                    <Cell
                      rank={rank}
                      permission={permission}
                      isTop={rank === top}
                      isOn={(pending[rank.id] ?? rank.permissions).includes(permission)}
                      canGrant={viewer.can(permission)}
                      busy={rank.id in pending}
                      onChange={(isOn) => toggle(rank, permission, isOn)}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  );
}

interface CellProps {
  rank: RankPartsFragment;
  permission: Permission;
  isTop: boolean;
  isOn: boolean;
  canGrant: boolean;
  busy: boolean;
  onChange: (isOn: boolean) => void;
}

function Cell({ rank, permission, isTop, isOn, canGrant, busy, onChange }: CellProps) {
  const label = `${rank.name}: ${permissionLabel(permission)}`;
  if (isTop || !rank.viewerActions.includes("EDIT") || (!isOn && !canGrant)) {
    return (
      <span className={styles.fixed}>
        {isOn && <Icon name="check" />}
        <span className="visually-hidden">{isOn ? "yes" : "no"}</span>
      </span>
    );
  }
  return (
    <label className={styles.box}>
      <input
        type="checkbox"
        aria-label={label}
        checked={isOn}
        onChange={(event) => !busy && onChange(event.target.checked)}
      />
    </label>
  );
}

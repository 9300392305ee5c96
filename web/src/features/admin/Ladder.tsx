import { useState } from "react";
import { useAction } from "../../app/data";
import { Link } from "../../app/Link";
import { resync } from "../../app/resync";
import { DeleteRankDocument, type RankPartsFragment } from "../../gql/graphql";
import { announce } from "../../ui/announce";
import { IconButton } from "../../ui/Button";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { ConfirmDialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toast";
import { canMoveUp, planBelow, type Rung } from "./levels";
import styles from "./Ranks.module.css";
import type { DiscordRoles } from "./RanksPage";
import { useLevels } from "./useLevels";

interface LadderProps {
  ranks: readonly RankPartsFragment[];
  roles: DiscordRoles;
  onEdit: (rank: RankPartsFragment) => void;
}

export function Ladder({ ranks, roles, onEdit }: LadderProps) {
  const { setLevels, busy } = useLevels();
  const remove = useAction(DeleteRankDocument);
  /** The order after a move, until the server has confirmed it. */
  const [pending, setPending] = useState<readonly string[]>();
  const [removed, setRemoved] = useState<RankPartsFragment>();
  const rungs = ranks.map(toRung);
  // A move shows at once. After a refusal the ladder is as before.
  const shown = pending ? [...ranks].sort((a, b) => pending.indexOf(a.id) - pending.indexOf(b.id)) : ranks;
  /** Moves the rank at `index` above the one before it. `moved` is the rank that the viewer pressed. */
  const moveUp = async (index: number, moved: RankPartsFragment, place: number) => {
    const [above, upper, lower] = [rungs[index - 2], rungs[index - 1], rungs[index]];
    const plan = above && upper && lower && planBelow(rungs, above.id, lower.id);
    if (!plan) return toast("There is no free place. Delete a rank first.", { tone: "danger" });
    const order = rungs.map(({ id }) => id);
    order.splice(index - 1, 2, lower.id, upper.id);
    setPending(order);
    announce(`${moved.name}: ${place + 1} of ${ranks.length}`);
    const error = await setLevels([...plan.before, { rankId: lower.id, level: plan.level }]);
    setPending(undefined);
    if (error) toast(error.message, { tone: "danger" });
  };
  return (
    <Section
      title="Ladder"
      description="Members act only on lower ranks. The highest rank may do everything."
    >
      <Rows label="Ranks, highest first">
        {shown.map((rank, index) => {
          const { id, name, description, memberCount, viewerActions, discordRoleId } = rank;
          const role = roles?.find((item) => item.id === discordRoleId);
          return (
            <Row
              key={id}
              title={<span dir="auto">{name}</span>}
              detail={
                <span className={styles.detail}>
                  <Link href={`/roster?rank=${id}`}>
                    {memberCount === 1 ? "1 member" : `${memberCount} members`}
                  </Link>
                  {discordRoleId && (
                    <Badge>
                      <Icon name="discord" size={14} />
                      <span dir="auto">{role ? `@${role.name}` : discordRoleId}</span>
                    </Badge>
                  )}
                  {description && <span dir="auto">{description}</span>}
                </span>
              }
              end={
                <span className={styles.buttons}>
                  {canMoveUp(rungs, index) && (
                    <IconButton
                      icon="up"
                      label={`Move ${name} up`}
                      busy={busy}
                      onClick={() => moveUp(index, rank, index - 1)}
                    />
                  )}
                  {canMoveUp(rungs, index + 1) && (
                    <IconButton
                      icon="down"
                      label={`Move ${name} down`}
                      busy={busy}
                      onClick={() => moveUp(index + 1, rank, index + 1)}
                    />
                  )}
                  {viewerActions.includes("EDIT") && (
                    <IconButton icon="edit" label={`Edit ${name}`} onClick={() => onEdit(rank)} />
                  )}
                  {viewerActions.includes("DELETE") && (
                    <IconButton icon="trash" label={`Delete ${name}`} onClick={() => setRemoved(rank)} />
                  )}
                </span>
              }
            />
          );
        })}
      </Rows>
      {removed && (
        <ConfirmDialog
          title={`Delete the rank ${removed.name}?`}
          confirmLabel="Delete the rank"
          danger
          onConfirm={async () => {
            const { error } = await remove.run({ id: removed.id });
            if (error) return error.message;
            toast(`${removed.name} deleted`);
            resync();
            return undefined;
          }}
          onClose={() => setRemoved(undefined)}
        >
          <p>No member may have the rank. Votes that require it then require the next rank above.</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}

export const toRung = ({ id, level, viewerActions }: RankPartsFragment): Rung => ({
  id,
  level,
  isEditable: viewerActions.includes("EDIT"),
});

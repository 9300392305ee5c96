import { useAction } from "../../app/data";
import { Link } from "../../app/Link";
import { type InviteeFragment, RevokeInviteDocument } from "../../gql/graphql";
import { Button, IconButton } from "../../ui/Button";
import { Card, Row, Rows } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { toast } from "../../ui/Toast";
import styles from "./MembersAdminPage.module.css";

interface InviteeRowsProps {
  members: readonly InviteeFragment[];
  selected: ReadonlySet<string>;
  /** The members whose invites are on their way. */
  inviting: readonly string[] | undefined;
  onSelect: (ids: ReadonlySet<string>) => void;
  onInvite: (id: string) => void;
  onDelete: (member: InviteeFragment) => void;
}

export function InviteeRows({ members, selected, inviting, onSelect, onInvite, onDelete }: InviteeRowsProps) {
  const revoke = useAction(RevokeInviteDocument);
  const toggle = (id: string, isOn: boolean) => {
    const next = new Set(selected);
    if (isOn) next.add(id);
    else next.delete(id);
    onSelect(next);
  };
  return (
    <Card>
      <Rows label="Members without an account">
        {members.map((member) => {
          const { id, displayName, discordUsername, rank, openInvite, viewerActions } = member;
          const canInvite = viewerActions.includes("INVITE");
          return (
            <Row
              key={id}
              start={
                <input
                  type="checkbox"
                  className={styles.check}
                  aria-label={`Select ${displayName}`}
                  checked={canInvite && selected.has(id)}
                  disabled={!canInvite}
                  onChange={(event) => toggle(id, event.target.checked)}
                />
              }
              title={
                <Link href={`/members/${id}`} className={styles.name} dir="auto">
                  {displayName}
                </Link>
              }
              detail={
                <span className={styles.detail}>
                  {discordUsername !== displayName && <span>@{discordUsername}</span>}
                  <span dir="auto">{rank.name}</span>
                  {openInvite ? (
                    <span>
                      invited <Time at={openInvite.createdAt} />, expires <Time at={openInvite.expiresAt} />
                    </span>
                  ) : (
                    <span>no open invite</span>
                  )}
                </span>
              }
              end={
                <span className={styles.buttons}>
                  {canInvite && (
                    <Button
                      small
                      busy={inviting?.includes(id) ?? false}
                      disabled={inviting !== undefined && !inviting.includes(id)}
                      onClick={() => onInvite(id)}
                      aria-label={`${openInvite ? "Invite again" : "Invite"} ${displayName}`}
                    >
                      {openInvite ? "Invite again" : "Invite"}
                    </Button>
                  )}
                  {openInvite && viewerActions.includes("REVOKE_INVITE") && (
                    <Button
                      small
                      disabled={inviting?.includes(id) ?? false}
                      aria-label={`Revoke the invite of ${displayName}`}
                      onClick={async () => {
                        const { error } = await revoke.run({ memberId: id });
                        toast(
                          error ? error.message : `The invite of ${displayName} is void`,
                          error && { tone: "danger" },
                        );
                      }}
                    >
                      Revoke
                    </Button>
                  )}
                  {viewerActions.includes("DELETE") && (
                    <IconButton
                      small
                      icon="trash"
                      disabled={inviting?.includes(id) ?? false}
                      label={`Delete ${displayName}`}
                      onClick={() => onDelete(member)}
                    />
                  )}
                </span>
              }
            />
          );
        })}
      </Rows>
    </Card>
  );
}

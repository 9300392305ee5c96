import { type ReactNode, useState } from "react";
import { useAction } from "../../app/data";
import type { MemberQuery } from "../../gql/graphql";
import { RevokeMemberInviteDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { toast } from "../../ui/Toast";
import styles from "./MemberPage.module.css";
import { RankDialog } from "./RankDialog";

type Member = NonNullable<MemberQuery["member"]>;

/** Where the rank comes from, in words. Unknown sources show as nothing. */
const SOURCES: Record<string, string> = { MANUAL: "set by an officer", DISCORD_SYNC: "from Discord" };

export function MemberDetails({ member }: { member: Member }) {
  const [isChangingRank, setChangingRank] = useState(false);
  const { rank, rankSource, createdAt, registeredAt, lastSeenAt, discordId, openInvite, viewerActions } =
    member;
  return (
    <Section title="Details">
      <dl className={styles.facts}>
        <Fact label="Rank">
          <span dir="auto">{rank.name}</span>
          {SOURCES[rankSource] && <span className={styles.note}>{SOURCES[rankSource]}</span>}
          {viewerActions.includes("SET_RANK") && (
            <Button small icon="ranks" onClick={() => setChangingRank(true)}>
              Change
            </Button>
          )}
        </Fact>
        <Fact label="On the roster since">
          <Time at={createdAt} format="date" />
        </Fact>
        {registeredAt && (
          <Fact label="Registered">
            <Time at={registeredAt} format="date" />
          </Fact>
        )}
        {lastSeenAt && (
          <Fact label="Last seen">
            <Time at={lastSeenAt} />
          </Fact>
        )}
        {discordId && (
          <Fact label="Discord user id">
            <code>{discordId}</code>
          </Fact>
        )}
        {openInvite && <OpenInvite member={member} invite={openInvite} />}
      </dl>
      {isChangingRank && <RankDialog member={member} onClose={() => setChangingRank(false)} />}
    </Section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function OpenInvite({ member, invite }: { member: Member; invite: NonNullable<Member["openInvite"]> }) {
  const revoke = useAction(RevokeMemberInviteDocument);
  return (
    <Fact label="Open invite">
      <span>
        expires <Time at={invite.expiresAt} />
      </span>
      {invite.createdBy && (
        <span className={styles.note}>
          by <span dir="auto">{invite.createdBy.displayName}</span>
        </span>
      )}
      {member.viewerActions.includes("REVOKE_INVITE") && (
        <Button
          small
          busy={revoke.busy}
          onClick={async () => {
            const { error } = await revoke.run({ id: member.id });
            toast(error ? error.message : "The invite is void", error && { tone: "danger" });
          }}
        >
          Revoke
        </Button>
      )}
    </Fact>
  );
}

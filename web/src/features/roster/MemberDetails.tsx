import { type ReactNode, useState } from "react";
import type { MemberQuery } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import styles from "./MemberPage.module.css";
import { RankDialog } from "./RankDialog";

type Member = NonNullable<MemberQuery["member"]>;

/** Where the rank comes from, in words. Unknown sources show as nothing. */
const SOURCES: Record<string, string> = { MANUAL: "set by an officer", DISCORD_SYNC: "from Discord" };

export function MemberDetails({ member }: { member: Member }) {
  const [isChangingRank, setChangingRank] = useState(false);
  const { rank, rankSource, createdAt, registeredAt, lastSeenAt, discordId, viewerActions } = member;
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

import { RowLink } from "../../app/Link";
import { blockerLabel } from "../../app/labels";
import type { HomeDraftFragment, HomeQuery } from "../../gql/graphql";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { formatDateTime } from "../../ui/Countdown";
import { Icon } from "../../ui/Icon";

interface AttentionProps {
  drafts: readonly HomeDraftFragment[];
  discord: HomeQuery["discordStatus"];
}

/** What waits for an officer: scheduled drafts that cannot start, and messages that Discord did not take. */
export function Attention({ drafts, discord }: AttentionProps) {
  const blocked = drafts.filter(({ startAt, activationBlockers }) => startAt && activationBlockers?.length);
  const failed = discord?.failed ?? 0;
  const isRefused = discord?.connection === "REFUSED";
  if (blocked.length === 0 && failed === 0 && !isRefused) return null;
  return (
    <Section title="Needs attention">
      <Rows label="Needs attention">
        {blocked.map(({ id, title, startAt, activationBlockers }) => (
          <Row
            key={id}
            start={<Icon name="warning" />}
            title={
              <RowLink href={`/admin/votes/${id}`} dir="auto">
                {title}
              </RowLink>
            }
            detail={`Cannot start: ${(activationBlockers ?? []).map(blockerLabel).join(" ")}`}
            end={startAt && <Badge>{formatDateTime(startAt)}</Badge>}
          />
        ))}
        {isRefused && (
          <Row
            start={<Icon name="discord" />}
            title={<RowLink href="/admin/discord">Discord refuses the bot</RowLink>}
            detail={discord?.problem ?? "The token may be wrong."}
          />
        )}
        {failed > 0 && (
          <Row
            start={<Icon name="discord" />}
            title={
              <RowLink href="/admin/discord">
                {failed === 1 ? "One message to Discord failed" : `${failed} messages to Discord failed`}
              </RowLink>
            }
            detail="See why, and send them again."
          />
        )}
      </Rows>
    </Section>
  );
}

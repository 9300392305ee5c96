import { useState } from "react";
import { storageKey } from "../../app/guild";
import { RowLink } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import type { HomeQuery } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { Icon } from "../../ui/Icon";

const KEY = storageKey("first-steps");

function isDismissed() {
  try {
    return localStorage.getItem(KEY) === "dismissed";
  } catch {
    return false;
  }
}

/** Whether the first steps show to this viewer, and how to dismiss them. */
export function useFirstSteps() {
  const { can } = useViewer();
  const [dismissed, setDismissed] = useState(isDismissed);
  const dismiss = () => {
    setDismissed(true);
    try {
      localStorage.setItem(KEY, "dismissed");
    } catch {
      // Storage is blocked: the steps show again next time.
    }
  };
  return { isShown: can("GUILD_MANAGE") && !dismissed, dismiss };
}

/** What a leader of a new guild does first. Shows until all is done, or dismissed. */
export function FirstSteps({ data, onDismiss }: { data: HomeQuery; onDismiss: () => void }) {
  const { can } = useViewer();
  const { members, registered, votes, discordStatus } = data;
  if (!members || !registered || !votes) return null;
  const steps = [
    {
      title: "Fill the roster",
      detail: "Import a file, or add members one by one.",
      path: "/admin/import",
      isDone: members.totalCount > 1,
      isShown: can("MEMBERS_MANAGE"),
    },
    {
      title: "Invite your members",
      detail: "Each gets a code or a link to choose a password.",
      path: "/admin/members",
      isDone: registered.totalCount > 1,
      isShown: can("MEMBERS_INVITE"),
    },
    {
      title: "Hold the first vote",
      detail: "Pick a method, add entries, and start it.",
      path: "/admin/votes/new",
      isDone: votes.totalCount > 0,
      isShown: can("CAMPAIGNS_MANAGE"),
    },
    {
      title: "Link your Discord server",
      detail:
        discordStatus?.connection === "OFF"
          ? "The server’s operator sets up the bot first."
          : "Ranks follow roles, and votes are announced.",
      path: "/admin/discord",
      isDone: Boolean(discordStatus?.link),
      isShown: can("DISCORD_MANAGE"),
    },
  ].filter(({ isShown }) => isShown);
  // The link to Discord is an offer: without it a guild is set up too.
  if (steps.every(({ isDone, path }) => isDone || path === "/admin/discord")) return null;
  return (
    <Section
      title="First steps"
      actions={
        <Button variant="quiet" small onClick={onDismiss}>
          Dismiss
        </Button>
      }
    >
      <Rows label="First steps">
        {steps.map(({ title, detail, path, isDone }, index) => (
          <Row
            key={path}
            start={isDone ? <Icon name="check" /> : <Badge tone="accent">{index + 1}</Badge>}
            title={<RowLink href={path}>{title}</RowLink>}
            detail={detail}
            end={isDone ? <Badge tone="success">Done</Badge> : <Icon name="right" />}
          />
        ))}
      </Rows>
    </Section>
  );
}

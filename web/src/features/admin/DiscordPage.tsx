import { useState } from "react";
import { useAction, useData } from "../../app/data";
import { Guard } from "../../app/Guard";
import { ErrorState, Loaded, Page } from "../../app/Page";
import { resync } from "../../app/resync";
import { DiscordAdminDocument, type DiscordAdminQuery, UnlinkDiscordDocument } from "../../gql/graphql";
import { Alert, Notice } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Badge, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { ConfirmDialog } from "../../ui/Dialog";
import { toast } from "../../ui/Toast";
import { useInterval } from "../../ui/useInterval";
import { DiscordFailures } from "./DiscordFailures";
import { DiscordLinkForm } from "./DiscordLinkForm";
import { DiscordSync } from "./DiscordSync";

type Status = NonNullable<DiscordAdminQuery["discordStatus"]>;

/** The bot's connection, the link to the guild's Discord server, and the sync of ranks. */
export default function DiscordPage() {
  return (
    <Guard permission="DISCORD_MANAGE" title="Discord">
      <Contents />
    </Guard>
  );
}

/** Time between two reads while the bot connects, in milliseconds. */
const CONNECTING_INTERVAL = 5_000;

function Contents() {
  const result = useData(DiscordAdminDocument, {});
  // The server may refuse it to a rank that lost the permission. What was typed stays then.
  const [seen, setSeen] = useState(result.data);
  if (result.data?.discordStatus && result.data !== seen) setSeen(result.data);
  const status = result.data?.discordStatus ?? seen?.discordStatus;
  useInterval(result.refetch, CONNECTING_INTERVAL, status?.connection === "CONNECTING");
  return (
    <Page
      title="Discord"
      subtitle={
        status && (
          <>
            <ConnectionBadge status={status} />
            {status.since && (
              <span>
                since <Time at={status.since} />
              </span>
            )}
            {status.queued > 0 && <span>{status.queued} messages queued</span>}
          </>
        )
      }
    >
      <Loaded result={result}>
        {({ ranks }) =>
          status ? (
            <Parts status={status} ranks={ranks} />
          ) : (
            <ErrorState
              error={{
                kind: "unavailable",
                message: "The server did not send the state of Discord.",
                fields: {},
              }}
              onRetry={result.refetch}
            />
          )
        }
      </Loaded>
    </Page>
  );
}

function Parts({ status, ranks }: { status: Status; ranks: DiscordAdminQuery["ranks"] }) {
  if (status.connection === "OFF") {
    return (
      <Notice icon="info">
        This site has no Discord bot. An operator can set one up with a bot token: the documentation of
        Guildhall says how, under Discord.
      </Notice>
    );
  }
  return (
    <>
      {status.problem && <Alert>{status.problem}</Alert>}
      {status.warnings?.map((warning) => (
        <Notice key={warning} icon="warning">
          {warning}
        </Notice>
      ))}
      <DiscordLinkForm link={status.link ?? null} ranks={ranks} />
      {status.link && <DiscordSync link={status.link} />}
      <DiscordFailures count={status.failed} />
      {status.link && <Unlink />}
    </>
  );
}

const CONNECTIONS: Record<string, { word: string; tone: "success" | "neutral" | "danger" }> = {
  OFF: { word: "No bot", tone: "neutral" },
  CONNECTING: { word: "Connecting", tone: "neutral" },
  CONNECTED: { word: "Connected", tone: "success" },
  REFUSED: { word: "Refused by Discord", tone: "danger" },
};

function ConnectionBadge({ status: { connection } }: { status: Status }) {
  const { word, tone } = CONNECTIONS[connection] ?? { word: connection, tone: "neutral" };
  return <Badge tone={tone}>{word}</Badge>;
}

function Unlink() {
  const [isAsking, setAsking] = useState(false);
  const { run } = useAction(UnlinkDiscordDocument);
  return (
    <Section title="Remove the link" description="Members, ranks and the roles of ranks stay.">
      <Button variant="danger" onClick={() => setAsking(true)}>
        Remove the link
      </Button>
      {isAsking && (
        <ConfirmDialog
          title="Remove the link to the Discord server?"
          confirmLabel="Remove the link"
          danger
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            const { error } = await run({});
            if (error) return error.message;
            toast("The link is removed");
            resync();
            return undefined;
          }}
        >
          <p>The bot stops posting there, and ranks no longer follow roles.</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}

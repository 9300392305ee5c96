import { useAction } from "../../app/data";
import { RowLink } from "../../app/Link";
import { LoadedPages } from "../../app/LoadedPages";
import { inWords } from "../../app/labels";
import { usePages } from "../../app/pages";
import { DiscordFailuresDocument, RetryDiscordMessageDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Skeleton } from "../../ui/PageState";
import { toast } from "../../ui/Toast";

/** Messages that could not be delivered, and another attempt. */
export function DiscordFailures({ count }: { count: number }) {
  const messages = usePages(
    DiscordFailuresDocument,
    (after) => ({ after: after ?? null }),
    ({ discordMessages }) => discordMessages,
  );
  const { run, busy } = useAction(RetryDiscordMessageDocument);
  const retry = async (id: string) => {
    const { error } = await run({ id });
    if (error) toast(error.message, { tone: "danger" });
    else toast("The message is queued again");
    messages.refetch();
  };
  return (
    <Section
      title="Messages that failed"
      description={count === 0 ? "None. All messages arrived." : undefined}
    >
      <LoadedPages
        pages={messages}
        skeleton={<Skeleton rows={2} />}
        empty={<p>There is nothing to send again.</p>}
      >
        {(nodes) => (
          <Rows label="Messages that failed">
            {nodes.map(({ id, kind, campaign, member, problem, queuedAt }) => (
              <Row
                key={id}
                title={
                  campaign ? (
                    <RowLink href={`/votes/${campaign.id}`} dir="auto">
                      {campaign.title}
                    </RowLink>
                  ) : (
                    <span dir="auto">{member?.displayName ?? inWords(kind)}</span>
                  )
                }
                detail={
                  <>
                    {inWords(kind)} · <Time at={queuedAt} /> · {problem}
                  </>
                }
                end={
                  <Button small icon="refresh" busy={busy} onClick={() => retry(id)}>
                    Send again
                  </Button>
                }
              />
            ))}
          </Rows>
        )}
      </LoadedPages>
    </Section>
  );
}

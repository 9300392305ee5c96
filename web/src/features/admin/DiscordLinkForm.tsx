import { useRef, useState } from "react";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { resync } from "../../app/resync";
import {
  type DiscordAdminQuery,
  type DiscordLinkPartsFragment,
  LinkDiscordDocument,
} from "../../gql/graphql";
import { Notice } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Field, Select } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { useUnsaved } from "../../ui/unsaved";

interface DiscordLinkFormProps {
  link: DiscordLinkPartsFragment | null;
  ranks: DiscordAdminQuery["ranks"];
}

/** The link to the guild's Discord server with its settings. */
export function DiscordLinkForm(props: DiscordLinkFormProps) {
  const [isDirty, setDirty] = useState(false);
  useUnsaved(isDirty);
  // Another server has other values, which replace the fields unless something was typed into them.
  const server = props.link?.serverId ?? "none";
  const shown = useRef(server);
  if (!isDirty) shown.current = server;
  return <LinkForm key={shown.current} {...props} setDirty={setDirty} />;
}

interface LinkFormProps extends DiscordLinkFormProps {
  setDirty: (isDirty: boolean) => void;
}

function LinkForm({ link, ranks, setDirty }: LinkFormProps) {
  const edits = useRef(0);
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const { run, busy, error } = useAction(LinkDiscordDocument);
  const save = async (values: Record<string, string>) => {
    const before = edits.current;
    const { data } = await run({
      input: {
        serverId: values.serverId?.trim() ?? "",
        channelId: values.channelId?.trim() || null,
        logChannelId: values.logChannelId?.trim() || null,
        campaignUrl: values.campaignUrl?.trim() || null,
        color: values.color?.trim() || null,
        thumbnailUrl: values.thumbnailUrl?.trim() || null,
        newcomerRankId: values.newcomerRankId || null,
        syncIntervalMinutes: Number(values.syncIntervalMinutes) || null,
      },
    });
    if (!data) return;
    // What was typed meanwhile stays, unsaved.
    setDirty(edits.current !== before);
    setWarnings(data.linkDiscord?.warnings ?? []);
    toast(link ? "Settings saved" : "The server is linked");
    resync();
  };
  return (
    <Section
      title={link ? (link.server?.name ?? "Linked server") : "Link the guild's Discord server"}
      description="To find an id, turn on developer mode in Discord, right-click the server or channel, and choose Copy ID."
    >
      <Form
        onSubmit={save}
        fieldErrors={error?.fields}
        error={error && <FormError error={error} />}
        aria-label="Discord server"
      >
        <div
          onChange={() => {
            edits.current += 1;
            setDirty(true);
          }}
        >
          <Field
            name="serverId"
            label="Server"
            hint="The id of the Discord server."
            required
            inputMode="numeric"
            defaultValue={link?.serverId}
          />
          <ChannelField
            name="channelId"
            label="Channel for votes"
            hint="The bot announces the votes here that visitors may see."
            channels={link?.server?.channels}
            value={link?.channelId}
          />
          <ChannelField
            name="logChannelId"
            label="Channel for officers"
            hint="What needs attention: conflicts of the sync, failed messages, drafts that could not start."
            channels={link?.server?.channels}
            value={link?.logChannelId}
          />
          <Select
            name="newcomerRankId"
            label="Rank for newcomers without a mapped role"
            defaultValue={link?.newcomerRank?.id ?? ""}
            options={[
              { value: "", label: "The lowest rank with a role" },
              ...ranks.map(({ id, name }) => ({ value: id, label: name })),
            ]}
          />
          <Field
            name="syncIntervalMinutes"
            label="Minutes between two syncs"
            type="number"
            min={5}
            max={10_080}
            defaultValue={link?.syncIntervalMinutes ?? 60}
          />
          <Field
            name="color"
            label="Colour of messages"
            hint="As #RRGGBB."
            defaultValue={link?.color ?? ""}
          />
          <Field
            name="campaignUrl"
            label="Link of a vote's title"
            hint="Write {id} for the vote's id. Leave it empty to link to this site."
            defaultValue={link?.campaignUrl ?? ""}
          />
          <Field
            name="thumbnailUrl"
            label="Picture for messages, as a link"
            type="url"
            defaultValue={link?.thumbnailUrl ?? ""}
          />
        </div>
        {warnings.map((warning) => (
          <Notice key={warning} icon="warning">
            {warning}
          </Notice>
        ))}
        <ButtonRow end>
          <Button type="submit" variant="primary" icon="check" busy={busy}>
            {link ? "Save" : "Link the server"}
          </Button>
        </ButtonRow>
      </Form>
    </Section>
  );
}

interface ChannelFieldProps {
  name: string;
  label: string;
  hint: string;
  channels: readonly { id: string; name: string }[] | undefined;
  value: string | null | undefined;
}

/** A channel by name, or by id while Discord does not name them. */
function ChannelField({ channels, value, ...props }: ChannelFieldProps) {
  if (!channels) return <Field {...props} inputMode="numeric" defaultValue={value ?? ""} />;
  const isKnown = !value || channels.some(({ id }) => id === value);
  return (
    <Select
      {...props}
      defaultValue={value ?? ""}
      options={[
        { value: "", label: "None" },
        ...channels.map(({ id, name }) => ({ value: id, label: `#${name}` })),
        ...(isKnown ? [] : [{ value: value ?? "", label: `Channel ${value}` }]),
      ]}
    />
  );
}

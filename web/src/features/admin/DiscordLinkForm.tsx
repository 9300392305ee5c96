import { type ChangeEvent, useState } from "react";
import { changedFields } from "../../app/changedFields";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { resync } from "../../app/resync";
import {
  type DiscordAdminQuery,
  type DiscordLinkPartsFragment,
  LinkDiscordDocument,
} from "../../gql/graphql";
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

/** The form's values, as its controls have them. */
interface Values {
  serverId: string;
  channelId: string;
  logChannelId: string;
  newcomerRankId: string;
  syncIntervalMinutes: string;
  color: string;
  campaignUrl: string;
  thumbnailUrl: string;
}

const valuesOf = (link: DiscordLinkPartsFragment | null): Values => ({
  serverId: link?.serverId ?? "",
  channelId: link?.channelId ?? "",
  logChannelId: link?.logChannelId ?? "",
  newcomerRankId: link?.newcomerRank?.id ?? "",
  syncIntervalMinutes: String(link?.syncIntervalMinutes ?? 60),
  color: link?.color ?? "",
  campaignUrl: link?.campaignUrl ?? "",
  thumbnailUrl: link?.thumbnailUrl ?? "",
});

/** The values of `current` that differ from `before`, over those of `saved`. */
const rebase = (current: Values, before: Values, saved: Values): Values => ({
  ...saved,
  ...changedFields(current, before),
});

const toFields = (values: Values) => ({
  channelId: values.channelId.trim() || null,
  logChannelId: values.logChannelId.trim() || null,
  campaignUrl: values.campaignUrl.trim() || null,
  color: values.color.trim() || null,
  thumbnailUrl: values.thumbnailUrl.trim() || null,
  newcomerRankId: values.newcomerRankId || null,
  syncIntervalMinutes: Number(values.syncIntervalMinutes),
});

/** The link to the guild's Discord server with its settings. */
export function DiscordLinkForm({ link, ranks }: DiscordLinkFormProps) {
  const [seen, setSeen] = useState(link);
  const [saved, setSaved] = useState(() => valuesOf(link));
  const [values, setValues] = useState(saved);
  const isDirty = JSON.stringify(values) !== JSON.stringify(saved);
  const { run, busy, error } = useAction(LinkDiscordDocument, { isDirty });
  useUnsaved(isDirty);
  // What was typed since `before` stays, unsaved.
  const accept = (before: Values, to: Values) => {
    setSaved(to);
    setValues((current) => rebase(current, before, to));
  };
  if (link !== seen) {
    setSeen(link);
    accept(saved, valuesOf(link));
  }
  const set = (change: Partial<Values>) => setValues({ ...values, ...change });
  const save = async () => {
    const changed = changedFields(toFields(values), toFields(saved));
    const { data } = await run({ input: { ...changed, serverId: values.serverId.trim() } });
    if (!data?.linkDiscord) return;
    accept(values, valuesOf(data.linkDiscord.link));
    toast(link ? "Settings saved" : "The server is linked");
    // The page shows the warnings about it.
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
        <Field
          name="serverId"
          label="Server"
          hint="The id of the Discord server."
          required
          inputMode="numeric"
          value={values.serverId}
          onChange={(event) => set({ serverId: event.currentTarget.value })}
        />
        <ChannelField
          name="channelId"
          label="Channel for votes"
          hint="The bot announces the votes here that visitors may see."
          channels={link?.server?.channels}
          value={values.channelId}
          onChange={(channelId) => set({ channelId })}
        />
        <ChannelField
          name="logChannelId"
          label="Channel for officers"
          hint="What needs attention: conflicts of the sync, failed messages, drafts that could not start."
          channels={link?.server?.channels}
          value={values.logChannelId}
          onChange={(logChannelId) => set({ logChannelId })}
        />
        <Select
          name="newcomerRankId"
          label="Rank for newcomers without a mapped role"
          value={values.newcomerRankId}
          onChange={(event) => set({ newcomerRankId: event.currentTarget.value })}
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
          required
          value={values.syncIntervalMinutes}
          onChange={(event) => set({ syncIntervalMinutes: event.currentTarget.value })}
        />
        <Field
          name="color"
          label="Colour of messages"
          hint="As #RRGGBB."
          value={values.color}
          onChange={(event) => set({ color: event.currentTarget.value })}
        />
        <Field
          name="campaignUrl"
          label="Link of a vote's title"
          hint="Write {id} for the vote's id. Leave it empty to link to this site."
          value={values.campaignUrl}
          onChange={(event) => set({ campaignUrl: event.currentTarget.value })}
        />
        <Field
          name="thumbnailUrl"
          label="Picture for messages, as a link"
          type="url"
          value={values.thumbnailUrl}
          onChange={(event) => set({ thumbnailUrl: event.currentTarget.value })}
        />
        <ButtonRow end>
          <Button type="submit" variant="primary" icon="check" busy={busy} disabled={!isDirty}>
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
  value: string;
  onChange: (value: string) => void;
}

/** A channel by name, or by id while Discord does not name them. */
function ChannelField({ channels, onChange, ...props }: ChannelFieldProps) {
  const change = (event: ChangeEvent<HTMLInputElement | HTMLSelectElement>) =>
    onChange(event.currentTarget.value);
  if (!channels) return <Field {...props} inputMode="numeric" onChange={change} />;
  const { value } = props;
  const isKnown = !value || channels.some(({ id }) => id === value);
  return (
    <Select
      {...props}
      onChange={change}
      options={[
        { value: "", label: "None" },
        ...channels.map(({ id, name }) => ({ value: id, label: `#${name}` })),
        ...(isKnown ? [] : [{ value, label: `Channel ${value}` }]),
      ]}
    />
  );
}

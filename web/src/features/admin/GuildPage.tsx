import { useState } from "react";
import { changedFields } from "../../app/changedFields";
import { useAction, useData } from "../../app/data";
import { FormError } from "../../app/FormError";
import { Guard } from "../../app/Guard";
import { Loaded, Page } from "../../app/Page";
import { Sections } from "../../app/Sections";
import {
  GuildSettingsDocument,
  type GuildSettingsQuery,
  type Region,
  UpdateGuildDocument,
} from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Field, Select } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { useUnsaved } from "../../ui/unsaved";

const REGIONS: readonly { value: Region; label: string }[] = [
  { value: "US", label: "The Americas and Oceania" },
  { value: "EU", label: "Europe" },
  { value: "KR", label: "Korea" },
  { value: "TW", label: "Taiwan" },
];

/** The guild's name and region. */
export default function GuildPage() {
  return (
    <Guard permission="GUILD_MANAGE" title="Guild">
      <Contents />
    </Guard>
  );
}

function Contents() {
  const result = useData(GuildSettingsDocument, {});
  return (
    <Page title="Guild" width="narrow">
      <Loaded result={result}>{({ guild }) => <Settings key={guild.id} guild={guild} />}</Loaded>
      <Sections list="guildSections" props={{}} />
    </Page>
  );
}

function Settings({ guild }: { guild: GuildSettingsQuery["guild"] }) {
  const [edits, setEdits] = useState<Partial<Pick<typeof guild, "name" | "region">>>({});
  // A value that equals the saved one is no edit: it follows a colleague's change.
  const edit = (change: typeof edits) => setEdits(changedFields({ ...edits, ...change }, guild));
  const { name, region } = { ...guild, ...edits };
  const isDirty = name !== guild.name || region !== guild.region;
  const { run, busy, error } = useAction(UpdateGuildDocument, { isDirty });
  useUnsaved(isDirty);
  const save = async () => {
    const { data } = await run({ input: changedFields({ name, region }, guild) });
    if (!data?.updateGuild) return;
    // What was typed meanwhile stays, unsaved.
    setEdits((current) => changedFields(current, edits));
    toast("Guild saved");
  };
  return (
    <Section
      title="Name and region"
      description={
        <>
          {guild.memberCount} active members, on this site since <Time at={guild.createdAt} format="date" />.
        </>
      }
    >
      <Form onSubmit={save} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          name="name"
          label="Name"
          required
          maxLength={100}
          value={name}
          onChange={({ currentTarget: { value } }) => edit({ name: value })}
        />
        <Select
          name="region"
          label="Region"
          hint="The links to characters in the armory depend on it."
          value={region}
          onChange={({ currentTarget: { value } }) => edit({ region: value as Region })}
          options={REGIONS}
        />
        <p>
          Its address on this site is <code>/g/{guild.slug}</code>. An operator can change it.
        </p>
        <ButtonRow end>
          <Button type="submit" variant="primary" icon="check" busy={busy} disabled={!isDirty}>
            Save
          </Button>
        </ButtonRow>
      </Form>
    </Section>
  );
}

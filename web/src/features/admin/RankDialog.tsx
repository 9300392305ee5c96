import { useChanges } from "../../app/changedFields";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { useViewer } from "../../app/viewer";
import { CreateRankDocument, type RankPartsFragment, UpdateRankDocument } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { CancelButton, Dialog } from "../../ui/Dialog";
import { Field, Select, TextArea } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { toRung } from "./Ladder";
import { planBelow } from "./levels";
import type { DiscordRoles } from "./RanksPage";
import { useLevels } from "./useLevels";

interface RankDialogProps {
  /** The rank to edit; absent for a new one. */
  rank: RankPartsFragment | undefined;
  /** All ranks, highest first. */
  ranks: readonly RankPartsFragment[];
  roles: DiscordRoles;
  isLinked: boolean;
  onClose: () => void;
  onSaved: () => void;
}

export function RankDialog({ rank, ranks, roles, isLinked, onClose, onSaved }: RankDialogProps) {
  const viewer = useViewer();
  const withDiscord = viewer.can("DISCORD_MANAGE");
  const { changes } = useChanges({
    name: rank?.name ?? "",
    description: rank?.description || null,
    discordRoleId: rank?.discordRoleId || null,
  });
  const create = useAction(CreateRankDocument);
  const update = useAction(UpdateRankDocument);
  const levels = useLevels();
  const error = (rank ? update.error : create.error) ?? levels.error;
  const busy = create.busy || update.busy || levels.busy;
  // A new rank is below the viewer's own.
  const ownLevel = viewer.member?.rank.level ?? 0;
  const places = ranks.filter(({ level }) => level <= ownLevel);
  const submit = async (values: Record<string, string>) => {
    const input = {
      name: values.name ?? "",
      description: values.description || null,
      ...(values.discordRoleId !== undefined && { discordRoleId: values.discordRoleId || null }),
    };
    let warnings: readonly string[] | undefined;
    if (rank) {
      const { data } = await update.run({ input: { id: rank.id, ...changes(input) }, withDiscord });
      warnings = data?.updateRank?.warnings ?? undefined;
      if (!data?.updateRank) return;
    } else {
      const plan = planBelow(ranks.map(toRung), values.below ?? "");
      if (!plan) return toast("There is no free place. Delete a rank first.", { tone: "danger" });
      if (await levels.setLevels(plan.before)) return;
      const { data } = await create.run({
        input: { ...input, level: plan.level, permissions: [] },
        withDiscord,
      });
      warnings = data?.createRank?.warnings ?? undefined;
      if (!data?.createRank) return;
    }
    toast(rank ? "Saved" : `${input.name} added. Its permissions are in the table.`);
    for (const warning of warnings ?? []) toast(warning, { tone: "danger" });
    onSaved();
    onClose();
  };
  return (
    <Dialog title={rank ? `Edit ${rank.name}` : "Add a rank"} onClose={onClose} busy={busy}>
      <Form onSubmit={submit} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          name="name"
          label="Name"
          required
          maxLength={50}
          defaultValue={rank?.name ?? ""}
          autoComplete="off"
        />
        {!rank && (
          <Select
            name="below"
            label="Place"
            defaultValue={places.at(-1)?.id}
            options={places.map(({ id, name }) => ({ value: id, label: `Below ${name}` }))}
          />
        )}
        <TextArea
          name="description"
          label="Description"
          hint="Optional: whom the rank is for."
          rows={2}
          maxLength={5_000}
          defaultValue={rank?.description ?? ""}
        />
        {withDiscord && isLinked && <RoleField rank={rank} roles={roles} />}
        <ButtonRow end>
          <CancelButton />
          <Button variant="primary" type="submit" busy={busy}>
            {rank ? "Save" : "Add"}
          </Button>
        </ButtonRow>
      </Form>
    </Dialog>
  );
}

/** The Discord role by name, or by its id while the names are not known. */
function RoleField({ rank, roles }: { rank: RankPartsFragment | undefined; roles: DiscordRoles }) {
  const present = rank?.discordRoleId ?? "";
  const hint = "The role sync gives this rank to everyone with the role.";
  if (!roles) {
    return (
      <Field
        name="discordRoleId"
        label="Id of the Discord role"
        hint={`${hint} In Discord’s developer mode, a right click on the role copies it.`}
        inputMode="numeric"
        maxLength={20}
        defaultValue={present}
        autoComplete="off"
      />
    );
  }
  const known = roles.some(({ id }) => id === present);
  return (
    <Select
      name="discordRoleId"
      label="Discord role"
      hint={hint}
      defaultValue={present}
      options={[
        { value: "", label: "None" },
        ...(present && !known ? [{ value: present, label: `Unknown role ${present}` }] : []),
        ...roles.map(({ id, name }) => ({ value: id, label: `@${name}` })),
      ]}
    />
  );
}

// Forms send what was changed in them, and nothing else: a colleague may have changed the rest.
import { expect, test } from "./checks";
import { type Fixture, GUILD, leaderFixture, startAs } from "./stand-in";

const character = {
  id: "c1",
  name: "Thal",
  realm: "Area 52",
  class: "PRIEST",
  spec: null,
  role: "HEALER",
  isMain: true,
  armoryUrl: "https://worldofwarcraft.blizzard.com/en-us/character/us/area-52/thal",
};

const CLASSES = [{ class: "PRIEST", name: "Priest", specs: [{ name: "Holy", role: "HEALER" }] }];

const member: Fixture = {
  __typename: "Member",
  id: "m1",
  displayName: "Thalindra",
  discordUsername: "thal",
  discordId: "41",
  isRegistered: true,
  isActive: true,
  rank: { id: "rank-2", name: "Officer", level: 4 },
  rankSource: "MANUAL",
  createdAt: "2026-01-04T12:00:00Z",
  characters: [character],
  viewerActions: ["EDIT", "EDIT_CHARACTERS"],
};

/** Remembers the input of a mutation, and answers it. */
function remember(inputs: Fixture[], answer: Fixture) {
  return ({ input }: { input: Fixture }) => {
    inputs.push(input);
    return answer;
  };
}

test("the guild's form keeps a region that a colleague has set meanwhile", async ({ page }) => {
  const inputs: Fixture[] = [];
  const updateGuild = remember(inputs, { guild: { ...GUILD, name: "Emberguard", region: "KR" } });
  const state = await startAs(page, leaderFixture(), { updateGuild });
  await page.goto("/admin/guild");
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Emberguard");
  state.root.guild = { ...GUILD, region: "KR" };
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByLabel("Region")).toHaveValue("KR");
  await expect(name).toHaveValue("Emberguard");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Guild saved")).toBeVisible();
  expect(inputs).toEqual([{ name: "Emberguard" }]);
});

test("a name of the guild that is typed and put back is no edit", async ({ page }) => {
  const inputs: Fixture[] = [];
  const updateGuild = remember(inputs, { guild: { ...GUILD, name: "Theirs", region: "KR" } });
  const state = await startAs(page, leaderFixture(), { updateGuild });
  await page.goto("/admin/guild");
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Other");
  await name.fill(GUILD.name);
  state.root.guild = { ...GUILD, name: "Theirs" };
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(name).toHaveValue("Theirs");
  await page.getByLabel("Region").selectOption("KR");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Guild saved")).toBeVisible();
  expect(inputs).toEqual([{ region: "KR" }]);
});

test("a field whose save got no response is sent again, also as it was before", async ({ page }) => {
  const inputs: Fixture[] = [];
  const state = await startAs(page, leaderFixture(), { member, updateMember: remember(inputs, { member }) });
  await page.goto("/members/m1");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  const name = page.getByLabel("Display name");
  await name.fill("Lost");
  state.lost = ["UpdateMember"];
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toBeVisible();
  state.lost = [];
  await name.fill("Thalindra");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(inputs.at(-1)).toEqual({ id: "m1", displayName: "Thalindra" });
});

test("fields that depend on each other are sent together", async ({ page }) => {
  const [members, characters]: [Fixture[], Fixture[]] = [[], []];
  const unnamed = { ...member, displayName: "thal" };
  await startAs(page, leaderFixture(), {
    member: unnamed,
    characterClasses: CLASSES,
    updateMember: remember(members, { member: unnamed }),
    updateCharacter: remember(characters, { character }),
  });
  await page.goto("/members/m1");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Discord username").fill("thal.indra");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(members).toEqual([{ id: "m1", discordUsername: "thal.indra", displayName: null }]);

  await page.getByRole("button", { name: "Edit Thal" }).click();
  await page.getByLabel("Specialisation").selectOption("Holy");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Character saved")).toBeVisible();
  expect(characters).toEqual([{ id: "c1", class: "PRIEST", spec: "Holy", role: "HEALER" }]);
});

test("the forms of a member and of a character send the changed field", async ({ page }) => {
  const [members, characters]: [Fixture[], Fixture[]] = [[], []];
  const state = await startAs(page, leaderFixture(), {
    member,
    characterClasses: CLASSES,
    updateMember: remember(members, { member }),
    updateCharacter: remember(characters, { character }),
  });
  await page.goto("/members/m1");
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Discord user id").fill("42");
  state.root.member = { ...member, discordUsername: "thal.indra" };
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByText("thal.indra")).toBeVisible();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(members).toEqual([{ id: "m1", discordId: "42" }]);

  await page.getByRole("button", { name: "Edit Thal" }).click();
  await page.getByLabel("Realm").fill("Stormrage");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Character saved")).toBeVisible();
  expect(characters).toEqual([{ id: "c1", realm: "Stormrage" }]);
});

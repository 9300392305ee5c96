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

test("the forms of a member and of a character send the changed field", async ({ page }) => {
  const [members, characters]: [Fixture[], Fixture[]] = [[], []];
  const state = await startAs(page, leaderFixture(), {
    member,
    characterClasses: [{ class: "PRIEST", name: "Priest", specs: [{ name: "Holy", role: "HEALER" }] }],
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

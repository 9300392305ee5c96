import { expect, test } from "playwright/test";
import { expectGoodPage } from "./checks";
import { type Fixture, leaderFixture, memberFixture, refusal, startAs } from "./stand-in";

const RANKS = [
  {
    id: "r5",
    name: "Guild Leader",
    level: 5,
    memberCount: 1,
    permissions: leaderFixture().rank.permissions,
    viewerActions: ["EDIT"],
  },
  {
    id: "r4",
    name: "Officer",
    level: 4,
    memberCount: 4,
    description: "Runs the guild",
    permissions: ["MEMBERS_MANAGE"],
    viewerActions: ["EDIT", "DELETE", "ASSIGN"],
    discordRoleId: "77",
  },
  { id: "r1", name: "رتبة", level: 1, permissions: [], viewerActions: ["EDIT", "DELETE", "ASSIGN"] },
];

const discordStatus = { connection: "CONNECTED", link: { serverId: "1" } };

test("the ladder and the permissions", async ({ page }) => {
  await startAs(page, leaderFixture(), { ranks: RANKS, discordStatus });
  await page.goto("/admin/ranks");
  await expect(page.getByRole("list", { name: "Ranks, highest first" }).getByText("77")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "Officer: Manage members" })).toBeChecked();
  // The highest rank has everything, and no one can change that.
  await expect(page.getByRole("checkbox", { name: /^Guild Leader/ })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Move Officer up" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Move Officer down" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Edit Officer" }).click();
  await expect(page.getByLabel("Id of the Discord role")).toHaveValue("77");
  await expectGoodPage(page);
});

test("Discord roles show by name", async ({ page }) => {
  const server = { name: "Emberwatch", roles: [{ id: "77", name: "Raid lead" }] };
  await startAs(page, leaderFixture(), {
    ranks: RANKS,
    discordStatus: { ...discordStatus, link: { serverId: "1", server } },
  });
  await page.goto("/admin/ranks");
  await expect(page.getByText("@Raid lead")).toBeVisible();
  await page.getByRole("button", { name: "Edit Officer" }).click();
  await expect(page.getByLabel("Discord role")).toHaveValue("77");
  await expectGoodPage(page);
});

test("only the changed fields of a rank are sent", async ({ page }) => {
  const inputs: Fixture[] = [];
  await startAs(page, leaderFixture(), {
    ranks: RANKS,
    discordStatus,
    updateRank: ({ input }: { input: Fixture }) => {
      inputs.push({ ...input });
      return { rank: { ...RANKS[1], name: "Captain" }, warnings: [] };
    },
  });
  await page.goto("/admin/ranks");
  await page.getByRole("button", { name: "Edit Officer" }).click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill("Captain");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  expect(inputs).toEqual([{ id: "r4", name: "Captain" }]);
});

test("a permission shows at once, and a refusal restores it", async ({ page }) => {
  await startAs(page, leaderFixture(), {
    ranks: RANKS,
    discordStatus,
    updateRank: refusal("FORBIDDEN", "Your rank is too low.", { reason: "RANK_TOO_LOW" }),
  });
  await page.goto("/admin/ranks");
  await page.getByRole("checkbox", { name: "Officer: Manage votes" }).click();
  await expect(page.getByText("Your rank is too low.")).toBeVisible();
  await expect(page.getByRole("checkbox", { name: "Officer: Manage votes" })).not.toBeChecked();
});

test("a new rank between two without a free level spreads the ladder first", async ({ page }) => {
  const sent: Fixture[] = [];
  await startAs(
    page,
    { ...leaderFixture(), rank: { ...leaderFixture().rank, level: 3 } },
    {
      ranks: RANKS.map((rank, index) => ({ ...rank, level: 3 - index })),
      discordStatus,
      setRankLevels: ({ input }: { input: { levels: Fixture[] } }) => {
        sent.push(...input.levels.map(({ rankId, level }) => ({ id: rankId, level })));
        const ranks = RANKS.map((rank, index) => ({ ...rank, level: input.levels[index]?.level }));
        return { ranks };
      },
      createRank: ({ input }: { input: Fixture }) => {
        sent.push({ ...input });
        return refusal("CONFLICT", "The name is taken.", { reason: "NAME_TAKEN", field: "name" })();
      },
    },
  );
  await page.goto("/admin/ranks");
  await page.getByRole("button", { name: "Add a rank" }).click();
  await page.getByLabel("Name").fill("Trial");
  await page.getByLabel("Place").selectOption({ label: "Below Officer" });
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByLabel("Name")).toBeFocused();
  await expect(page.getByText("The name is taken.").first()).toBeVisible();
  expect(sent.map(({ id, level }) => [id, level])).toEqual([
    ["r5", 30],
    ["r4", 20],
    ["r1", 10],
    [undefined, 15],
  ]);
  await expectGoodPage(page);
});

test("it names the permission to members without it, and fails well", async ({ page }) => {
  const state = await startAs(page, memberFixture());
  await page.goto("/admin/ranks");
  await expect(page.getByText("It is for ranks with the permission “Manage ranks”.")).toBeVisible();
  await expectGoodPage(page);
  state.root.me = leaderFixture();
  state.mode = "failing";
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
});

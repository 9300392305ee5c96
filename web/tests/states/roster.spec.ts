import { expect, type Page, test } from "playwright/test";
import { expectGoodPage } from "./checks";
import { type Fixture, leaderFixture, listOf, memberFixture, refusal, startAs } from "./stand-in";

const RANKS = [
  { id: "rank-1", name: "Guild Leader", level: 5, viewerActions: ["ASSIGN"] },
  { id: "rank-2", name: "Officer", level: 4, viewerActions: ["EDIT", "DELETE", "ASSIGN"] },
  { id: "rank-3", name: "رتبة", level: 1, viewerActions: ["EDIT", "DELETE", "ASSIGN"] },
];

const character = (id: string, name: string, isMain: boolean): Fixture => ({
  id,
  name,
  realm: "Area 52",
  class: isMain ? "DEATH_KNIGHT" : "PRIEST",
  spec: isMain ? "Blood" : null,
  role: isMain ? "TANK" : "HEALER",
  isMain,
  armoryUrl: "https://worldofwarcraft.blizzard.com/en-us/character/us/area-52/x",
});

const rosterMember = (index: number, more: Fixture = {}): Fixture => ({
  __typename: "Member",
  id: `m${index}`,
  displayName: `Member ${index}`,
  discordUsername: `name.${index}`,
  isRegistered: true,
  isActive: true,
  rank: RANKS[index % 3],
  rankSource: "MANUAL",
  createdAt: "2026-01-04T12:00:00Z",
  characters: [],
  viewerActions: [],
  mainCharacter: index % 2 ? character(`c${index}`, `Main ${index}`, true) : null,
  ...more,
});

const start = (page: Page, me: Fixture | null, root: Fixture = {}) =>
  startAs(page, me, { ranks: RANKS, ...root });

test("the roster lists members of every kind", async ({ page }) => {
  const members = [
    rosterMember(1),
    rosterMember(2, { isRegistered: false }),
    rosterMember(3, { isActive: false }),
    rosterMember(4, { displayName: "x".repeat(100), discordUsername: "y".repeat(100) }),
    rosterMember(5, { displayName: "مريم" }),
  ];
  await start(page, leaderFixture(), { members: listOf(members) });
  await page.goto("/roster");
  await expect(page.getByText("5 members")).toBeVisible();
  await expect(page.getByText("Not registered", { exact: true }).last()).toBeVisible();
  await expect(page.getByText("Inactive", { exact: true }).last()).toBeVisible();
  await expect(page.getByRole("table")).toHaveAttribute("aria-rowcount", "6");
  await expectGoodPage(page);
});

test("the filters of the address are those of the query", async ({ page }) => {
  const filters: unknown[] = [];
  await start(page, leaderFixture(), {
    members: (args: { filter: unknown; orderBy: unknown }) => {
      filters.push({ ...args });
      return listOf([]);
    },
  });
  await page.goto("/roster?search=hex&class=MAGE&role=NONSENSE&status=all&order=unseen");
  await expect(page.getByRole("heading", { name: "No one matches" })).toBeVisible();
  expect(filters[0]).toMatchObject({
    first: 100,
    filter: { search: "hex", class: "MAGE", active: null },
    orderBy: { field: "LAST_SEEN_AT", direction: "ASC" },
  });
  expect(JSON.stringify(filters[0])).not.toContain("NONSENSE");
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await expect(page).toHaveURL(/\/roster$/);
});

test("the roster loads, fails and is offline", async ({ page }) => {
  const state = await start(page, leaderFixture(), { members: listOf([rosterMember(1)]) });
  state.mode = "loading";
  await page.goto("/roster");
  await expect(page.getByText("Loading…")).toBeAttached();
  await expectGoodPage(page);
  state.mode = "failing";
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
  await expectGoodPage(page);
  state.mode = "offline";
  await page.reload();
  await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
  // The page tries again by itself.
  state.mode = "normal";
  await expect(page.getByText("Member 1", { exact: true })).toBeVisible();
});

test("a visitor sees neither usernames nor buttons for officers", async ({ page }) => {
  await start(page, null, {
    members: listOf([rosterMember(1, { discordUsername: null, isRegistered: null })]),
  });
  await page.goto("/roster");
  await expect(page.getByText("Member 1", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Add a member" })).toHaveCount(0);
  await expect(page.getByLabel("Status").getByText("Not registered")).toHaveCount(0);
  await expectGoodPage(page);
});

const ALL_ACTIONS = ["EDIT", "SET_RANK", "DEACTIVATE", "SEND_RESET_CODE", "EDIT_CHARACTERS", "ERASE"];

test("a member's page shows exactly the actions of the API", async ({ page }) => {
  const member = rosterMember(1, {
    viewerActions: ALL_ACTIONS,
    characters: [character("c1", "Thal", true), character("c2", "Moura", false)],
    participation: { eligible: 8, voted: 6, percent: 75, campaigns: listOf([]) },
    discordId: "123456789012345678",
    registeredAt: "2026-02-01T12:00:00Z",
    lastSeenAt: "2026-11-29T12:00:00Z",
  });
  const state = await start(page, leaderFixture(), {
    member,
    auditLog: listOf([
      {
        id: "a1",
        at: "2026-11-29T12:00:00Z",
        action: "member.update",
        summary: "Renamed",
        actor: leaderFixture(),
      },
    ]),
  });
  await page.goto("/members/m1");
  for (const name of ["Edit", "Reset code", "Change", "Deactivate", "Erase", "Add a character"]) {
    await expect(page.getByRole("button", { name, exact: true })).toBeVisible();
  }
  for (const name of ["Invite", "Reactivate", "Delete"]) {
    await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  }
  await expect(page.getByText("voted in 6 of 8 votes")).toBeVisible();
  await expect(page.getByText("Renamed")).toBeVisible();
  await expectGoodPage(page);

  await page.getByRole("button", { name: "Change", exact: true }).click();
  await expect(page.getByRole("radio", { name: "رتبة" })).toBeVisible();
  await expectGoodPage(page);
  state.root.updateMember = refusal("CONFLICT", "The guild needs a leader.", { reason: "LAST_LEADER" });
  await page.getByRole("radio", { name: "رتبة" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("alert")).toContainText("The guild needs a leader.");
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect(page.getByLabel("Discord username")).toHaveValue("name.1");
  await expectGoodPage(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Erase" }).click();
  await expect(page.getByRole("dialog", { name: "Erase Member 1?" })).toContainText("cannot be undone");
  await expectGoodPage(page);
});

test("a code shows once: as link, as QR code and as text", async ({ page }) => {
  const member = rosterMember(1, {
    isRegistered: false,
    viewerActions: ["INVITE", "REVOKE_INVITE", "DELETE"],
  });
  await start(page, leaderFixture(), {
    member: {
      ...member,
      openInvite: { createdAt: "2026-11-29T12:00:00Z", expiresAt: "2099-01-01T00:00:00Z", createdBy: null },
    },
    sendInvite: { code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "NOT_LINKED", member },
  });
  await page.goto("/members/m1");
  await expect(page.getByText("Open invite")).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const link = page.getByLabel("Invite link", { exact: true });
  await expect(link).toHaveValue(/\/register#code=ABCD2345&as=name\.1$/);
  await expect(page.getByRole("img", { name: "Invite link as QR code" })).toBeVisible();
  await expect(page.getByRole("dialog")).toContainText("Their Discord id is unknown");
  await expectGoodPage(page);
});

test("a member who is gone and one who never was are the same page", async ({ page }) => {
  await start(page, memberFixture(), { member: null });
  await page.goto("/members/gone");
  await expect(page.getByRole("heading", { name: "There is no such member" })).toBeVisible();
  await expectGoodPage(page);
});

test("a member sees no actions, and own characters can be edited", async ({ page }) => {
  const me = { ...memberFixture(), viewerActions: [], characters: [character("c1", "Thal", true)] };
  await start(page, me, { member: { ...rosterMember(1), ...me } });
  await page.goto("/members/member-1");
  await expect(page.getByRole("button", { name: "Add a character" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Edit", exact: true })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Membership" })).toHaveCount(0);
  await expectGoodPage(page);
});

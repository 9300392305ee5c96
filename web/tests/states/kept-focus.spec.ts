// The focus stays near a control that leaves the page with its row, its list or its form.
import { expect, test } from "./checks";
import { type Fixture, held, leaderFixture, listOf, memberFixture, startAs } from "./stand-in";
import { draftFixture, ENTRIES, openDraft } from "./vote-fixtures";

const character = (id: string, name: string): Fixture => ({ id, name, armoryUrl: "https://armory.example" });

test("a removed entry gives it to the next one, and the last one to the heading", async ({ page }) => {
  await openDraft(page, draftFixture({ entries: ENTRIES.slice(0, 2).concat(ENTRIES.slice(4)) }));
  await page.getByRole("button", { name: "Remove Thorn" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Remove Salty" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Remove Mirelle" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Entries", exact: true })).toBeFocused();
  await page.getByRole("button", { name: "Undo changes" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Entries", exact: true })).toBeFocused();
});

test("a deleted character gives it to the next one", async ({ page }) => {
  const characters = [character("c1", "Ash"), character("c2", "Birch"), character("c3", "Cedar")];
  const me = { ...memberFixture(), characters };
  const deletion = held(() => ({ deletedId: "c2" }));
  const state = await startAs(page, me, { deleteCharacter: deletion.answer });
  await page.goto("/me");
  await page.getByRole("button", { name: "Delete Birch" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  state.root.me = { ...me, characters: [characters[0], characters[2]] };
  // The row leaves the page while the question is open.
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByRole("button", { name: "Delete Birch", includeHidden: true })).toHaveCount(0);
  deletion.release();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete Cedar" })).toBeFocused();
});

test("a deleted member gives it to the next one, and an ended session to the heading", async ({ page }) => {
  const invitee = (id: number): Fixture => ({
    ...memberFixture(),
    id: `m${id}`,
    displayName: `Recruit ${id}`,
    viewerActions: ["INVITE", "DELETE"],
  });
  const state = await startAs(page, leaderFixture(), {
    members: listOf([invitee(1), invitee(2)]),
    deleteMember: { deletedId: "m2" },
    sessions: [{ id: "s1", isCurrent: true }, { id: "s2" }],
    revokeSession: () => {
      state.root.sessions = [{ id: "s1", isCurrent: true }];
      return { deletedId: "s2" };
    },
  });
  await page.goto("/admin/members");
  await page.getByRole("button", { name: "Delete Recruit 2" }).focus();
  await page.keyboard.press("Enter");
  state.root.members = listOf([invitee(1)]);
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByRole("button", { name: "Delete Recruit 1" })).toBeFocused();
  await page.goto("/me");
  await page.getByRole("button", { name: /^End the session/ }).click();
  await expect(page.getByRole("heading", { name: "Where you are signed in" })).toBeFocused();
});

test("a saved name gives it to the heading, unless it was elsewhere", async ({ page }) => {
  const state = await startAs(page, memberFixture());
  await page.goto("/me");
  const save = page.getByRole("button", { name: "Save", exact: true });
  const saveAs = async (displayName: string) => {
    const update = held(() => {
      state.root.me = { ...memberFixture(), displayName };
      return { member: state.root.me };
    });
    state.root.updateMe = update.answer;
    await page.getByRole("textbox", { name: "Display name" }).fill(displayName);
    await save.focus();
    await page.keyboard.press("Enter");
    return update;
  };
  (await saveAs("Mira")).release();
  await expect(save).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Name", exact: true })).toBeFocused();
  const update = await saveAs("Mirelle");
  await page.getByRole("heading", { name: "Characters", exact: true }).click();
  update.release();
  await expect(save).toHaveCount(0);
  await expect(page.getByRole("main")).toBeFocused();
});

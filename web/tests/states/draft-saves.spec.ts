// Saves of a draft whose edits are undone, whose responses are lost, or that meet those of a colleague.
import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, held, refusal, type StandIn } from "./stand-in";
import { draftFixture, ENTRIES, openDraft as open } from "./vote-fixtures";

const removeSalty = (page: Page) => page.getByRole("button", { name: "Remove Salty" }).click();
const saveEntries = (page: Page) => page.getByRole("button", { name: "Save entries" });
const undo = (page: Page) => page.getByRole("button", { name: "Undo changes" });
const start = (page: Page) => page.getByRole("button", { name: "Start the vote" });

/** Shows another version of the draft, as after a change by a colleague. */
async function change(page: Page, state: StandIn, draft: Fixture) {
  state.root.campaign = draftFixture(draft);
  state.root.campaignChanged = { campaign: { id: "vote-1" } };
  await state.publish("campaignChanged");
  await expect(page.getByRole("heading", { level: 1, name: String(draft.title) })).toBeAttached();
}

test("an entry whose removal is undone during the save is a new one", async ({ page }) => {
  const without = () => draftFixture({ draftRevision: 8, entries: ENTRIES.slice(0, 4) });
  const save = held(() => ({ campaign: without() }));
  const state = await open(page, draftFixture(), { setEntries: save.answer });
  await removeSalty(page);
  await saveEntries(page).click();
  await undo(page).click();
  save.release();
  await expect(page.getByText("Entries saved")).toBeVisible();
  let sent: Fixture[] = [];
  state.root.setEntries = ({ input }: { input: { entries: Fixture[] } }) => {
    sent = input.entries;
    return { campaign: draftFixture({ draftRevision: 9 }) };
  };
  await saveEntries(page).click();
  await expect(saveEntries(page)).toHaveCount(0);
  expect(sent).toHaveLength(5);
  expect(sent[3]).toHaveProperty("id");
  expect(sent[4]).toMatchObject({ entry: { name: "Salty" } });
  expect(sent[4]).not.toHaveProperty("id");
});

test("a vote cannot start while settings that were undone are saved", async ({ page }) => {
  const save = held(() => ({ campaign: draftFixture({ draftRevision: 8, title: "New title" }) }));
  await open(page, draftFixture(), { updateCampaign: save.answer });
  const title = page.getByRole("textbox", { name: "Title" });
  await title.fill("New title");
  await page.getByRole("button", { name: "Save settings" }).click();
  await undo(page).click();
  await expect(title).toHaveValue("Raider of the season");
  await expect(start(page)).toBeDisabled();
  await expect(page.getByText("Your changes are being saved.", { exact: false })).toBeVisible();
  await expectGoodPage(page);
  save.release();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await expect(title).toHaveValue("Raider of the season");
  await expect(start(page)).toBeDisabled();
  await expect(page.getByText("Save your changes first.", { exact: false })).toBeVisible();
});

test("an open start waits too if the response to an undone save was lost", async ({ page }) => {
  const without = { draftRevision: 8, entries: ENTRIES.slice(0, 4), title: "Raider of the season" };
  const state = await open(page, draftFixture(), { setEntries: { campaign: draftFixture(without) } });
  state.lost = ["SetVoteEntries"];
  await removeSalty(page);
  await saveEntries(page).click();
  await expect(page.getByText("The server cannot be reached.", { exact: false })).toBeVisible();
  await undo(page).click();
  await start(page).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await change(page, state, without);
  await expect(page.getByText("Save your changes first.", { exact: false })).toBeAttached();
  await dialog.getByRole("button", { name: "Start the vote" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Save your changes first.");
  expect(state.operations).not.toContain("StartVote");
});

test("an own earlier save does not pass for a later version of a colleague", async ({ page }) => {
  const [first, second] = [ENTRIES.slice(0, 4), ENTRIES.slice(0, 3)];
  const state = await open(page, draftFixture(), {
    setEntries: () => {
      state.root.campaign = draftFixture({ draftRevision: 8, entries: first });
      return { campaign: state.root.campaign };
    },
  });
  await removeSalty(page);
  await saveEntries(page).click();
  await expect(saveEntries(page)).toHaveCount(0);
  await change(page, state, { draftRevision: 9, entries: second, title: "Their title" });
  await page.getByLabel("Name of a new entry").fill("Hex");
  await page.keyboard.press("Enter");
  await change(page, state, { draftRevision: 10, entries: first, title: "Their later title" });
  await expect(page.getByRole("heading", { name: "Saved version" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Your version" })).toBeVisible();
});

test("a save that is refused because of another part asks for another press", async ({ page }) => {
  const state = await open(page, draftFixture(), {
    setEntries: () => {
      state.root.campaign = draftFixture({ draftRevision: 8, entries: ENTRIES.slice(0, 4) });
      return { campaign: state.root.campaign };
    },
    updateCampaign: refusal("CONFLICT", "This draft was changed meanwhile. Load it again.", {
      reason: "STALE_DRAFT",
    }),
  });
  state.lost = ["SetVoteEntries"];
  await removeSalty(page);
  await page.getByRole("textbox", { name: "Title" }).fill("New title");
  await saveEntries(page).click();
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(saveEntries(page)).toHaveCount(0);
  await expect(page.getByText("Save it again.", { exact: false })).toBeVisible();
  await expect(page.getByText("Load it again", { exact: false })).toHaveCount(0);
  await expectGoodPage(page);
  const revisions: unknown[] = [];
  state.root.updateCampaign = ({ input }: { input: Fixture }) => {
    revisions.push(input.draftRevision);
    state.root.campaign = draftFixture({
      draftRevision: 9,
      entries: ENTRIES.slice(0, 4),
      title: "New title",
    });
    return { campaign: state.root.campaign };
  };
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect(revisions).toEqual([8]);
});

// A draft that two officers edit at the same time.
import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, refusal } from "./stand-in";
import { draftFixture, ENTRIES, openDraft as open } from "./vote-fixtures";

const rows = (page: Page) => page.getByRole("list", { name: "Entries" }).getByRole("listitem");

test.describe("a draft that a colleague changes meanwhile", () => {
  const stale = refusal("CONFLICT", "This draft was changed meanwhile.", { reason: "STALE_DRAFT" });
  const theirs = { draftRevision: 8, entries: [...ENTRIES].reverse(), title: "Their title" };

  test("shows both versions of the entries, and keeps one of them", async ({ page }) => {
    const state = await open(page, draftFixture(), { setEntries: stale });
    await page.getByRole("button", { name: "Remove Salty" }).click();
    state.root.campaign = draftFixture(theirs);
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByRole("heading", { name: "Your version" })).toBeVisible();
    await expect(rows(page)).toHaveCount(4);
    await expectGoodPage(page);
    const saved: Fixture[] = [];
    state.root.setEntries = ({ input }: { input: Fixture }) => {
      saved.push({ ...input });
      return { campaign: draftFixture({ draftRevision: 9, entries: ENTRIES.slice(0, 4) }) };
    };
    await page.getByRole("button", { name: "Keep my version" }).click();
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByText("Entries saved")).toBeVisible();
    expect(saved[0]).toMatchObject({ draftRevision: 8 });
  });

  test("shows both versions if an entry was open in the dialog, and none after *Cancel*", async ({
    page,
  }) => {
    const state = await open(page, draftFixture());
    const change = async (draftRevision: number, description: string) => {
      const entries = ENTRIES.map((entry) => (entry.name === "Salty" ? { ...entry, description } : entry));
      state.root.campaign = draftFixture({ draftRevision, title: `Title ${draftRevision}`, entries });
      state.root.campaignChanged = { campaign: { id: "vote-1" } };
      await state.publish("campaignChanged");
      await expect(page.getByRole("heading", { level: 1, name: `Title ${draftRevision}` })).toBeAttached();
    };
    const description = page.getByRole("dialog").getByLabel("Description");
    await page.getByRole("button", { name: "Edit Salty" }).click();
    await change(8, "Their words");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Edit Salty" }).click();
    await expect(description).toHaveValue("Their words");
    await change(9, "Their later words");
    await description.fill("My words");
    await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
    await expect(page.getByRole("heading", { name: "Your version" })).toBeVisible();
    await page.getByRole("button", { name: "Use the saved version" }).click();
    await page.getByRole("button", { name: "Edit Salty" }).click();
    await expect(description).toHaveValue("Their later words");
  });

  test("keeps the text of a dialog for an entry that the colleague removed, as a new entry", async ({
    page,
  }) => {
    const sent: Fixture[] = [];
    const state = await open(page, draftFixture(), {
      setEntries: ({ input }: { input: Fixture }) => {
        sent.push({ ...input });
        return { campaign: draftFixture({ draftRevision: 9 }) };
      },
    });
    await page.getByRole("button", { name: "Edit Salty" }).click();
    await page.getByRole("dialog").getByLabel("Description").fill("My words");
    state.root.campaign = draftFixture({ draftRevision: 8, title: "Title 8", entries: ENTRIES.slice(0, 4) });
    state.root.campaignChanged = { campaign: { id: "vote-1" } };
    await state.publish("campaignChanged");
    await expect(page.getByRole("heading", { level: 1, name: "Title 8" })).toBeAttached();
    await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
    await expect(page.getByRole("heading", { name: "Your version" })).toBeVisible();
    await page.getByRole("button", { name: "Keep my version" }).click();
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByText("Entries saved")).toBeVisible();
    const entries = sent[0]?.entries as Fixture[];
    expect(sent[0]).toMatchObject({ draftRevision: 8 });
    expect(entries[0]).toMatchObject({ id: "entry-1" });
    expect(entries[4]).toMatchObject({ entry: { name: "Salty", description: "My words" } });
    expect(entries[4]).not.toHaveProperty("id");
  });

  test("shows the settings that differ, and takes the saved ones", async ({ page }) => {
    const state = await open(page, draftFixture(), { updateCampaign: stale });
    await page.getByRole("textbox", { name: "Title" }).fill("My title");
    state.root.campaign = draftFixture(theirs);
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("Title: My title")).toBeVisible();
    await expect(page.getByText("Title: Their title")).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Use the saved version" }).click();
    await expect(page.getByRole("textbox", { name: "Title" })).toHaveValue("Their title");
    await expect(page.getByText("Title: My title")).toHaveCount(0);
  });

  test("keeps edited entries when the settings are saved", async ({ page }) => {
    const updateCampaign = { campaign: draftFixture({ draftRevision: 8, title: "My title" }) };
    const state = await open(page, draftFixture(), { updateCampaign });
    await page.getByRole("button", { name: "Remove Salty" }).click();
    await page.getByRole("textbox", { name: "Title" }).fill("My title");
    state.root.campaign = updateCampaign.campaign;
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("Settings saved")).toBeVisible();
    await expect(rows(page)).toHaveCount(4);
    await expect(page.getByRole("heading", { name: "Your version" })).toHaveCount(0);
  });
});

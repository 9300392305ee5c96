import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, leaderFixture, listOf, memberFixture, refusal, startAs } from "./stand-in";
import { draftFixture, ENTRIES, LATER, openDraft as open, RANKS, voteFixture } from "./vote-fixtures";

const rows = (page: Page) => page.getByRole("list", { name: "Entries" }).getByRole("listitem");

test.describe("a new vote", () => {
  test("starts from a preset", async ({ page }) => {
    const inputs: Fixture[] = [];
    await startAs(page, leaderFixture(), {
      ranks: RANKS,
      createCampaign: ({ input }: { input: Fixture }) => {
        inputs.push({ ...input });
        return { campaign: draftFixture({ entries: [] }) };
      },
      campaign: draftFixture({ entries: [] }),
    });
    await page.goto("/admin/votes/new");
    await expect(page.getByRole("radio", { name: /^Pick one/ })).toBeChecked();
    await expectGoodPage(page);
    await page.getByRole("radio", { name: /^Which evening/ }).check();
    await page.getByRole("textbox", { name: "Title" }).fill("Raid evenings");
    await page.getByRole("button", { name: "Create draft" }).click();
    await expect(page).toHaveURL(/\/admin\/votes\/vote-1$/);
    expect(inputs).toMatchObject([
      { title: "Raid evenings", method: "APPROVAL", picksPerVoter: 7, minRankLevelToVote: 1 },
    ]);
    expect(inputs[0]?.entries).toHaveLength(7);
  });

  test("is a copy of an earlier vote, which a link may name", async ({ page }) => {
    const inputs: Fixture[] = [];
    await startAs(page, leaderFixture(), {
      ranks: RANKS,
      campaigns: listOf([voteFixture({ id: "vote-2", title: "Another vote" })]),
      campaign: voteFixture({ minRankLevelToView: 3 }),
      createCampaign: ({ input }: { input: Fixture }) => {
        inputs.push({ ...input });
        return { campaign: draftFixture() };
      },
    });
    await page.goto("/admin/votes/new?copy=vote-1");
    await expect(page.getByRole("combobox", { name: "Earlier vote" })).toHaveValue("vote-1");
    await expectGoodPage(page);
    await page.getByRole("textbox", { name: "Title" }).fill("Once more");
    await page.getByRole("button", { name: "Create draft" }).click();
    await expect(page).toHaveURL(/\/admin\/votes\/vote-1$/);
    // Those who may not see the earlier vote do not see its copy.
    expect(inputs).toMatchObject([
      { title: "Once more", method: "WEIGHTED", minRankLevelToVote: 3, minRankLevelToView: 3 },
    ]);
    expect(inputs[0]?.entries).toHaveLength(ENTRIES.length);
  });

  test("shows the API's sentences at their fields", async ({ page }) => {
    const createCampaign = refusal("BAD_USER_INPUT", "The title is too long.", { field: "title" });
    await startAs(page, leaderFixture(), { ranks: RANKS, createCampaign });
    await page.goto("/admin/votes/new");
    await page.getByRole("textbox", { name: "Title" }).fill("x");
    await page.getByRole("button", { name: "Create draft" }).click();
    await expect(page.getByRole("textbox", { name: "Title" })).toBeFocused();
    await expect(page.getByText("The title is too long.")).toBeVisible();
    await expectGoodPage(page);
  });
});

test.describe("a draft", () => {
  test("names what is missing", async ({ page }) => {
    const activationBlockers = ["TOO_FEW_ENTRIES", "FEWER_ENTRIES_THAN_SEATS"];
    await open(page, draftFixture({ entries: [], activationBlockers }));
    await expect(page.getByRole("heading", { name: "No entries yet" })).toBeVisible();
    await expect(page.getByRole("list", { name: "What is missing" }).getByRole("listitem")).toHaveCount(2);
    await expect(page.getByRole("button", { name: "Start the vote" })).toBeDisabled();
    await expectGoodPage(page);
  });

  test("starts automatically once it is scheduled, and the start asks first", async ({ page }) => {
    await open(page, draftFixture({ startAt: LATER }));
    await expect(page.getByText("Scheduled", { exact: true })).toBeVisible();
    await expect(page.getByText(/^Starts on Thursday,? 1 January 2099/)).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Start the vote" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("Members with the rank رتبة or a higher one may vote");
    await expect(dialog).toContainText("4 more once they have registered");
    await expectGoodPage(page);
  });

  test("puts entries in order by buttons and by a drag", async ({ page }) => {
    const saved: unknown[] = [];
    await open(page, draftFixture(), {
      setEntries: ({ input }: { input: { entries: { entry: { name: string } }[] } }) => {
        saved.push(input.entries.map(({ entry }) => entry.name));
        return { campaign: draftFixture({ draftRevision: 8 }) };
      },
    });
    await expect(rows(page)).toHaveCount(5);
    await page.getByRole("button", { name: "Move Salty up" }).click();
    await expect(rows(page).nth(3)).toContainText("Salty");
    const drag = async (from: number, to: number) => {
      await rows(page).nth(from).scrollIntoViewIfNeeded();
      const [start, end] = [await rows(page).nth(from).boundingBox(), await rows(page).nth(to).boundingBox()];
      if (!start || !end) throw new Error("A row is not shown.");
      await page.mouse.move(start.x + 10, start.y + start.height / 2);
      await page.mouse.down();
      await page.mouse.move(start.x + 10, (start.y + end.y) / 2 + end.height / 2, { steps: 5 });
      await page.mouse.move(start.x + 10, end.y + end.height / 2, { steps: 5 });
      await page.mouse.up();
    };
    await drag(0, 2);
    await expect(rows(page).nth(2)).toContainText("Mirelle");
    await drag(4, 0);
    await expect(rows(page).nth(0)).toContainText("مريم");
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByText("Entries saved")).toBeVisible();
    expect(saved).toEqual([["مريم", "Thorn", "x".repeat(90), "Mirelle", "Salty"]]);
  });

  test("takes entries by name, from a list and from the roster", async ({ page }) => {
    const member = { ...memberFixture(), id: "m2", displayName: "Fern" };
    await open(page, draftFixture({ entries: [] }), { members: listOf([member]) });
    await page.getByLabel("Name of a new entry").fill("Hex");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Paste a list" }).click();
    await page.getByRole("dialog").getByLabel("Entries").fill("Thorn\n\n Salty \n");
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Add 2 entries" }).click();
    await page.getByRole("button", { name: "Add members" }).click();
    await page.getByRole("button", { name: "Add Fern" }).click();
    await expect(page.getByRole("button", { name: "Fern is added" })).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Done" }).click();
    await expect(rows(page)).toHaveCount(4);
    await page.getByRole("button", { name: "Edit Thorn" }).click();
    await expect(page.getByRole("dialog", { name: "Edit entry" })).toBeVisible();
    await expectGoodPage(page);
  });

  test("says which lines have no room", async ({ page }) => {
    await open(page, draftFixture());
    await page.getByRole("button", { name: "Paste a list" }).click();
    const lines = page.getByRole("dialog").getByLabel("Entries");
    await lines.fill(Array.from({ length: 200 }, (_, index) => `Entry ${index}`).join("\n"));
    await expect(page.getByRole("alert")).toContainText("The last 5 lines are left out.");
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Add 195 entries" }).click();
    await expect(rows(page)).toHaveCount(200);
    await expect(page.getByText("A vote has at most 200 entries.")).toBeVisible();
    await page.getByLabel("Name of a new entry").fill("Hex");
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("Name of a new entry")).toHaveValue("Hex");
  });

  test("shows refusals at their entry", async ({ page }) => {
    const fields = [{ field: "entries[1].entry.name", message: "Another entry has this name." }];
    await open(page, draftFixture(), {
      setEntries: refusal("CONFLICT", "Another entry has this name.", { reason: "NAME_TAKEN", fields }),
    });
    await page.getByRole("button", { name: "Move Salty up" }).click();
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(rows(page).nth(1).getByRole("alert")).toHaveText("Another entry has this name.");
    await expectGoodPage(page);
  });
});

test("an officer who may not edit a draft reads it, and keeps unsaved edits as text", async ({ page }) => {
  const state = await open(page, draftFixture());
  const title = page.getByRole("textbox", { name: "Title" });
  await title.fill("Unsaved title");
  state.root.campaign = draftFixture({ viewerActions: ["DELETE", "ACTIVATE"], durationHours: 24 });
  state.root.campaignChanged = { campaign: { id: "vote-1" } };
  await state.publish("campaignChanged");
  await expect(title).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Changes" })).toHaveValue("Title: Unsaved title");
  await page.reload();
  await expect(page.getByText("you can read it but not change it", { exact: false })).toBeVisible();
  await expect(rows(page)).toHaveCount(5);
  const settings = page.getByRole("list", { name: "Settings" });
  await expect(settings).toContainText("Title: Raider of the season");
  await expect(settings).toContainText("May vote: رتبة and above");
  await expect(settings.getByText("Duration: 1 day", { exact: true })).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete draft" })).toBeEnabled();
  await expect(page.getByRole("button", { name: "Start the vote" })).toBeEnabled();
  await expectGoodPage(page);
});

test("a vote that has started is fixed", async ({ page }) => {
  await open(page, voteFixture());
  await expect(page.getByText("The vote has started", { exact: false })).toBeVisible();
  await expectGoodPage(page);
});

test("the editor loads, fails, is offline, and names the permission", async ({ page }) => {
  const state = await startAs(page, memberFixture(), { campaign: draftFixture(), ranks: RANKS });
  for (const path of ["/admin/votes/vote-1", "/admin/votes/new"]) {
    state.root.me = memberFixture();
    await page.goto(path);
    await expect(page.getByText("It is for ranks with the permission “Manage votes”.")).toBeVisible();
    await expectGoodPage(page);
    state.root.me = leaderFixture();
    state.mode = "loading";
    await page.reload();
    await expect(page.getByText("Loading…").first()).toBeAttached();
    await expectGoodPage(page);
    state.mode = "failing";
    await page.reload();
    await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
    state.mode = "offline";
    await page.reload();
    await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
    await expectGoodPage(page);
    state.mode = "normal";
  }
  state.root.campaign = null;
  await page.goto("/admin/votes/gone");
  await expect(page.getByRole("heading", { name: "There is no such vote" })).toBeVisible();
});

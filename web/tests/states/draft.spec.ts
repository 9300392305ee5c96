// No edit of a draft is lost or left out, and no vote starts by surprise.
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, held, refusal } from "./stand-in";
import { draftFixture, EARLIER, ENTRIES, LATER, openDraft as open } from "./vote-fixtures";

interface SentEntry {
  id?: string;
  entry: { name: string };
}

/** The entries as the server stores them: new ones get ids. */
const stored = (entries: readonly SentEntry[]) =>
  entries.map(({ id, entry }, index) => ({ ...entry, id: id ?? `new-id-${index + 1}` }));

test.describe("an edit while a save is on its way", () => {
  test("of the settings stays, unsaved", async ({ page }) => {
    const save = held(() => ({ campaign: draftFixture({ draftRevision: 8, title: "New title" }) }));
    await open(page, draftFixture(), { updateCampaign: save.answer });
    await page.getByRole("textbox", { name: "Title" }).fill("New title ");
    await page.getByRole("button", { name: "Save settings" }).click();
    await page.getByRole("textbox", { name: "Description" }).fill("Typed meanwhile");
    save.release();
    await expect(page.getByText("Settings saved")).toBeVisible();
    await expect(page.getByRole("textbox", { name: "Description" })).toHaveValue("Typed meanwhile");
    await expect(page.getByRole("textbox", { name: "Title" })).toHaveValue("New title");
    await expect(page.getByRole("button", { name: "Save settings" })).toBeEnabled();
  });

  test("of the entries stays, and the next save has the ids of the first", async ({ page }) => {
    const sent: SentEntry[][] = [];
    const store = ({ input }: { input: Fixture }) => {
      const entries = input.entries as SentEntry[];
      sent.push(entries);
      return { campaign: draftFixture({ draftRevision: 7 + sent.length, entries: stored(entries) }) };
    };
    const save = held(store);
    const state = await open(page, draftFixture({ entries: [] }), { setEntries: save.answer });
    const add = async (name: string) => {
      await page.getByLabel("Name of a new entry").fill(name);
      await page.keyboard.press("Enter");
    };
    await add("Hex");
    await add("Thorn");
    await page.getByRole("button", { name: "Save entries" }).click();
    await add("Fern");
    await page.getByRole("button", { name: "Edit Hex" }).click();
    await page.getByRole("dialog").getByLabel("Description").fill("Typed meanwhile");
    save.release();
    await expect(page.getByText("Entries saved")).toBeVisible();
    await page.getByRole("button", { name: "Done" }).click();
    await expect(page.getByRole("list", { name: "Entries" }).getByRole("listitem")).toHaveCount(3);
    state.root.setEntries = store;
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByRole("button", { name: "Save entries" })).toHaveCount(0);
    expect(sent[1]).toMatchObject([
      { id: "new-id-1", entry: { name: "Hex", description: "Typed meanwhile" } },
      { id: "new-id-2", entry: { name: "Thorn" } },
      { entry: { name: "Fern" } },
    ]);
    expect(sent[1]?.[2]).not.toHaveProperty("id");
  });
});

test("two parts that are saved at once are saved one after the other", async ({ page }) => {
  const save = held(() => ({ campaign: draftFixture({ draftRevision: 8, entries: ENTRIES.slice(0, 4) }) }));
  const revisions: unknown[] = [];
  await open(page, draftFixture(), {
    setEntries: save.answer,
    updateCampaign: ({ input }: { input: Fixture }) => {
      revisions.push(input.draftRevision);
      const saved = { draftRevision: 9, entries: ENTRIES.slice(0, 4), title: "New title" };
      return { campaign: draftFixture(saved) };
    },
  });
  await page.getByRole("button", { name: "Remove Salty" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("New title");
  await page.getByRole("button", { name: "Save entries" }).click();
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByRole("button", { name: "Save settings" })).toHaveAttribute("aria-busy", "true");
  save.release();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save settings" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Save entries" })).toHaveCount(0);
  expect(revisions).toEqual([8]);
});

test.describe("unsaved edits", () => {
  test("prevent the start until they are saved or undone", async ({ page }) => {
    await open(page, draftFixture());
    const start = page.getByRole("button", { name: "Start the vote" });
    await expect(start).toBeEnabled();
    await page.getByRole("textbox", { name: "Title" }).fill("New title");
    await expect(start).toBeDisabled();
    await expect(page.getByText("Save your changes first.", { exact: false })).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Undo changes" }).click();
    await expect(start).toBeEnabled();
    await page.getByLabel("Name of a new entry").fill("Hex");
    await expect(start).toBeDisabled();
    await expect(page.getByText(/^Add or clear the entry that you typed\. Then you can/)).toBeVisible();
    await page.getByLabel("Name of a new entry").fill("");
    await expect(start).toBeEnabled();
  });

  test("stay readable when the vote starts, or a colleague deletes it", async ({ page }) => {
    const state = await open(page, draftFixture());
    await page.getByRole("textbox", { name: "Description" }).fill("A long text about this vote.");
    await page.getByRole("button", { name: "Remove Salty" }).click();
    state.root.campaign = draftFixture({
      status: "LIVE",
      draftRevision: null,
      startAt: EARLIER,
      closesAt: LATER,
    });
    state.root.campaignChanged = { campaign: { id: "vote-1" } };
    await state.publish("campaignChanged");
    await expect(page.getByText("The vote has started", { exact: false })).toBeVisible();
    const text = page.getByRole("textbox", { name: "Changes" });
    await expect(text).toHaveValue(/Description: A long text about this vote\./);
    await expect(text).toHaveValue(/Thorn/);
    await expectGoodPage(page);
    state.root.campaign = null;
    await state.publish("campaignChanged");
    await expect(page.getByRole("heading", { name: "There is no such vote" })).toBeVisible();
    await expect(text).toHaveValue(/Description: A long text about this vote\./);
  });

  test("in a dialog stay readable when the vote starts", async ({ page }) => {
    const state = await open(page, draftFixture());
    const start = async () => {
      state.root.campaign = draftFixture({ status: "LIVE", draftRevision: null, startAt: EARLIER });
      state.root.campaignChanged = { campaign: { id: "vote-1" } };
      await state.publish("campaignChanged");
    };
    const text = page.getByRole("textbox", { name: "Changes" });
    await page.getByRole("button", { name: "Edit Salty" }).click();
    await page.getByRole("dialog").getByLabel("Description").fill("A long text about this entry.");
    await start();
    await expect(page.getByText("The vote has started", { exact: false })).toBeVisible();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(text).toHaveValue("In the dialog: Salty – A long text about this entry.");
    await expectGoodPage(page);

    state.root.campaign = draftFixture();
    await page.reload();
    await page.getByRole("button", { name: "Paste a list" }).click();
    await page.getByRole("dialog").getByLabel("Entries").fill("Hex\nFern");
    await start();
    await expect(text).toHaveValue("In the dialog: Hex\nIn the dialog: Fern");
  });

  test("do not ask again after the draft was deleted", async ({ page }) => {
    const questions: string[] = [];
    page.on("dialog", (dialog) => {
      questions.push(dialog.message());
      return dialog.accept();
    });
    await open(page, draftFixture(), { deleteCampaign: { deletedId: "vote-1" } });
    await page.getByRole("textbox", { name: "Title" }).fill("New title");
    await page.getByRole("button", { name: "Delete draft" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete draft" }).click();
    await expect(page).toHaveURL(/\/votes$/);
    expect(questions).toEqual([]);
  });
});

test("two versions of the entries show the fields in which they differ", async ({ page }) => {
  const state = await open(page, draftFixture());
  await page.getByRole("button", { name: "Edit Thorn" }).click();
  await page.getByRole("dialog").getByLabel("Description").fill("My words");
  await page.getByRole("button", { name: "Done" }).click();
  const associatedMember = { id: "m1", displayName: "Fern" };
  const entries = ENTRIES.map((it) =>
    it.id === "entry-2" ? { ...it, imageUrl: null, associatedMember } : it,
  );
  state.root.campaign = draftFixture({ draftRevision: 8, entries });
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(
    page.getByText(/^Thorn – Description: Has healed .* – Picture: none – Member: Fern$/),
  ).toBeVisible();
  const own = "Thorn – Description: My words – Picture: https://images.example/thorn.png – Member: none";
  await expect(page.getByText(own, { exact: true })).toBeVisible();
  await expect(page.getByRole("alert").getByText("Salty", { exact: true })).toHaveCount(2);
  await expectGoodPage(page);
});

test.describe("the start and the duration", () => {
  test("have a sentence at the field for a number that is too large", async ({ page }) => {
    await open(page, draftFixture({ startAt: LATER }));
    const duration = page.getByRole("spinbutton", { name: "Duration" });
    await duration.fill("9999999999");
    await expect(page.getByText("A vote lasts at most 8,760 hours", { exact: false })).toBeVisible();
    await expect(duration).toHaveValue("9999999999");
    await expectGoodPage(page);
  });

  test("stay exactly as they are when something else is saved", async ({ page }) => {
    const inputs: Fixture[] = [];
    // The second 02:30 of that night in Berlin, and seconds, which the input has not.
    const startAt = "2027-10-31T01:30:37Z";
    await open(page, draftFixture({ startAt }), {
      updateCampaign: ({ input }: { input: Fixture }) => {
        inputs.push({ ...input });
        return { campaign: draftFixture({ startAt, draftRevision: 8, title: "New title" }) };
      },
    });
    await expect(page.getByText(/^Starts on .*02:30:37 (GMT\+1|CET)/)).toBeVisible();
    await page.getByRole("textbox", { name: "Title" }).fill("New title");
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("Settings saved")).toBeVisible();
    expect(inputs).toEqual([{ id: "vote-1", draftRevision: 7, title: "New title" }]);
  });

  test("cannot be set to a time that has passed", async ({ page }) => {
    const state = await open(page, draftFixture());
    const start = page.getByLabel("Start automatically");
    await start.fill("2026-01-01T10:00");
    await page.getByRole("button", { name: "Save settings" }).click();
    await expect(page.getByText("This time has passed.", { exact: false })).toBeVisible();
    await expect(start).toBeFocused();
    await expectGoodPage(page);
    expect(state.operations).not.toContain("UpdateVote");
  });

  test("start the vote with a save that completes an overdue draft, after a question", async ({ page }) => {
    const overdue = {
      startAt: EARLIER,
      closesAt: LATER,
      durationHours: 8_760,
      activationBlockers: ["TOO_FEW_ENTRIES", "FEWER_ENTRIES_THAN_PICKS"],
      entries: ENTRIES.slice(0, 1),
    };
    const state = await open(page, draftFixture(overdue), {
      setEntries: refusal("CONFLICT", "Not a draft."),
    });
    await expect(page.getByText("It starts as soon as nothing is missing.", { exact: false })).toBeVisible();
    await page.getByRole("button", { name: "Paste a list" }).click();
    await page.getByRole("dialog").getByLabel("Entries").fill("Hex\nFern");
    await page.getByRole("button", { name: "Add 2 entries" }).click();
    await page.getByRole("button", { name: "Save entries" }).click();
    const question = page.getByRole("dialog", { name: "Save, and start the vote now?" });
    await expect(question).toBeVisible();
    expect(state.operations).not.toContain("SetVoteEntries");
    await expectGoodPage(page);
    await question.getByRole("button", { name: "Save and start" }).click();
    await expect(page.getByText("Not a draft.")).toBeVisible();
  });

  test("are asked about only as long as the save would start the vote", async ({ page }) => {
    const overdue = {
      startAt: EARLIER,
      durationHours: 8_760,
      entries: ENTRIES.slice(0, 2),
      picksPerVoter: 3,
    };
    const state = await open(page, draftFixture(overdue));
    state.root.campaignChanged = { campaign: { id: "vote-1" } };
    const setStart = async (startAt: string, draftRevision: number) => {
      state.root.campaign = draftFixture({ ...overdue, startAt, draftRevision });
      await state.publish("campaignChanged");
    };
    await page.getByLabel("Name of a new entry").fill("Hex");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByRole("dialog", { name: "Save, and start the vote now?" })).toBeVisible();
    await setStart(LATER, 8);
    await expect(page.getByText("The start was changed meanwhile", { exact: false })).toBeVisible();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expectGoodPage(page);
    await setStart(EARLIER, 9);
    await expect(page.getByText(/^The start was planned for/)).toBeVisible();
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });

  test("say why a draft stays one after its end has passed", async ({ page }) => {
    await open(
      page,
      draftFixture({
        startAt: "2026-01-01T10:00:00Z",
        closesAt: "2026-01-01T11:00:00Z",
        durationHours: 1,
        activationBlockers: ["DEADLINE_PASSED"],
      }),
    );
    await expect(page.getByText("so it stays a draft", { exact: false })).toBeVisible();
    await expect(page.getByText("starts automatically", { exact: false })).toHaveCount(0);
    await expect(page.getByText("Scheduled", { exact: true })).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Start the vote" })).toBeEnabled();
    await expectGoodPage(page);
    await page.getByRole("link", { name: "Preview" }).click();
    await expect(page.getByText("Its scheduled end has passed.", { exact: false })).toBeVisible();
    await expect(page.getByText("Starts now")).toHaveCount(0);
    await expect(page.getByText("Scheduled", { exact: true })).toHaveCount(0);
    await expect(page.getByText("Draft", { exact: true })).toBeVisible();
  });
});

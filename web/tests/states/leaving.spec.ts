import type { Page } from "playwright/test";
import { expect, test } from "./checks";
import { type Fixture, held, leaderFixture, listOf, memberFixture, startAs } from "./stand-in";

/** Answers the questions before leaving in this order, and counts them. */
function answerQuestions(page: Page, answers: ("dismiss" | "accept")[]) {
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    const answer = answers[questions.length] ?? "accept";
    questions.push(dialog.message());
    return dialog[answer]();
  });
  return questions;
}

const back = (page: Page) => page.evaluate(() => window.history.back());
const forward = (page: Page) => page.evaluate(() => window.history.forward());
const links = (page: Page) => page.getByRole("navigation", { name: "Pages", exact: true });

test("*Back* and *Forward* ask before they drop input, and staying changes nothing", async ({ page }) => {
  await startAs(page, memberFixture());
  await page.goto("/votes");
  await links(page).getByRole("link", { name: "Roster" }).click();
  await links(page).getByRole("link", { name: "Mirelle" }).click();
  const field = page.getByLabel("Display name");
  await field.fill("Unsaved");
  const questions = answerQuestions(page, ["dismiss", "dismiss", "accept"]);
  for (const asked of [1, 2]) {
    await back(page);
    await expect.poll(() => questions.length).toBe(asked);
    await expect(page).toHaveURL(/\/me$/);
    await expect(field).toHaveValue("Unsaved");
  }
  await back(page);
  await expect(page.getByRole("heading", { level: 1, name: "Roster" })).toBeFocused();
  // The entries of the history are in place: each step leads to its page, and nothing is left to ask.
  await back(page);
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeFocused();
  await forward(page);
  await forward(page);
  await expect(page.getByRole("heading", { level: 1, name: "Mirelle" })).toBeFocused();
  expect(questions).toHaveLength(3);
  await field.fill("Unsaved");
  await page.evaluate(() => window.history.go(-2));
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeFocused();
  expect(questions).toHaveLength(4);
});

test("*Back* asks after a reload too", async ({ page }) => {
  await startAs(page, memberFixture());
  await page.goto("/votes");
  await links(page).getByRole("link", { name: "Mirelle" }).click();
  await expect(page.getByLabel("Display name")).toBeVisible();
  await page.reload();
  await page.getByLabel("Display name").fill("Unsaved");
  const questions = answerQuestions(page, ["dismiss"]);
  await back(page);
  await expect.poll(() => questions.length).toBe(1);
  await expect(page).toHaveURL(/\/me$/);
  await expect(page.getByLabel("Display name")).toHaveValue("Unsaved");
});

test("*Back* asks before it drops the text of an open dialog, and not after the dialog was closed", async ({
  page,
}) => {
  await startAs(page, memberFixture());
  await page.goto("/votes");
  await links(page).getByRole("link", { name: "Mirelle" }).click();
  const open = page.getByRole("button", { name: "Add a character" });
  const name = page.getByRole("dialog").getByLabel("Name");
  await open.click();
  await name.fill("Unsaved");
  const questions = answerQuestions(page, ["dismiss"]);
  await back(page);
  await expect.poll(() => questions.length).toBe(1);
  await expect(page).toHaveURL(/\/me$/);
  await expect(name).toHaveValue("Unsaved");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await back(page);
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeFocused();
  expect(questions).toHaveLength(2);
});

test("each way to close a dialog asks before it drops text", async ({ page }) => {
  await startAs(page, memberFixture());
  await page.goto("/me");
  const open = page.getByRole("button", { name: "Add a character" });
  const dialog = page.getByRole("dialog");
  const name = dialog.getByLabel("Name");
  await open.click();
  await expect(name).toBeFocused();
  await page.keyboard.type("Unsaved");
  const questions = answerQuestions(page, Array(7).fill("dismiss"));
  // After several refused ones, Chromium closes a dialog without a `cancel` event that can be prevented.
  for (const asked of [1, 2, 3, 4, 5]) {
    await page.keyboard.press("Escape");
    await expect.poll(() => questions.length).toBe(asked);
    await expect(name).toHaveValue("Unsaved");
    await expect(name).toBeFocused();
  }
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(questions).toHaveLength(7);
  await expect(name).toHaveValue("Unsaved");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  expect(questions).toHaveLength(8);
  await expect(open).toBeFocused();
  await open.click();
  await expect(name).toBeFocused();
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);
  expect(questions).toHaveLength(8);
});

const invitee: Fixture = {
  __typename: "Member",
  id: "m1",
  displayName: "Recruit",
  discordUsername: "recruit",
  rank: { id: "rank-3", name: "Initiate", level: 1 },
  viewerActions: ["INVITE"],
};

test("leaving codes that show only once asks first, until they are saved", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-write"]);
  const invite = { code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "FAILED", member: invitee };
  await startAs(page, leaderFixture(), {
    members: listOf([invitee]),
    sendInvites: { invites: [invite], refusals: [] },
  });
  await page.goto("/votes");
  await links(page).getByRole("link", { name: "Invites" }).click();
  await page.getByRole("button", { name: "Invite Recruit" }).click();
  await expect(page.getByRole("heading", { name: "One invite" })).toBeVisible();
  const questions = answerQuestions(page, ["dismiss", "dismiss", "dismiss"]);
  await back(page);
  await expect.poll(() => questions).toEqual(["Leave this page? The codes show only now."]);
  await links(page).getByRole("link", { name: "Home" }).click();
  await expect.poll(() => questions.length).toBe(2);
  await expect(page.getByRole("link", { name: /#code=ABCD2345/ })).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect.poll(() => questions.at(2)).toBe("Close this? The codes show only now.");
  await expect(page.getByRole("link", { name: /#code=ABCD2345/ })).toBeVisible();
  await page.getByRole("button", { name: "Copy the link of Recruit" }).click();
  await expect(page.getByText("Link of Recruit copied")).toBeVisible();
  await page.getByRole("button", { name: "Copy all" }).click();
  await expect(page.getByText("Invites copied")).toBeVisible();
  await back(page);
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeVisible();
  expect(questions).toHaveLength(3);
});

test("leaving while an invite is on its way asks first, and no other invite replaces its code", async ({
  page,
}) => {
  const invite = { code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "FAILED", member: invitee };
  const send = held(() => ({ invites: [invite], refusals: [] }));
  const state = await startAs(page, leaderFixture(), {
    members: listOf([
      {
        ...invitee,
        openInvite: { createdAt: "2026-11-01T00:00:00Z", expiresAt: "2099-01-01T00:00:00Z" },
        viewerActions: ["INVITE", "REVOKE_INVITE", "DELETE"],
      },
      { ...invitee, id: "m2", displayName: "Other" },
    ]),
    sendInvites: send.answer,
  });
  await page.goto("/admin/members");
  await page.getByRole("button", { name: "Invite again Recruit" }).click();
  await expect(page.getByRole("button", { name: "Invite Other" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Revoke the invite of Recruit" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Delete Recruit" })).toBeDisabled();
  await page.getByRole("button", { name: "Invite again Recruit" }).click({ force: true });
  const questions = answerQuestions(page, ["dismiss"]);
  await links(page).getByRole("link", { name: "Home" }).click();
  await expect.poll(() => questions).toEqual(["Leave this page? The codes show only now."]);
  send.release();
  await expect(page.getByRole("link", { name: /#code=ABCD2345/ })).toBeVisible();
  expect(state.operations.filter((name) => name === "SendInvites")).toHaveLength(1);
});

test("leaving while invites of an import are on their way asks first", async ({ page }) => {
  const invite = { code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "FAILED", member: invitee };
  const send = held(() => ({ invites: [invite], refusals: [] }));
  const changes = [{ place: "line 2", kind: "MEMBER_ADDED", name: "Recruit", member: invitee }];
  await startAs(page, leaderFixture(), {
    importRoster: { imported: true, rows: 1, membersAdded: 1, changes },
    sendInvites: send.answer,
  });
  await page.goto("/admin/import");
  await page.getByLabel("Or paste the rows").fill("discord_username\nrecruit\n");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: /^Import the/ }).click();
  await page.getByRole("button", { name: "Invite the new member" }).click();
  await expect(page.getByRole("button", { name: "Import another file" })).toBeDisabled();
  const questions = answerQuestions(page, ["dismiss"]);
  await page.getByRole("link", { name: "Open the roster" }).click();
  await expect.poll(() => questions.length).toBe(1);
  send.release();
  await expect(page.getByRole("link", { name: /#code=ABCD2345/ })).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("One new member is invited.", { exact: false })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Invite the new/ })).toHaveCount(0);
  await expect(page.getByText("Invite them now", { exact: false })).toHaveCount(0);
});

test("leaving while the code of one member is made asks first, and so does closing it", async ({
  page,
  context,
}) => {
  await context.grantPermissions(["clipboard-write"]);
  const send = held(() => ({ code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "FAILED" }));
  await startAs(page, leaderFixture(), { member: invitee, sendInvite: send.answer });
  await page.goto("/members/m1");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const questions = answerQuestions(page, ["dismiss", "dismiss", "dismiss"]);
  await links(page).getByRole("link", { name: "Home" }).click();
  await expect.poll(() => questions.length).toBe(1);
  send.release();
  const code = page.getByRole("dialog");
  await expect(code).toContainText("ABCD2345");
  await page.keyboard.press("Escape");
  await expect.poll(() => questions.at(1)).toBe("Close this? The codes show only now.");
  await code.getByRole("button", { name: "Done" }).click();
  await expect.poll(() => questions.length).toBe(3);
  await expect(code).toContainText("ABCD2345");
  await code.getByRole("button", { name: "Copy" }).click();
  await expect(page.getByText("Invite link copied")).toBeVisible();
  await code.getByRole("button", { name: "Done" }).click();
  await expect(code).toHaveCount(0);
  expect(questions).toHaveLength(3);
});

test("pasted rows stay for another preview, and leaving them asks first", async ({ page }) => {
  await startAs(page, leaderFixture(), { importRoster: { rows: 1, membersAdded: 1 } });
  await page.goto("/admin/import");
  const rows = "discord_username\nrecruit.1\n";
  await page.getByLabel("Or paste the rows").fill(rows);
  const questions = answerQuestions(page, ["dismiss"]);
  await links(page).getByRole("link", { name: "Home" }).click();
  await expect.poll(() => questions.length).toBe(1);
  await expect(page.getByLabel("Or paste the rows")).toHaveValue(rows);
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Choose another file" }).click();
  await expect(page.getByLabel("Or paste the rows")).toHaveValue(rows);
});

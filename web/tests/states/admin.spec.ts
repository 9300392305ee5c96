import { expect, test } from "playwright/test";
import { expectGoodPage } from "./checks";
import { type Fixture, leaderFixture, listOf, memberFixture, refusal, startAs } from "./stand-in";

const EXPIRES = "2099-01-01T00:00:00Z";

const invitee = (index: number, more: Fixture = {}): Fixture => ({
  __typename: "Member",
  id: `m${index}`,
  displayName: index === 2 ? "مريم" : `Recruit ${index}`,
  discordUsername: `recruit.${index}`,
  isRegistered: false,
  isActive: true,
  rank: { id: "rank-3", name: "Initiate", level: 1 },
  viewerActions: ["INVITE", "DELETE"],
  ...more,
});

const open = { createdAt: "2026-11-29T12:00:00Z", expiresAt: EXPIRES, createdBy: leaderFixture() };

test.describe("invites", () => {
  test("many members are invited at once, and the list says who was refused", async ({ page }) => {
    const members = [
      invitee(1),
      invitee(2, { openInvite: open, viewerActions: ["INVITE", "REVOKE_INVITE", "DELETE"] }),
      invitee(3),
      invitee(4, { viewerActions: [] }),
    ];
    const asked: string[][] = [];
    await startAs(page, leaderFixture(), {
      members: listOf(members),
      sendInvites: ({ input }: { input: { memberIds: string[] } }) => {
        asked.push(input.memberIds);
        return {
          invites: [
            { code: "ABCD2345", expiresAt: EXPIRES, delivery: "SENT", member: members[0] },
            { code: "BCDE3456", expiresAt: EXPIRES, delivery: "FAILED", member: members[1] },
          ],
          refusals: [
            { memberId: "m3", reason: "ALREADY_REGISTERED", message: "The member has an account already." },
          ],
        };
      },
    });
    await page.goto("/admin/members");
    await expect(page.getByText("4 members")).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Select all" }).click();
    await page.getByRole("button", { name: "Invite 3", exact: true }).click();
    await expect(page.getByRole("heading", { name: "2 invites" })).toBeVisible();
    expect(asked).toEqual([["m1", "m2", "m3"]]);
    await expect(page.getByRole("alert")).toContainText("Recruit 3: The member has an account already.");
    await expect(page.getByText("The bot sends 1 of them in Discord.")).toBeVisible();
    await expect(page.getByRole("link", { name: /#code=ABCD2345&as=recruit\.1$/ })).toBeVisible();
    await expectGoodPage(page);
  });

  test("a lost response leaves the outcome open, and the list is read again", async ({ page }) => {
    const state = await startAs(page, leaderFixture(), { members: listOf([invitee(1), invitee(3)]) });
    await page.goto("/admin/members");
    await page.getByRole("button", { name: "Select all" }).click();
    await page.route(
      "**/graphql",
      (route) => {
        // The server has made the invites.
        state.root.members = listOf([invitee(1, { openInvite: open }), invitee(3, { openInvite: open })]);
        return route.abort("connectionreset");
      },
      { times: 1 },
    );
    await page.getByRole("button", { name: "Invite 2", exact: true }).click();
    await expect(page.getByRole("heading", { name: "The server did not answer" })).toBeVisible();
    await expect(page.getByRole("alert")).toContainText("It is not known whether 2 members were invited.");
    await expect(page.getByText(/No invite was made|were not invited/)).toHaveCount(0);
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Done" }).click();
    await expect(page.getByRole("button", { name: "Invite again Recruit 1" })).toBeVisible();
  });

  for (const code of ["CONFLICT", "INTERNAL"]) {
    test(`the list is read again once after the error ${code}`, async ({ page }) => {
      const state = await startAs(page, leaderFixture(), {
        members: listOf([invitee(1)]),
        sendInvites: refusal(code, "Not now."),
      });
      await page.goto("/admin/members");
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await page.getByRole("button", { name: "Invite Recruit 1" }).click();
        await expect(page.getByRole("alert")).toContainText("Not now.");
        await page.getByRole("button", { name: "Done" }).click();
      }
      const sent = state.operations.filter((name) => name === "Unregistered" || name === "SendInvites");
      expect(sent.slice(0, 4)).toEqual(["Unregistered", "SendInvites", "Unregistered", "SendInvites"]);
    });
  }

  test("everyone has registered", async ({ page }) => {
    await startAs(page, leaderFixture(), { members: listOf([]) });
    await page.goto("/admin/members");
    await expect(page.getByRole("heading", { name: "Everyone has registered" })).toBeVisible();
    await expectGoodPage(page);
  });
});

const report = (more: Fixture = {}): Fixture => ({
  imported: false,
  rows: 3,
  membersAdded: 1,
  membersChanged: 1,
  charactersAdded: 1,
  rowsLeftOut: 1,
  unknownColumns: ["Note"],
  problems: [{ place: "line 4", field: "rank", message: "There is no rank “Emperor”." }],
  changes: [
    {
      place: "line 2",
      kind: "MEMBER_ADDED",
      name: "Recruit 1",
      changes: [{ field: "rank", from: null, to: "Initiate" }],
    },
    {
      place: "line 3",
      kind: "MEMBER_CHANGED",
      name: "مريم",
      changes: [{ field: "displayName", from: "Maryam", to: "مريم" }],
    },
  ],
  ...more,
});

test.describe("import", () => {
  test("text is sent only after the press of *Preview*, and imported without its bad rows", async ({
    page,
  }) => {
    const inputs: { dryRun: boolean; skipBad: boolean; format: string }[] = [];
    await startAs(page, leaderFixture(), {
      importRoster: ({ input }: { input: (typeof inputs)[number] }) => {
        inputs.push({ ...input });
        if (input.dryRun) return report();
        const member = invitee(1);
        return report({
          imported: true,
          problems: [],
          changes: [{ place: "line 2", kind: "MEMBER_ADDED", name: "Recruit 1", changes: [], member }],
        });
      },
    });
    await page.goto("/admin/import");
    await expect(page.getByRole("button", { name: "Preview" })).toBeDisabled();
    await expectGoodPage(page);
    await page.getByLabel("Or paste the rows").fill("discord_username\nrecruit.1\n");
    expect(inputs).toEqual([]);
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(
      page.getByRole("heading", { name: "One bad row" }).or(page.getByText("1 bad row")),
    ).toBeVisible();
    expect(inputs).toMatchObject([{ dryRun: true, format: "CSV" }]);
    await expect(page.getByText("An unknown column is ignored: Note.")).toBeVisible();
    await expect(page.getByRole("region", { name: "Changes by line" }).getByText("Maryam")).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Import the 2 good rows" }).click();
    await expect(page.getByRole("heading", { name: "The roster is imported" })).toBeVisible();
    expect(inputs[1]).toMatchObject({ dryRun: false, skipBad: true });
    await expect(page.getByRole("button", { name: "Invite the new member" })).toBeVisible();
    await expectGoodPage(page);
  });

  test("a refusal shows the API's sentence, and the text stays", async ({ page }) => {
    await startAs(page, leaderFixture(), {
      importRoster: refusal("BAD_USER_INPUT", "The file has no column `discord_username`.", {
        field: "data",
      }),
    });
    await page.goto("/admin/import");
    await page.getByLabel("Or paste the rows").fill("name\nfern");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByRole("alert")).toContainText("The file has no column");
    await expect(page.getByLabel("Or paste the rows")).toHaveValue("name\nfern");
  });

  test("a file without changes offers no import", async ({ page }) => {
    const nothing = {
      membersAdded: 0,
      membersChanged: 0,
      charactersAdded: 0,
      rowsLeftOut: 0,
      rowsUnchanged: 3,
    };
    await startAs(page, leaderFixture(), {
      importRoster: report({ ...nothing, problems: [], changes: [], unknownColumns: [] }),
    });
    await page.goto("/admin/import");
    await page.getByLabel("Or paste the rows").fill("discord_username\nfern");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByText("The roster has all of this already.")).toBeVisible();
    await expect(page.getByRole("button", { name: /^Import/ })).toHaveCount(0);
  });
});

for (const [path, title] of [
  ["/admin/members", "Invites"],
  ["/admin/import", "Import"],
  ["/admin/ranks", "Ranks"],
]) {
  test(`${path} names the permission to members without it, and fails well`, async ({ page }) => {
    const state = await startAs(page, memberFixture());
    await page.goto(path ?? "");
    await expect(page.getByRole("heading", { level: 1, name: title ?? "" })).toBeVisible();
    await expect(page.getByText(/It is for ranks with the permission/)).toBeVisible();
    await expectGoodPage(page);
    state.root.me = leaderFixture();
    state.mode = "failing";
    await page.reload();
    if (path === "/admin/import") return;
    await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
  });
}

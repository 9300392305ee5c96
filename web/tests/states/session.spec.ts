import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, GUILD, memberFixture, refusal, standIn, startSignedIn, tokens } from "./stand-in";

const visitor = (root: Fixture = {}) => ({ me: null, guild: GUILD, ...root });

test("signing in shows the API's sentence and the wait", async ({ page }) => {
  await standIn(page, visitor({ login: refusal("UNAUTHENTICATED", "The name or the password is wrong.") }));
  await page.goto("/login");
  await expectGoodPage(page);
  await page.getByLabel("Discord username").fill("mirelle");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("The name or the password is wrong.");
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await expectGoodPage(page);
});

test("too many attempts show the wait", async ({ page }) => {
  const message = "Too many attempts.";
  await standIn(page, visitor({ login: refusal("RATE_LIMITED", message, { retryAfterSeconds: 90 }) }));
  await page.goto("/login#as=mirelle");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText(/Too many attempts\. Try again in 1 min (30|29) s\./);
});

test("a wait shows once, and trying after it is not too early", async ({ page }) => {
  const message = "Too many attempts. Try again in 896 seconds.";
  await standIn(page, visitor({ login: refusal("RATE_LIMITED", message, { retryAfterSeconds: 896 }) }));
  await page.goto("/login#as=mirelle");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toHaveText("Too many attempts. Try again in 15 min.");
  await expectGoodPage(page);
});

test("registering puts sentences at their fields", async ({ page }) => {
  const fields = [
    { field: "inviteCode", reason: "INVALID_CODE", message: "The code is not valid." },
    { field: "password", reason: "PASSWORD_TOO_SHORT", message: "The password is too short." },
  ];
  await standIn(page, visitor({ register: refusal("BAD_USER_INPUT", "The code is not valid.", { fields }) }));
  await page.goto("/register#code=ABCD2345&as=mirelle");
  await expect(page).toHaveURL(/\/register$/);
  await page.getByLabel("Password", { exact: true }).fill("0123456789");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Invite code")).toHaveAccessibleDescription("The code is not valid.");
  await expect(page.getByLabel("Password", { exact: true })).toHaveAccessibleDescription(
    /The password is too short\./,
  );
  await expect(page.getByText("The code is not valid.")).toHaveCount(1);
  await expectGoodPage(page);
});

test("a link opened in the same tab replaces the code", async ({ page }) => {
  await standIn(page, visitor());
  await page.goto("/register");
  await page.evaluate(() => {
    window.location.hash = "code=WXYZ2345&as=other";
  });
  await expect(page.getByLabel("Invite code")).toHaveValue("WXYZ2345");
  await expect(page.getByLabel("Discord username")).toHaveValue("other");
  await expect(page).toHaveURL(/\/register$/);
});

test("a pasted link fills in code and name", async ({ page }) => {
  await standIn(page, visitor());
  await page.goto("/register");
  await page.getByLabel("Invite code").fill("https://guild.example/register#code=WXYZ2345&as=mirelle");
  await expect(page.getByLabel("Invite code")).toHaveValue("WXYZ2345");
  await expect(page.getByLabel("Discord username")).toHaveValue("mirelle");
});

test("a new password names the ranks that send codes", async ({ page }) => {
  const ranks = [
    { id: "r1", name: "Warchief", permissions: ["MEMBERS_MANAGE"] },
    { id: "r2", name: "Grunt", permissions: [] },
  ];
  await standIn(page, visitor({ ranks }));
  await page.goto("/reset");
  await expect(page.getByText("Warchief")).toBeVisible();
  await expect(page.getByText("Grunt")).toHaveCount(0);
  await expectGoodPage(page);
});

test("the profile in all its parts", async ({ page }) => {
  await startSignedIn(page);
  const characters = [
    {
      id: "ch1",
      name: "Mirelle",
      realm: "Area 52",
      class: "MAGE",
      spec: "Arcane",
      role: "RANGED_DPS",
      isMain: true,
    },
    { id: "ch2", name: "Þóra", realm: "Azjol-Nerub", class: "PRIEST", role: "HEALER", isMain: false },
  ];
  await standIn(page, {
    guild: GUILD,
    refreshSession: tokens,
    me: { ...memberFixture(), characters },
    sessions: [
      { id: "s1", isCurrent: true },
      { id: "s2", userAgent: "curl/8.5.0" },
    ],
  });
  await page.goto("/me");
  await expect(page.getByRole("heading", { level: 1, name: "Mirelle" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Change the password…" }).click();
  await page.getByRole("button", { name: "Add a character" }).click();
  await expect(page.getByRole("dialog", { name: "Add a character" })).toBeVisible();
  await expectGoodPage(page);
});

test("a specialisation fills in its role, and signing out everywhere asks first", async ({ page }) => {
  await startSignedIn(page);
  const specs = [
    { name: "Balance", role: "RANGED_DPS" },
    { name: "Restoration", role: "HEALER" },
  ];
  const inputs: unknown[] = [];
  const state = await standIn(page, {
    guild: GUILD,
    refreshSession: tokens,
    me: memberFixture(),
    sessions: [{ id: "s1", isCurrent: true }, { id: "s2" }],
    characterClasses: [{ class: "DRUID", name: "Druid", specs }],
    createCharacter: ({ input }: { input: unknown }) => {
      inputs.push(input);
      return { character: { id: "ch1", name: "Leaf" } };
    },
    logoutEverywhere: { success: true },
  });
  await page.goto("/me");
  await page.getByRole("button", { name: "Add a character" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Leaf");
  await dialog.getByLabel("Realm").fill("Area 52");
  await dialog.getByLabel("Class").selectOption("Druid");
  await dialog.getByLabel("Specialisation").selectOption("Restoration");
  await expect(dialog.getByLabel("Role")).toHaveValue("HEALER");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog).toHaveCount(0);
  expect(inputs).toMatchObject([
    { name: "Leaf", class: "DRUID", spec: "Restoration", role: "HEALER", isMain: true },
  ]);
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await expectGoodPage(page);
  state.root.me = null;
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Emberwatch" })).toBeVisible();
  expect(await page.evaluate(() => localStorage.getItem("guildhall.session"))).toBeNull();
});

test("an empty profile says how to fill it, and a visitor is asked to sign in", async ({ page }) => {
  const state = await standIn(page, visitor({ refreshSession: tokens }));
  await page.goto("/me");
  await expect(page.getByText("You are not signed in")).toBeVisible();
  await expectGoodPage(page);
  state.root.me = memberFixture();
  await startSignedIn(page);
  await page.reload();
  await expect(page.getByText("No characters yet")).toBeVisible();
  await expectGoodPage(page);
});

test("the menu of a phone opens, closes with Escape, and follows a link", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 });
  await standIn(page, visitor());
  await page.goto("/");
  const target = await page.getByRole("link", { name: "Emberwatch" }).boundingBox();
  expect(target?.height).toBeGreaterThanOrEqual(44);
  const more = page.getByRole("button", { name: "More" });
  await more.click();
  await expect(page.getByRole("navigation", { name: "Pages", exact: true })).toBeVisible();
  await expectGoodPage(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("navigation", { name: "Pages", exact: true })).toBeHidden();
  await more.click();
  await page
    .getByRole("navigation", { name: "Pages", exact: true })
    .getByRole("link", { name: "Sign in" })
    .click();
  await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
});

test.describe("a session that ended while the app was closed", () => {
  const isOver = refusal("UNAUTHENTICATED", "The refresh token is not valid.", { reason: "INVALID_TOKEN" });

  for (const [path, heading] of [
    ["/", "Emberwatch"],
    ["/verify", "Verify a vote"],
    ["/me", "Your profile"],
    ["/login", "Sign in"],
    ["/reset", "Set a new password"],
  ]) {
    test(`shows ${path} as to a visitor`, async ({ page }) => {
      await startSignedIn(page);
      await standIn(page, visitor({ refreshSession: isOver }));
      for (const open of [() => page.goto(path ?? ""), () => page.reload()]) {
        await open();
        await expect(page.getByRole("heading", { level: 1, name: heading ?? "" })).toBeVisible();
        await expect(page.getByText("The refresh token is not valid.")).toHaveCount(0);
        await expect(page.getByRole("dialog")).toHaveCount(0);
      }
      await expectGoodPage(page);
    });
  }

  test("takes an invite code, also through a reload", async ({ page }) => {
    await startSignedIn(page);
    await standIn(page, visitor({ refreshSession: isOver }));
    await page.goto("/register#code=ABCD2345&as=mirelle");
    for (let count = 0; count < 3; count += 1) {
      await expect(page.getByLabel("Invite code")).toHaveValue("ABCD2345");
      await expect(page.getByLabel("Discord username")).toHaveValue("mirelle");
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await expect(page).toHaveURL(/\/register$/);
      await page.reload();
    }
    await page.goto("/login");
    await expect(page.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain("ABCD2345");
  });
});

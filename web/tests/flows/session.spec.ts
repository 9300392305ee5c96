import { ProfileDocument, RevokeSessionDocument } from "../../src/gql/graphql";
import { expect, PASSWORD, signIn, test, uniqueName } from "./site";

test("a member registers by link, and the code leaves the address bar", async ({ page, api }) => {
  const name = uniqueName();
  const code = await api.invite(name);
  await page.goto(`/register#code=${code}&as=${name}`);
  await expect(page).toHaveURL(/\/register$/);
  await expect(page.getByLabel("Invite code")).toHaveValue(code);
  await expect(page.getByLabel("Discord username")).toHaveValue(name);
  // The link has filled in all but the password, which has the focus.
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await page.keyboard.type("a long sentence is a password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: `Welcome, ${name}` })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Waiting for you" })).toBeVisible();
  await page.goBack();
  await expect(page.getByText(code)).toHaveCount(0);
});

test("a wrong code says so at its field", async ({ page }) => {
  await page.goto("/register?code=ABCD2345&as=nobody");
  await expect(page).toHaveURL(/\/register$/);
  await page.getByLabel("Password", { exact: true }).fill("a long sentence is a password");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Invite code")).toBeFocused();
  await expect(page.getByRole("alert").first()).toContainText(/code/i);
});

test("someone who is signed in signs out before using an invite, and keeps the code", async ({
  page,
  api,
}) => {
  const name = uniqueName();
  const code = await api.invite(name);
  await signIn(page, "initiate");
  await page.goto(`/register#code=${code}&as=${name}`);
  await expect(page.getByRole("heading", { level: 1, name: "You are signed in" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out and register" }).click();
  await expect(page.getByLabel("Invite code")).toHaveValue(code);
  await expect(page.getByLabel("Discord username")).toHaveValue(name);
});

test("signing in returns to the page before", async ({ page }) => {
  await page.goto("/me");
  await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Discord username").fill("member");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/me$/);
  await expect(page.getByRole("heading", { name: "Characters" })).toBeVisible();
});

test("a sign-out reaches all tabs within a second", async ({ newBrowser }) => {
  const browser = await newBrowser();
  const [first, second] = [await browser.newPage(), await browser.newPage()];
  await signIn(first, "veteran");
  await second.goto("/me");
  await expect(second.getByRole("heading", { name: "Characters" })).toBeVisible();
  await first.goto("/me");
  await first.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(second.getByRole("heading", { name: "Characters" })).toHaveCount(0, { timeout: 1_000 });
  await expect(second.getByText("You are not signed in")).toBeVisible();
  await expect(first.getByRole("main").getByRole("link", { name: "Sign in" })).toBeVisible();
});

test("a sign-out everywhere ends all sessions", async ({ newBrowser, page, api }) => {
  const name = uniqueName();
  const code = await api.invite(name);
  await page.goto(`/register#code=${code}&as=${name}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: `Welcome, ${name}` })).toBeVisible();
  const other = await (await newBrowser()).newPage();
  await signIn(other, name);
  await page.goto("/me");
  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await expect(page.getByRole("main").getByRole("link", { name: "Sign in" })).toBeVisible();
  // The other browser's socket ends with its session.
  await expect(other.getByRole("dialog", { name: "Please sign in again" })).toBeVisible();
});

test("on a shared computer the session ends with its tab, and survives a reload", async ({ newBrowser }) => {
  const browser = await newBrowser();
  const page = await browser.newPage();
  await page.goto("/login#as=member");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("This is a shared computer").check();
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
    "refresh",
  );
  const other = await browser.newPage();
  await other.goto("/me");
  await expect(other.getByText("You are not signed in")).toBeVisible();
});

test("a session that ends elsewhere keeps the page and its input", async ({ page, api }) => {
  await signIn(page, "initiate");
  await page.goto("/me");
  const field = page.getByLabel("Display name");
  const name = await field.inputValue();
  await field.fill(`${name} of the Flow`);
  const { sessions } = await api.run("initiate", ProfileDocument, {});
  for (const { id, isCurrent } of sessions ?? []) {
    if (!isCurrent) await api.run("initiate", RevokeSessionDocument, { id });
  }
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(field).toHaveValue(`${name} of the Flow`);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: `${name} of the Flow` })).toBeVisible();
  await field.fill(name);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name, exact: true })).toBeVisible();
});

test("a member adds, changes and deletes a character", async ({ page }) => {
  await signIn(page, "member");
  await page.goto("/me");
  await page.getByRole("button", { name: "Add a character" }).click();
  const dialog = page.getByRole("dialog");
  const name = `Flow${Date.now().toString(36).replaceAll(/\d/g, "x")}`;
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByLabel("Realm").fill("Area 52");
  await dialog.getByLabel("Class").selectOption("Druid");
  await dialog.getByLabel("Role").selectOption("Tank");
  await dialog.getByRole("button", { name: "Add" }).click();
  await expect(dialog).toHaveCount(0);
  const list = page.getByRole("list", { name: "Characters" });
  await expect(list.getByText(name)).toBeVisible();
  await page.getByRole("button", { name: `Edit ${name}` }).click();
  // A specialisation fills in its role, and the server's sentence stands at its field.
  await dialog.getByLabel("Specialisation").selectOption("Restoration");
  await expect(dialog.getByLabel("Role")).toHaveValue("HEALER");
  await dialog.getByLabel("Name", { exact: true }).fill("\u200b");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(list.getByText("Restoration Druid")).not.toHaveCount(0);
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(list.getByText(name)).toHaveCount(0);
});

test("leaving with unsaved input asks first", async ({ page }) => {
  await signIn(page, "member");
  await page.goto("/me");
  await page.getByLabel("Display name").fill("Unsaved");
  const answers = ["dismiss", "accept"] as const;
  let asked = 0;
  page.on("dialog", (dialog) => {
    const answer = answers[asked] ?? "accept";
    asked += 1;
    return dialog[answer]();
  });
  await page.getByRole("link", { name: "Home" }).first().click();
  await expect(page).toHaveURL(/\/me$/);
  await expect(page.getByLabel("Display name")).toHaveValue("Unsaved");
  await page.getByRole("link", { name: "Home" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeFocused();
  expect(asked).toBe(2);
});

import { expect, PASSWORD, signIn, test, uniqueName } from "./site";

test("a visitor follows a public vote, and signing in returns to it", async ({ page, api }) => {
  const title = uniqueName();
  const id = await api.startVote({ title, resultsVisibility: "ALWAYS" });
  await page.goto("/");
  await expect(page).toHaveTitle("Emberwatch");
  await page.getByRole("list", { name: "Open votes" }).getByRole("link", { name: title }).click();
  await expect(page).toHaveTitle(`${title} · Emberwatch`);
  await expect(page.getByRole("heading", { name: "Standings" })).toBeVisible();
  await api.vote(id, "officer");
  await expect(page.getByText(/^1 of \d+ voted \(/)).toBeVisible();
  await expect(page.getByRole("heading", { name: "Sign in to vote" })).toBeVisible();

  await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Discord username").fill("member");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/votes/${id}$`));
  await expect(page.getByRole("button", { name: "Mirelle", exact: true })).toBeVisible();
});

test("signing in returns to a filtered list", async ({ page }) => {
  await page.goto("/roster?search=zephyrine");
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).first().click();
  await page.getByLabel("Discord username").fill("member");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/roster\?search=zephyrine$/);
  await expect(page.getByLabel("Search the roster")).toHaveValue("zephyrine");
});

test("a visitor reads a result and recounts it", async ({ page, api }) => {
  const id = await api.startVote();
  for (const voter of ["officer", "member", "initiate"]) await api.vote(id, voter);
  await api.close(id);
  await page.goto(`/votes/${id}`);
  await expect(page.getByText("Winner", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Check the count" }).click();
  await expect(page.getByText("Everything matches")).toBeVisible();
});

test("a vote that a viewer may not see looks like one that never existed", async ({ page, api }) => {
  const title = uniqueName();
  const id = await api.startVote({ title, minRankLevelToVote: 1, minRankLevelToView: 1 });
  const missing = page.getByRole("heading", { name: "There is no such vote" });
  const seen: string[] = [];
  for (const path of [`/votes/${id}`, "/votes/VAAAAAAAAAAA"]) {
    const response = await page.goto(path);
    await expect(missing).toBeVisible();
    const [head] = (await response?.text())?.split("</head>") ?? [];
    seen.push(`${response?.status()} ${head}`, (await page.getByRole("main").textContent()) ?? "");
  }
  expect(seen.slice(0, 2)).toEqual(seen.slice(2));
  await signIn(page, "initiate");
  await page.goto(`/votes/${id}`);
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
});

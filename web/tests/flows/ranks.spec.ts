import { expect, signIn, test, uniqueName } from "./site";

test("a leader builds the ladder and demotes an officer", async ({ page, newBrowser, api }) => {
  const name = `Rank ${uniqueName()}`;
  await signIn(page, "leader");
  await page.getByRole("link", { name: "Ranks" }).click();
  await page.getByRole("button", { name: "Add a rank" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Place").selectOption({ label: "Below Officer" });
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const ladder = page.getByRole("list", { name: "Ranks, highest first" });
  const order = () => ladder.getByRole("listitem").locator("[dir=auto]:first-child").allTextContents();
  await expect.poll(async () => (await order()).indexOf(name)).toBe((await order()).indexOf("Officer") + 1);
  await page.getByRole("button", { name: `Move ${name} down` }).click();
  await expect.poll(async () => (await order()).indexOf(name)).toBe((await order()).indexOf("Veteran") + 1);
  const permission = page.getByRole("checkbox", { name: `${name}: Manage votes` });
  await permission.check();
  await expect(permission).toBeChecked();
  await page.reload();
  await expect(permission).toBeChecked();

  // A member with the rank can manage votes at once, and no longer after the demotion.
  const username = uniqueName();
  const code = await api.invite(username);
  const browser = await newBrowser();
  const recruit = await browser.newPage();
  await recruit.goto(`/register#code=${code}&as=${username}`);
  await recruit.getByLabel("Password", { exact: true }).fill("a long sentence is a password");
  await recruit.keyboard.press("Enter");
  await expect(recruit.getByRole("heading", { level: 1, name: `Welcome, ${username}` })).toBeVisible();
  await page.goto(`/roster?search=${username}`);
  await page.getByRole("table").getByRole("link", { name: username }).click();
  const setRank = async (rank: string) => {
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByRole("radio", { name: rank }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
  };
  await setRank(name);
  await recruit.reload();
  await expect(recruit.getByText(name).first()).toBeVisible();
  await setRank("Initiate");
  await recruit.reload();
  await expect(recruit.getByText("Initiate").first()).toBeVisible();

  await page.goto("/admin/ranks");
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await page.getByRole("button", { name: "Delete the rank" }).click();
  await expect(ladder.getByText(name)).toHaveCount(0);
});

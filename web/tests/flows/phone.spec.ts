import type { Locator, Page } from "playwright/test";
import { receiptOf } from "../../src/counting/receipts";
import { OwnBallotDocument } from "../../src/gql/graphql";
import { expect, PASSWORD, test, uniqueName } from "./site";

// Its connection loses requests and responses.
test.use({ isCut: true });

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Drags by a finger, as a browser on a phone reports it. */
async function drag(page: Page, from: Locator, to: Locator) {
  const session = await page.context().newCDPSession(page);
  const centre = async (locator: Locator) => {
    const box = await locator.boundingBox();
    if (!box) throw new Error("It is not on the page.");
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...touchPoints: { x: number; y: number }[]) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints });
  // Not behind the bar at the bottom.
  await from.evaluate((handle) => handle.closest("ol")?.scrollIntoView({ block: "center" }));
  const [start, end] = [await centre(from), await centre(to)];
  await touch("touchStart", start);
  const steps = 12;
  for (let step = 1; step <= steps; step += 1) {
    const part = step / steps;
    await touch("touchMove", {
      x: start.x + (end.x - start.x) * part,
      y: start.y + (end.y - start.y) * part,
    });
  }
  await touch("touchEnd");
  await session.detach();
}

test("on a phone, an invite ends in one ballot, whatever the connection loses", async ({
  newBrowser,
  network,
  api,
}) => {
  const [name, title] = [uniqueName(), uniqueName()];
  const id = await api.startVote({ title, resultsVisibility: "AFTER_CLOSE" });
  const code = await api.invite(name);
  const page = await (await newBrowser({ ...PHONE, baseURL: network.url })).newPage();
  await page.goto(`/register#code=${code}&as=${name}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create my account" }).tap();
  await page.getByRole("article").getByRole("link", { name: title }).tap();

  // A tap chooses, and a second one takes back.
  const entry = (entry: string) => page.getByRole("button", { name: new RegExp(`^${entry}\\b`) });
  for (const choice of ["Mirelle", "Thorn", "Mirelle", "Hex", "Mirelle"]) await entry(choice).tap();
  const rows = page.getByRole("list", { name: "Your order" }).getByRole("listitem");
  await expect(rows).toHaveText([/Thorn/, /Hex/, /Mirelle/]);
  const handle = (row: number) => rows.nth(row).locator("[aria-hidden]").first();
  await drag(page, handle(0), handle(2));
  await expect(rows).toHaveText([/Hex/, /Mirelle/, /Thorn/]);
  await drag(page, handle(2), handle(0));
  await expect(rows).toHaveText([/Thorn/, /Hex/, /Mirelle/]);
  await page.reload();
  await expect(rows).toHaveText([/Thorn/, /Hex/, /Mirelle/]);

  // The first attempt does not reach the server, and the second one loses its response and the connection.
  await page.getByRole("button", { name: "Review ballot" }).tap();
  const cast = page.getByRole("button", { name: "Cast ballot" });
  network.acceptsRequests = false;
  await cast.tap();
  const unsure = page.getByText(/not known whether your ballot was cast/);
  await expect(unsure).toBeVisible();
  await expect(page.getByText("Your ballot is cast.")).toHaveCount(0);
  network.acceptsRequests = true;
  network.loses = ({ body }: { body: string }) => {
    if (body.includes('"nonce"')) network.acceptsRequests = false;
    return !network.acceptsRequests;
  };
  await cast.tap();
  await expect.poll(() => network.acceptsRequests).toBe(false);
  await expect(unsure).toBeVisible();
  await expect(cast).toBeEnabled();
  network.loses = () => false;
  network.acceptsRequests = true;
  await page.reload();

  // The ballot counts once, and its receipt is that of the picks.
  await expect(page.getByLabel("Receipt")).toBeVisible();
  const { campaign } = await api.run(name, OwnBallotDocument, { id });
  const own = campaign?.viewerBallot;
  expect(own?.picks.map((pick) => pick.name)).toEqual(["Thorn", "Hex", "Mirelle"]);
  const receipt = receiptOf(id, own?.nonce ?? "", own?.picks.map((pick) => pick.id) ?? []);
  await expect(page.getByLabel("Receipt")).toHaveValue(receipt);
  expect(
    await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("picks"))),
  ).toEqual([]);
  const { count, file } = await api.close(id);
  expect(count).toBe(1);
  expect(file).toContain(receipt);
});

test("a lost response shows the ballot as soon as the server says that it has it", async ({
  newBrowser,
  network,
  api,
}) => {
  const name = await api.addMember();
  const id = await api.startVote({ method: "APPROVAL", picksPerVoter: 2, resultsVisibility: "AFTER_CLOSE" });
  const page = await (await newBrowser({ ...PHONE, baseURL: network.url })).newPage();
  await page.goto(`/login?from=/votes/${id}#as=${name}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  for (const choice of ["Mirelle", "Salty"])
    await page.getByRole("button", { name: choice, exact: true }).tap();
  await page.getByRole("button", { name: "Review ballot" }).tap();
  let lost = 0;
  network.loses = ({ body }: { body: string }) => {
    if (body.includes('"nonce"')) lost += 1;
    return lost === 1 && body.includes('"nonce"');
  };
  await page.getByRole("button", { name: "Cast ballot" }).tap();
  await expect(page.getByText("Your ballot is cast.")).toBeVisible();
  expect(lost).toBe(1);
  expect((await api.close(id)).count).toBe(1);
});

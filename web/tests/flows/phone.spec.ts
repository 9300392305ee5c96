import { expect, PASSWORD, test } from "./site";

// Its connection loses requests and responses.
test.use({ isCut: true });

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

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

import { useState } from "react";
import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../../tests/axe";
import type { VoteEntryFragment } from "../../gql/graphql";
import type { BallotRules, Picks } from "./ballot";
import { type ChangePicks, EntryButton } from "./EntryButton";
import { PickList } from "./PickList";

const entries = ["Mirelle", "Thorn", "Hex", "Salty"].map(
  (name): VoteEntryFragment => ({
    __typename: "CampaignEntry",
    id: name.toLowerCase(),
    name,
    description: null,
    imageUrl: null,
    associatedMember: null,
  }),
);

/** A ballot without a server. */
function Ballot({ rules }: { rules: BallotRules }) {
  const [picks, setPicks] = useState<Picks>([]);
  const change: ChangePicks = (_entry, rule) => setPicks(rule);
  const picked = picks.flatMap((pick) => entries.find((entry) => entry.id === pick) ?? []);
  return (
    <main>
      <ul aria-label="Entries">
        {entries.map((entry) => (
          <EntryButton key={entry.id} entry={entry} picks={picks} rules={rules} change={change} />
        ))}
      </ul>
      <PickList picks={picked} rules={rules} change={change} />
      <output>{picks.join(" ")}</output>
    </main>
  );
}

const ranked: BallotRules = { method: "SCHULZE", picksPerVoter: 3 };
const approval: BallotRules = { method: "APPROVAL", picksPerVoter: 2 };

test("a ranked ballot is filled in by the keyboard alone", async () => {
  const page = await render(<Ballot rules={ranked} />);
  const order = page.getByRole("status");
  await userEvent.tab();
  await userEvent.keyboard("{Enter}");
  await userEvent.tab();
  await userEvent.keyboard(" ");
  await userEvent.tab();
  await userEvent.keyboard("1");
  await expect.element(order).toHaveTextContent("hex mirelle thorn");
  await userEvent.keyboard("{Alt>}{ArrowDown}{/Alt}");
  await expect.element(order).toHaveTextContent("mirelle hex thorn");
  // The ballot is full: a fourth entry changes nothing.
  await userEvent.tab();
  await userEvent.keyboard("1{Enter}");
  await expect.element(order).toHaveTextContent("mirelle hex thorn");
  await userEvent.tab({ shift: true });
  await userEvent.keyboard("{Backspace}");
  await expect.element(order).toHaveTextContent("mirelle thorn");
  await expect
    .element(page.getByRole("button", { name: /^Mirelle.*position 1/ }))
    .toHaveAttribute("aria-pressed", "true");
  await expectAccessible();
});

test("without an order, digits do nothing", async () => {
  const page = await render(<Ballot rules={approval} />);
  await userEvent.tab();
  await userEvent.keyboard("1{Alt>}{ArrowDown}{/Alt}");
  await expect.element(page.getByRole("status")).toHaveTextContent("");
  await userEvent.keyboard("{Enter}");
  await expect.element(page.getByRole("status")).toHaveTextContent("mirelle");
});

test("buttons and a drag move a pick", async () => {
  const page = await render(<Ballot rules={ranked} />);
  for (const name of ["Mirelle", "Thorn", "Hex"])
    await page.getByRole("button", { name, exact: true }).click();
  const order = page.getByRole("status");
  await page.getByRole("button", { name: "Move Hex up" }).click();
  await expect.element(order).toHaveTextContent("mirelle hex thorn");
  await page.getByRole("button", { name: "Take Hex back" }).click();
  await expect.element(order).toHaveTextContent("mirelle thorn");
  const rows = page.getByRole("list", { name: "Your order" }).getByRole("listitem");
  const [from, to] = [rows.nth(1).element(), rows.nth(0).element()];
  const handle = from.querySelector("span") as HTMLElement;
  const at = (element: Element) => {
    const { left, top, height } = element.getBoundingClientRect();
    return { clientX: left + 5, clientY: top + height / 2, pointerId: 1, bubbles: true, button: 0 };
  };
  handle.dispatchEvent(new PointerEvent("pointerdown", at(from)));
  handle.dispatchEvent(new PointerEvent("pointermove", at(to)));
  await expect.element(order).toHaveTextContent("thorn mirelle");
});

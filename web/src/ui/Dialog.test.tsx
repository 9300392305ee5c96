import { useState } from "react";
import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../tests/axe";
import { Button } from "./Button";
import { ConfirmDialog } from "./Dialog";

function Closing({ onConfirm }: { onConfirm: () => Promise<string | undefined> }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Close…</Button>
      {open && (
        <ConfirmDialog
          title="Close this vote?"
          confirmLabel="Close the vote"
          danger
          onConfirm={onConfirm}
          onClose={() => setOpen(false)}
        >
          <p>The result is published at once.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

test("Escape closes a dialog and returns the focus", async () => {
  const page = await render(<Closing onConfirm={async () => undefined} />);
  const button = page.getByRole("button", { name: "Close…" });
  await userEvent.tab();
  await userEvent.keyboard("{Enter}");
  await expect.element(page.getByRole("dialog", { name: "Close this vote?" })).toBeVisible();
  await expectAccessible();
  await userEvent.keyboard("{Escape}");
  await expect.element(page.getByRole("dialog")).not.toBeInTheDocument();
  await expect.element(button).toHaveFocus();
});

test("a refused step says why, and the dialog stays", async () => {
  const answers = ["The vote has ended already.", undefined];
  const page = await render(<Closing onConfirm={async () => answers.shift()} />);
  await page.getByRole("button", { name: "Close…" }).click();
  await page.getByRole("button", { name: "Close the vote" }).click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("The vote has ended already.");
  await page.getByRole("button", { name: "Close the vote" }).click();
  await expect.element(page.getByRole("dialog")).not.toBeInTheDocument();
});

test("the focus stays inside", async () => {
  const page = await render(<Closing onConfirm={async () => undefined} />);
  await page.getByRole("button", { name: "Close…" }).click();
  await expect.element(page.getByRole("dialog")).toBeVisible();
  for (let press = 0; press < 6; press += 1) await userEvent.tab();
  // Between two rounds the browser's own controls have the focus, never the page behind.
  expect(document.activeElement === document.body || document.activeElement?.closest("dialog")).toBeTruthy();
});

import { useState } from "react";
import { expect, test, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../tests/axe";
import { Button } from "./Button";
import { CancelButton, ConfirmDialog, Dialog } from "./Dialog";
import { Field } from "./Field";

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
  await expect.element(page.getByRole("button", { name: "Cancel" })).toHaveFocus();
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

function Adding() {
  const [open, setOpen] = useState(true);
  return (
    open && (
      <Dialog title="Add a member" onClose={() => setOpen(false)} actions={<CancelButton />}>
        <Field label="Note" name="note" />
        <Field label="Name" name="name" autoFocus />
      </Dialog>
    )
  );
}

test("the field with `autoFocus` has the focus", async () => {
  const page = await render(<Adding />);
  await expect.element(page.getByLabelText("Name")).toHaveFocus();
});

test("a dialog in the page's header has the focus at its contents", async () => {
  const page = await render(
    <header>
      <Closing onConfirm={async () => undefined} />
    </header>,
  );
  await page.getByRole("button", { name: "Close…" }).click();
  await expect.element(page.getByRole("button", { name: "Cancel" })).toHaveFocus();
});

test("a dialog stays open while its step runs", async () => {
  let finish: (problem: string) => void = () => {};
  const step = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const page = await render(<Closing onConfirm={() => step} />);
  await page.getByRole("button", { name: "Close…" }).click();
  await page.getByRole("button", { name: "Close the vote" }).click();
  await expect.element(page.getByRole("button", { name: "Cancel" })).toBeDisabled();
  await expect.element(page.getByRole("button", { name: "Close", exact: true })).toBeDisabled();
  for (let press = 0; press < 3; press += 1) await userEvent.keyboard("{Escape}");
  await expect.element(page.getByRole("dialog")).toBeVisible();
  await expectAccessible();
  finish("The vote has ended already.");
  await expect.element(page.getByRole("alert")).toHaveTextContent("The vote has ended already.");
  await userEvent.keyboard("{Escape}");
  await expect.element(page.getByRole("dialog")).not.toBeInTheDocument();
});

test("a dialog asks before it drops what was typed", async () => {
  const answers = [false, false, false, true];
  const confirm = vi.spyOn(window, "confirm").mockImplementation(() => answers.shift() ?? true);
  const page = await render(<Adding />);
  const dialog = page.getByRole("dialog");
  await page.getByLabelText("Name").fill("Recruit");
  await userEvent.keyboard("{Escape}");
  await expect.poll(() => confirm.mock.calls.length).toBe(1);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(confirm).toHaveBeenCalledTimes(3);
  await expect.element(page.getByLabelText("Name")).toHaveValue("Recruit");
  await userEvent.keyboard("{Escape}");
  await expect.element(dialog).not.toBeInTheDocument();
  expect(confirm).toHaveBeenCalledTimes(4);
  confirm.mockRestore();
});

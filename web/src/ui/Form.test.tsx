import { expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../tests/axe";
import { Button } from "./Button";
import { Checkbox, Choices, Field, PasswordField, Select } from "./Field";
import { Form } from "./Form";

test("Enter in a field submits the values by the names of their fields", async () => {
  const submitted: Record<string, string>[] = [];
  const page = await render(
    <Form onSubmit={(values) => submitted.push(values)}>
      <Field label="Name" name="name" />
      <Select
        label="Rank"
        name="rank"
        options={[
          { value: "1", label: "Initiate" },
          { value: "2", label: "Member" },
        ]}
      />
      <Checkbox label="Main character" name="isMain" />
      <Button type="submit">Save</Button>
    </Form>,
  );
  await page.getByLabelText("Rank").selectOptions("Member");
  await page.getByLabelText("Main character").click();
  await page.getByLabelText("Name").click();
  await userEvent.keyboard("Mirelle{Enter}");
  expect(submitted).toEqual([{ name: "Mirelle", rank: "2", isMain: "on" }]);
  await expectAccessible();
});

test("a busy button keeps the focus and submits nothing", async () => {
  let submitted = 0;
  const page = await render(
    <Form
      onSubmit={() => {
        submitted += 1;
      }}
    >
      <Button type="submit" busy>
        Save
      </Button>
    </Form>,
  );
  const button = page.getByRole("button", { name: "Save" });
  await userEvent.tab();
  await userEvent.keyboard("{Enter} ");
  await expect.element(button).toHaveFocus();
  expect(submitted).toBe(0);
});

test("a sentence stands at its field, which takes the focus", async () => {
  const page = await render(
    <Form
      onSubmit={() => {}}
      fieldErrors={{
        password: "The password needs at least 10 characters.",
        realm: "The realm is too long.",
      }}
      error="The first error."
    >
      <Field label="Name" name="name" />
      <PasswordField label="Password" name="password" />
    </Form>,
  );
  const field = page.getByRole("textbox", { name: "Name" });
  await expect.element(field).not.toHaveAttribute("aria-invalid");
  const password = page.getByLabelText("Password", { exact: true });
  await expect.element(password).toHaveFocus();
  await expect.element(password).toHaveAccessibleDescription("The password needs at least 10 characters.");
  // A sentence without a field is not lost, and one with a field is not said twice.
  await expect.element(page.getByText("The realm is too long.")).toBeVisible();
  await expect.element(page.getByText("The first error.")).not.toBeInTheDocument();
  await expectAccessible();
});

test("an error without a field stands at the end", async () => {
  const page = await render(
    <Form onSubmit={() => {}} error="You are not registered.">
      <Field label="Name" name="name" />
    </Form>,
  );
  await expect.element(page.getByRole("alert")).toHaveTextContent("You are not registered.");
});

test("a password shows on request and takes a pasted text", async () => {
  const page = await render(
    <PasswordField label="Password" name="password" autoComplete="current-password" />,
  );
  const field = page.getByLabelText("Password", { exact: true });
  await expect.element(field).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show the password" }).click();
  await expect.element(field).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Hide the password" }).click();
  await expect.element(field).toHaveAttribute("type", "password");
});

test("choices move with the arrow keys", async () => {
  const chosen: string[] = [];
  await render(
    <Choices
      label="Theme"
      value="system"
      onChange={(value) => chosen.push(value)}
      options={[
        { value: "system", label: "System" },
        { value: "dark", label: "Dark" },
      ]}
    />,
  );
  await userEvent.tab();
  await userEvent.keyboard("{ArrowRight}");
  expect(chosen).toEqual(["dark"]);
  await expectAccessible();
});

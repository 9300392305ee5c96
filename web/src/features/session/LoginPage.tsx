import { useState } from "react";
import { useLocation } from "wouter";
import { Page } from "../../app/Page";
import { SignInForm } from "../../app/SignInForm";
import { Card } from "../../ui/Card";

export default function LoginPage() {
  const [, navigate] = useLocation();
  // `/login#as=NAME` fills in the name.
  const [name] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("as") ?? "");
  return (
    <Page title="Sign in" width="narrow">
      <Card>
        <SignInForm name={name} onSignedIn={() => navigate("/")} />
      </Card>
    </Page>
  );
}

import { useState } from "react";
import { Redirect } from "wouter";
import { Link } from "../../app/Link";
import { Page } from "../../app/Page";
import { SignInForm } from "../../app/SignInForm";
import { useViewer } from "../../app/viewer";
import { Card } from "../../ui/Card";
import styles from "./session.module.css";

export default function LoginPage() {
  const { member } = useViewer();
  // `/login#as=NAME` fills in the name, and `?from=` names the page to return to.
  const [name] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("as") ?? "");
  const [from] = useState(() => new URLSearchParams(window.location.search).get("from") ?? "/");
  // The page starts anew as soon as the server has said who signed in.
  if (member) return <Redirect to={/^\/(?![/\\])/.test(from) ? from : "/"} replace />;
  return (
    <Page title="Sign in" width="narrow">
      <Card>
        <SignInForm name={name} />
      </Card>
      <div className={styles.links}>
        <p>
          <Link href="/reset">Forgot your password?</Link>
        </p>
        <p>
          New here? <Link href="/register">I have an invite code</Link>
        </p>
      </div>
    </Page>
  );
}

import { Page } from "../../app/Page";
import { session } from "../../app/session";
import { useViewer } from "../../app/viewer";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";

export default function ProfilePage() {
  const { member } = useViewer();
  return (
    <Page title={member?.displayName ?? "You"}>
      <Section title="Session">
        <Button icon="signOut" onClick={() => session.signOut()}>
          Sign out
        </Button>
      </Section>
    </Page>
  );
}

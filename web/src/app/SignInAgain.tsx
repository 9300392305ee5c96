import { Dialog } from "../ui/Dialog";
import { SignInForm } from "./SignInForm";
import { session } from "./session";
import { useViewer } from "./viewer";

/** The session has ended elsewhere. Signing in keeps the page and what was typed into it. */
export function SignInAgain() {
  const { member } = useViewer();
  return (
    <Dialog title="Please sign in again" onClose={() => session.discard()}>
      <p>Your session has ended. This page keeps what you typed.</p>
      <SignInForm name={member?.discordUsername ?? ""} />
    </Dialog>
  );
}

import { Dialog } from "../ui/Dialog";
import { confirmLeaving } from "../ui/unsaved";
import { SignInForm } from "./SignInForm";
import { session } from "./session";
import { useViewer } from "./viewer";

const QUESTION = "Close this without signing in? What is not saved on this page is lost.";

/** The session has ended elsewhere. Signing in keeps the page and what was typed into it. Closing leaves it in this tab. */
export function SignInAgain() {
  const { member } = useViewer();
  return (
    <Dialog title="Please sign in again" onClose={() => confirmLeaving(QUESTION) && session.leave()}>
      <p>Your session has ended. This page keeps what you typed.</p>
      <SignInForm name={member?.discordUsername ?? ""} />
    </Dialog>
  );
}

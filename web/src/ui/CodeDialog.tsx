// Shows a code once: as link, as QR code and as text.
import { Notice } from "./Alert";
import { Button } from "./Button";
import styles from "./CodeDialog.module.css";
import { CopyField } from "./Copy";
import { formatDateTime } from "./Countdown";
import { Dialog } from "./Dialog";
import { QrCode } from "./QrCode";

interface CodeDialogProps {
  title: string;
  /** What the code is, such as "Invite link". */
  linkLabel: string;
  link: string;
  code: string;
  expiresAt: string;
  /** Whether the code has reached the member. */
  delivery: string;
  onClose: () => void;
}

export function CodeDialog({ title, linkLabel, link, code, expiresAt, delivery, onClose }: CodeDialogProps) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      <div className={styles.content}>
        <p>{delivery}</p>
        <CopyField label={linkLabel} value={link} />
        <div className={styles.codes}>
          <QrCode text={link} label={`${linkLabel} as QR code`} />
          <dl className={styles.facts}>
            <div>
              <dt>Code</dt>
              <dd>
                <code className={styles.code}>{code}</code>
              </dd>
            </div>
            <div>
              <dt>Valid until</dt>
              <dd>{formatDateTime(expiresAt)}</dd>
            </div>
          </dl>
        </div>
        <Notice>
          It shows only now, and works once. Anyone who has it can use it, so give it to no one else.
        </Notice>
      </div>
    </Dialog>
  );
}

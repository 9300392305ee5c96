// Shows a code once: as link, as QR code and as text.
import { useState } from "react";
import { Notice } from "./Alert";
import styles from "./CodeDialog.module.css";
import { CopyField } from "./Copy";
import { formatDateTime } from "./Countdown";
import { CancelButton, Dialog } from "./Dialog";
import { QrCode } from "./QrCode";
import { CLOSE_CODES, LEAVE_CODES, useUnsaved } from "./unsaved";

interface CodeDialogProps {
  title: string;
  /** What the code is, such as "Invite link". */
  linkLabel: string;
  link: string;
  code: string;
  expiresAt: string;
  /** Whether the code has reached the member. */
  delivery: string;
  isDelivered: boolean;
  onClose: () => void;
}

export function CodeDialog(props: CodeDialogProps) {
  const { title, linkLabel, link, code, expiresAt, delivery, isDelivered, onClose } = props;
  const [isCopied, setCopied] = useState(false);
  const isAtRisk = !isDelivered && !isCopied;
  useUnsaved(isAtRisk, LEAVE_CODES);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      question={isAtRisk ? CLOSE_CODES : undefined}
      actions={<CancelButton variant="primary">Done</CancelButton>}
    >
      <div className={styles.content} onCopy={() => setCopied(true)}>
        <p>{delivery}</p>
        <CopyField label={linkLabel} value={link} onCopied={() => setCopied(true)} />
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

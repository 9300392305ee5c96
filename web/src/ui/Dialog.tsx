import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Alert } from "./Alert";
import { Button, IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { useUnsaved } from "./unsaved";

interface DialogProps {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the end, the main one last. */
  actions?: ReactNode;
  wide?: boolean;
  /** Whether a press outside closes it. Not for dialogs with input. */
  lightDismiss?: boolean;
}

/**
 * A modal dialog, shown while it is rendered. The browser keeps the focus inside, and returns it afterwards.
 * Escape closes it, and asks first if something was typed. Leaving the page asks then too.
 */
export function Dialog({ title, onClose, children, actions, wide, lightDismiss }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [isTyped, setTyped] = useState(false);
  useUnsaved(isTyped);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      // The browser loses the element if the dialog leaves the document first.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes the dialog too.
    <dialog
      ref={dialog}
      className={[styles.dialog, wide && styles.wide].filter(Boolean).join(" ")}
      aria-labelledby={id}
      onCancel={(event) => {
        // React passes on the `cancel` of a file field inside.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        if (!isTyped || window.confirm("Close this? What you typed is not saved.")) onClose();
      }}
      onInput={(event) => {
        if (isText(event.target)) setTyped(true);
      }}
      onClick={(event) => lightDismiss && event.target === event.currentTarget && onClose()}
    >
      <div className={styles.box}>
        <header className={styles.header}>
          <h2 id={id}>{title}</h2>
          <IconButton icon="close" label="Close" small onClick={onClose} />
        </header>
        <div className={styles.body}>{children}</div>
        {actions && <footer className={styles.footer}>{actions}</footer>}
      </div>
    </dialog>
  );
}

/** Whether it is a field for text, other than a password or a search. */
const isText = (field: EventTarget) =>
  field instanceof HTMLTextAreaElement ||
  (field instanceof HTMLInputElement && ["text", "url", "number"].includes(field.type));

interface ConfirmDialogProps {
  title: ReactNode;
  /** What follows from the step. */
  children: ReactNode;
  /** The step by its verb, such as "Close the vote". */
  confirmLabel: string;
  danger?: boolean;
  /** Runs the step. The dialog stays until it resolves; a returned sentence says why it failed. */
  onConfirm: () => Promise<ReactNode>;
  onClose: () => void;
}

/** Asks once before a final step, and says what follows. */
export function ConfirmDialog({
  title,
  children,
  confirmLabel,
  danger,
  onConfirm,
  onClose,
}: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ReactNode>();
  const confirm = async () => {
    setBusy(true);
    const problem = await onConfirm();
    setBusy(false);
    setError(problem);
    if (!problem) onClose();
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button variant="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button variant={danger ? "danger" : "primary"} busy={busy} onClick={confirm}>
            {confirmLabel}
          </Button>
        </>
      }
    >
      {children}
      {error && <Alert>{error}</Alert>}
    </Dialog>
  );
}

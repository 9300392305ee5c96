import { createContext, type ReactNode, useContext, useId, useLayoutEffect, useRef, useState } from "react";
import { Alert } from "./Alert";
import { Button, type ButtonProps, IconButton } from "./Button";
import { CONTROLS } from "./controls";
import styles from "./Dialog.module.css";
import { useUnsaved } from "./unsaved";

interface DialogProps {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the end, the main one last. */
  actions?: ReactNode;
  wide?: boolean;
  /** Whether a step of the dialog is running. It stays open meanwhile. */
  busy?: boolean | undefined;
  /** Asks this before it closes, in place of the question about typed text. */
  question?: string | undefined;
}

/** Closes the dialog around as Escape does, unless it is busy. */
const Closing = createContext({ requestClose: () => {}, busy: false });

interface OpenDialog {
  element: HTMLDialogElement;
  /** The control in it that had the focus last. */
  focused?: HTMLElement;
}

/** The dialogs that are open, the top one last. */
const openDialogs: OpenDialog[] = [];

/** Shows all dialogs in their order, after the browser has closed some of them. */
function reopenDialogs() {
  const field = openDialogs.at(-1)?.focused;
  for (const { element } of openDialogs) {
    element.close();
    element.showModal();
  }
  field?.focus();
}

/**
 * A modal dialog, shown while it is rendered. The browser keeps the focus inside, and returns it afterwards.
 * Escape, the button at the top and `CancelButton` close it, and ask first if something was typed. Leaving the page asks
 * then too.
 */
export function Dialog({ title, onClose, children, actions, wide, busy = false, question }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [isTyped, setTyped] = useState(false);
  useUnsaved(isTyped);
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    const before = document.activeElement;
    const open: OpenDialog = { element };
    openDialogs.push(open);
    element.showModal();
    setOpen(true);
    return () => {
      openDialogs.splice(openDialogs.indexOf(open), 1);
      element.close();
      // The browser loses the element if the dialog leaves the document first.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useLayoutEffect(() => {
    if (isOpen && dialog.current) focusContents(dialog.current);
  }, [isOpen]);
  const requestClose = () => {
    if (busy) return;
    const asked = question ?? (isTyped ? "Close this? What you typed is not saved." : undefined);
    if (!asked || window.confirm(asked)) onClose();
  };
  return (
    <dialog
      ref={dialog}
      className={[styles.dialog, wide && styles.wide].filter(Boolean).join(" ")}
      aria-labelledby={id}
      onCancel={(event) => {
        // React passes on the `cancel` of a file field inside. One that cannot be prevented is followed by `close`.
        if (event.target !== event.currentTarget || !event.cancelable) return;
        event.preventDefault();
        requestClose();
      }}
      onClose={({ currentTarget: element }) => {
        if (element.open) return;
        // Chromium closes dialogs itself if Escape was refused before. Only `onClose` does, and only that of the top one.
        reopenDialogs();
        openDialogs.at(-1)?.element.dispatchEvent(new Event("cancel", { cancelable: true }));
      }}
      onFocus={({ target, currentTarget }) => {
        const open = openDialogs.find(({ element }) => element === currentTarget);
        if (open) open.focused = target;
      }}
      onInput={(event) => {
        if (isText(event.target)) setTyped(true);
      }}
    >
      <Closing value={{ requestClose, busy }}>
        <div className={styles.box}>
          <header className={styles.header}>
            <h2 id={id}>{title}</h2>
            <IconButton icon="close" label="Close" small disabled={busy} onClick={requestClose} />
          </header>
          {/* `autoFocus` has no effect in a dialog that is not open yet. */}
          {isOpen && <div className={styles.body}>{children}</div>}
          {isOpen && actions && <footer className={styles.footer}>{actions}</footer>}
        </div>
      </Closing>
    </dialog>
  );
}

interface CancelButtonProps {
  children?: ReactNode;
  variant?: ButtonProps["variant"];
}

/** The button that closes its dialog without the step. */
export function CancelButton({ children = "Cancel", variant = "quiet" }: CancelButtonProps) {
  const { requestClose, busy } = useContext(Closing);
  return (
    <Button variant={variant} disabled={busy} onClick={requestClose}>
      {children}
    </Button>
  );
}

/** Focuses the first control after the header, unless `autoFocus` has chosen one. */
function focusContents(dialog: HTMLDialogElement) {
  // The page's own header may be around the dialog.
  const header = dialog.querySelector("header");
  const controls = [...dialog.querySelectorAll<HTMLElement>(`${CONTROLS}, [tabindex]`)].filter(
    (control) => !header?.contains(control) && !control.matches(":disabled") && control.tabIndex >= 0,
  );
  if (controls.some((control) => control === document.activeElement)) return;
  controls.find((control) => control.checkVisibility())?.focus();
}

/** Whether it is a field for text, other than for signing in or for a search. */
const isText = (field: EventTarget) =>
  field instanceof HTMLTextAreaElement ||
  (field instanceof HTMLInputElement &&
    ["text", "url", "number"].includes(field.type) &&
    field.autocomplete !== "username");

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
      busy={busy}
      actions={
        <>
          <CancelButton />
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

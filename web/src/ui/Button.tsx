import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

interface Look {
  /** `primary` for the one main action of a view, `danger` for a final step. */
  variant?: "primary" | "secondary" | "quiet" | "danger";
  icon?: IconName;
  small?: boolean;
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  /** Whether the action is running. The button keeps the focus and ignores presses. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** The classes of a button, for links that look like one. */
export function buttonClass({ variant = "secondary", small }: Look, extra?: string) {
  return [styles.button, styles[variant], small && styles.small, extra].filter(Boolean).join(" ");
}

export function Button({ variant, icon, small, busy, className, children, onClick, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      {...props}
      className={buttonClass({ ...(variant && { variant }), ...(small && { small }) }, className)}
      aria-busy={busy || undefined}
      aria-disabled={busy || props["aria-disabled"]}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span className={styles.spinner} aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  icon: IconName;
  /** What the button does, for screen readers and as a tooltip. */
  label: string;
}

export function IconButton({ icon, label, className, ...props }: IconButtonProps) {
  return (
    <Button
      variant="quiet"
      {...props}
      className={[styles.iconOnly, className].filter(Boolean).join(" ")}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </Button>
  );
}

/** Buttons in a row, which wrap on a narrow page. */
export function ButtonRow({ children, end }: { children: ReactNode; end?: boolean }) {
  return <div className={[styles.row, end && styles.end].filter(Boolean).join(" ")}>{children}</div>;
}

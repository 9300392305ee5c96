import type { ReactNode } from "react";
import styles from "./Alert.module.css";
import { Icon, type IconName } from "./Icon";

const ICONS = { danger: "warning", info: "info", success: "check" } as const satisfies Record<
  string,
  IconName
>;

interface NoticeProps {
  tone?: keyof typeof ICONS;
  icon?: IconName;
  children: ReactNode;
  /** Buttons or links after the text. */
  actions?: ReactNode;
}

/** A message inside a page, which screen readers read with the page. */
export function Notice({ tone = "info", icon, children, actions }: NoticeProps) {
  return (
    <div className={[styles.notice, styles[tone]].join(" ")}>
      <Icon name={icon ?? ICONS[tone]} />
      <div className={styles.text}>{children}</div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}

/** An error, which screen readers say at once. */
export function Alert(props: Omit<NoticeProps, "tone">) {
  return (
    <div role="alert">
      <Notice tone="danger" {...props} />
    </div>
  );
}

import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { Button, IconButton } from "./Button";
import { Icon } from "./Icon";
import styles from "./Toast.module.css";

interface Toast {
  id: number;
  message: ReactNode;
  action?: { label: string; run: () => void };
  /** An error stays until the viewer closes it. */
  tone: "success" | "danger";
}

/** Time that a message shows, in milliseconds. */
const SHOWN = 6_000;

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]) {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a short message after something that worked, such as "Copied", without interrupting. */
export function toast(message: ReactNode, options: { tone?: Toast["tone"]; action?: Toast["action"] } = {}) {
  lastId += 1;
  set([...toasts.slice(-2), { id: lastId, message, tone: options.tone ?? "success", ...options }]);
}

const close = (id: number) => set(toasts.filter((item) => item.id !== id));

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Where the messages appear. The page has one. */
export function Toasts() {
  const items = useSyncExternalStore(subscribe, () => toasts);
  return (
    <section className={styles.region} aria-label="Messages" aria-live="polite">
      {items.map((item) => (
        <ToastItem key={item.id} item={item} />
      ))}
    </section>
  );
}

function ToastItem({ item }: { item: Toast }) {
  const { id, message, action, tone } = item;
  useEffect(() => {
    if (tone === "danger" || action) return;
    const timer = setTimeout(() => close(id), SHOWN);
    return () => clearTimeout(timer);
  }, [id, tone, action]);
  return (
    <div className={styles.toast} data-tone={tone}>
      <Icon name={tone === "danger" ? "warning" : "check"} />
      <p>{message}</p>
      {action && (
        <Button
          small
          onClick={() => {
            close(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton icon="close" label="Close the message" small onClick={() => close(id)} />
    </div>
  );
}

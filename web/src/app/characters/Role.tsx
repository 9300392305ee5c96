import { Icon, type IconName } from "../../ui/Icon";
import { roleLabel } from "../labels";
import styles from "./Role.module.css";

const ICONS: Record<string, IconName> = {
  TANK: "shield",
  HEALER: "heal",
  MELEE_DPS: "sword",
  RANGED_DPS: "bow",
};

/** A role: an icon, a word, and a colour that repeats them. */
export function Role({ role }: { role: string }) {
  return (
    <span className={styles.role} data-role={role}>
      <Icon name={ICONS[role] ?? "person"} size={18} />
      {roleLabel(role)}
    </span>
  );
}

/** A marker in the colour of a class, beside its name. */
export function ClassMarker({ value }: { value: string }) {
  return <span className={styles.marker} data-class={value} aria-hidden="true" />;
}

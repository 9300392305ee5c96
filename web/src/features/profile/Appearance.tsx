import { setDensity, setTheme, useDensity, useTheme } from "../../app/preferences";
import { Section } from "../../ui/Card";
import { Choices } from "../../ui/Field";
import styles from "./ProfilePage.module.css";

export function Appearance() {
  const theme = useTheme();
  const density = useDensity();
  return (
    <Section title="Appearance">
      <div className={styles.choices}>
        <Choices
          label="Theme"
          value={theme}
          onChange={setTheme}
          options={[
            { value: "system", label: "System" },
            { value: "dark", label: "Dark" },
            { value: "light", label: "Light" },
          ]}
        />
        <Choices
          label="Lists"
          value={density}
          onChange={setDensity}
          options={[
            { value: "comfortable", label: "Comfortable" },
            { value: "compact", label: "Compact" },
          ]}
        />
      </div>
    </Section>
  );
}

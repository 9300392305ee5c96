import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from "react";
import { IconButton } from "./Button";
import styles from "./Field.module.css";
import { useFieldError } from "./Form";
import { Icon } from "./Icon";

interface Labelled {
  label: ReactNode;
  /** A sentence below the label, read with it. */
  hint?: ReactNode;
  /** A sentence that says what is wrong. By default, that of the form for this `name`. */
  error?: string | undefined;
  /** Only screen readers need the label. */
  labelHidden?: boolean;
}

interface Control {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** A control with its label, hint and error. For controls that are none of those below. */
export function Labelled({
  label,
  hint,
  error,
  labelHidden,
  name,
  children,
}: Labelled & { name?: string | undefined; children: (control: Control) => ReactNode }) {
  const id = useId();
  const formError = useFieldError(name);
  const problem = error ?? formError;
  const describedBy = [hint && `${id}-hint`, problem && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={labelHidden ? "visually-hidden" : styles.label}>
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {children({
        id,
        "aria-describedby": describedBy || undefined,
        "aria-invalid": problem ? true : undefined,
      })}
      {problem && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          <Icon name="warning" size={16} />
          <span>{problem}</span>
        </p>
      )}
    </div>
  );
}

export interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "id">, Labelled {
  ref?: Ref<HTMLInputElement>;
}

/** A text field. */
export function Field({ label, hint, error, labelHidden, className, ...props }: FieldProps) {
  return (
    <Labelled {...labelled({ label, hint, error, labelHidden })} name={props.name}>
      {(control) => <input dir="auto" {...props} {...control} className={join(styles.input, className)} />}
    </Labelled>
  );
}

/** A password, which shows on request. It allows pasting, and password managers fill it in. */
export function PasswordField({ label, hint, error, labelHidden, className, ...props }: FieldProps) {
  const [shown, setShown] = useState(false);
  return (
    <Labelled {...labelled({ label, hint, error, labelHidden })} name={props.name}>
      {(control) => (
        <div className={styles.withButton}>
          <input
            autoCapitalize="none"
            spellCheck={false}
            {...props}
            {...control}
            type={shown ? "text" : "password"}
            className={join(styles.input, className)}
          />
          <IconButton
            icon={shown ? "eyeOff" : "eye"}
            label={shown ? "Hide the password" : "Show the password"}
            className={styles.inside ?? ""}
            onClick={() => setShown(!shown)}
          />
        </div>
      )}
    </Labelled>
  );
}

export interface TextAreaProps extends Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id">, Labelled {
  ref?: Ref<HTMLTextAreaElement>;
}

export function TextArea({ label, hint, error, labelHidden, className, ...props }: TextAreaProps) {
  return (
    <Labelled {...labelled({ label, hint, error, labelHidden })} name={props.name}>
      {(control) => (
        <textarea
          dir="auto"
          rows={4}
          {...props}
          {...control}
          className={join(styles.input, styles.area, className)}
        />
      )}
    </Labelled>
  );
}

export interface SelectProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "id">, Labelled {
  options: readonly { value: string; label: string; disabled?: boolean }[];
  ref?: Ref<HTMLSelectElement>;
}

/** One of several values, by the browser's own list, which also suits phones. */
export function Select({ label, hint, error, labelHidden, options, className, ...props }: SelectProps) {
  return (
    <Labelled {...labelled({ label, hint, error, labelHidden })} name={props.name}>
      {(control) => (
        <div className={styles.withButton}>
          <select {...props} {...control} className={join(styles.input, styles.select, className)}>
            {options.map((option) => (
              <option key={option.value} value={option.value} disabled={option.disabled}>
                {option.label}
              </option>
            ))}
          </select>
          <span className={styles.chevron}>
            <Icon name="down" size={18} />
          </span>
        </div>
      )}
    </Labelled>
  );
}

export interface CheckboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "id" | "type"> {
  label: ReactNode;
  hint?: ReactNode;
}

export function Checkbox({ label, hint, ...props }: CheckboxProps) {
  const id = useId();
  return (
    <div className={styles.check}>
      <input {...props} type="checkbox" id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>
        <span>{label}</span>
        {hint && (
          <span id={`${id}-hint`} className={styles.hint}>
            {hint}
          </span>
        )}
      </label>
    </div>
  );
}

export interface ChoicesProps<T extends string> {
  label: ReactNode;
  labelHidden?: boolean;
  hint?: ReactNode;
  name?: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: ReactNode; hint?: ReactNode; disabled?: boolean }[];
  /** `segments` in one row, for a few short words; `cards` in a list, for options with a hint. */
  look?: "segments" | "cards";
}

/** One of a few values, all of which show. */
export function Choices<T extends string>(props: ChoicesProps<T>) {
  const { label, labelHidden, hint, name, value, onChange, options, look = "segments" } = props;
  const id = useId();
  return (
    <fieldset className={styles.field}>
      <legend className={labelHidden ? "visually-hidden" : styles.label}>{label}</legend>
      {hint && <p className={styles.hint}>{hint}</p>}
      <div className={look === "cards" ? styles.cards : styles.segments}>
        {options.map((option) => (
          <label key={option.value} className={styles.choice}>
            <input
              type="radio"
              name={name ?? id}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled}
              onChange={() => onChange(option.value)}
            />
            <span className={styles.choiceText}>
              <span>{option.label}</span>
              {option.hint && <span className={styles.hint}>{option.hint}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** Without the properties that are not set, as `exactOptionalPropertyTypes` would want it. */
function labelled({ label, hint, error, labelHidden }: Labelled): Labelled {
  return { label, hint, error, ...(labelHidden && { labelHidden }) };
}

function join(...names: (string | undefined)[]) {
  return names.filter(Boolean).join(" ");
}

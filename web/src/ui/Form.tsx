import { createContext, type FormEvent, type ReactNode, useContext, useEffect, useRef } from "react";
import { Alert } from "./Alert";
import styles from "./Field.module.css";

/** Sentences by the name of their field. */
export type FieldErrors = Readonly<Record<string, string>>;

const Errors = createContext<FieldErrors>({});

/** The sentence for a field of the surrounding form. */
export function useFieldError(name: string | undefined) {
  const errors = useContext(Errors);
  return name === undefined ? undefined : errors[name];
}

interface FormProps {
  /** Gets the values by the names of their fields. */
  onSubmit: (values: Record<string, string>, form: HTMLFormElement) => void;
  /** Sentences that stand at their fields. */
  fieldErrors?: FieldErrors | undefined;
  /** A sentence about the whole form. */
  error?: ReactNode;
  children: ReactNode;
  className?: string;
  /** For a button outside of the form. */
  id?: string;
  "aria-label"?: string;
}

/**
 * A form whose fields show the server's sentences. Each `Field` takes its own sentence by its `name`; those without a
 * field stand above the buttons. After a refusal the first field at fault gets the focus.
 */
export function Form({ onSubmit, fieldErrors = {}, error, children, className, ...props }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const first = Object.keys(fieldErrors).length > 0 && form.current?.querySelector("[aria-invalid=true]");
    if (first instanceof HTMLElement) first.focus();
  }, [fieldErrors]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    // A portal's form is a child of this one for React, not for the page.
    event.stopPropagation();
    const values: Record<string, string> = {};
    for (const [name, value] of new FormData(event.currentTarget)) {
      if (typeof value === "string") values[name] = value;
    }
    onSubmit(values, event.currentTarget);
  };
  return (
    <Errors value={fieldErrors}>
      <form
        ref={form}
        className={[styles.form, className].filter(Boolean).join(" ")}
        onSubmit={submit}
        {...props}
      >
        {children}
        {error && <Alert>{error}</Alert>}
      </form>
    </Errors>
  );
}

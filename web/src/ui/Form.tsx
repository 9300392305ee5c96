import {
  createContext,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Alert } from "./Alert";
import styles from "./Field.module.css";

/** Sentences by the name of their field. */
export type FieldErrors = Readonly<Record<string, string>>;

const NONE: FieldErrors = {};
const Errors = createContext<FieldErrors>(NONE);

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
  /** What is wrong, for errors that concern no field of the form. */
  error?: ReactNode;
  children: ReactNode;
  className?: string;
  /** For a button outside of the form. */
  id?: string;
  "aria-label"?: string;
}

/**
 * A form whose fields show the server's sentences. Each `Field` takes its own sentence by its `name`; those about
 * other fields, or about no field, stand at the end. After a refusal the first field at fault gets the focus.
 */
export function Form({ onSubmit, fieldErrors = NONE, error, children, className, ...props }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  // Sentences about fields that this form does not show.
  const [others, setOthers] = useState<string[]>([]);
  const [hasOwn, setHasOwn] = useState(false);
  useLayoutEffect(() => {
    const names = new Set(
      Array.from(form.current?.elements ?? [], (element) => element.getAttribute("name")),
    );
    const sentences = Object.entries(fieldErrors);
    setOthers(sentences.filter(([name]) => !names.has(name)).map(([, sentence]) => sentence));
    setHasOwn(sentences.some(([name]) => names.has(name)));
  }, [fieldErrors]);
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
        {others.length > 0 ? <Alert>{others.join(" ")}</Alert> : error && !hasOwn && <Alert>{error}</Alert>}
      </form>
    </Errors>
  );
}

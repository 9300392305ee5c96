/**
 * A value that is made when it is first asked for. The first object of `Intl` loads the browser's tables, which takes a
 * phone 0.1 seconds: a page shows before that.
 */
export function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

// A subscription on a socket of `src/client`, which reconnects when it is cut.

/**
 * Starts it, and returns a function that stops it. `isOver` says whether the socket was closed for good, because the account or
 * its token is no longer in use.
 */
export function subscribe(socket, params, observer, isOver) {
  let isStopped = false;
  const finish = (report) => {
    if (!isStopped) report();
    isStopped = true;
  };
  const over = { message: "The subscription stopped, because the account or its token is no longer in use." };
  const unsubscribe = socket.subscribe(params, {
    next: (result) => isStopped || observer.next(result),
    error: (error) => finish(() => observer.error(isOver() ? over : readable(error))),
    complete: () => finish(() => (isOver() ? observer.error(over) : observer.complete())),
  });
  return () => {
    isStopped = true;
    unsubscribe();
  };
}

/** Converts an error for GraphiQL, which can print GraphQL errors, but no close events. */
function readable(error) {
  if (typeof error?.code === "number") {
    return {
      message: `The server closed the socket: ${`${error.code} ${error.reason ?? ""}`.trim()}`,
      extensions: { closeCode: error.code, closeReason: error.reason },
    };
  }
  if (error instanceof Error) return { message: error.message };
  return error;
}

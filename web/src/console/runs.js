// What runs in the tabs. GraphiQL follows one run, and unsubscribes from it when another tab is selected. Here the run
// continues, and its last result shows when its tab is selected again.

export class Runs {
  /** Runs by the id of their tab: those that have not finished, and those whose results were not shown. */
  #runs = new Map();
  #tab;
  #resumed;

  /**
   * Makes GraphiQL's observable. `start` takes the run, an observer that knows its `tab`, and returns a function that
   * stops it.
   */
  observe(start) {
    const [tab, resumed] = [this.#tab, this.#resumed];
    this.#resumed = undefined;
    return {
      subscribe: (observer) => {
        const run = resumed ?? this.#begin(tab);
        run.attach(observer);
        if (!resumed) run.stop = start(run);
        return { unsubscribe: () => this.#release(run, observer) };
      },
    };
  }

  /** Follows GraphiQL's tabs. */
  follow({ tabs, activeTabIndex }) {
    const tab = tabs[activeTabIndex]?.id;
    // A new tab would show its results.
    if (tab !== this.#tab) this.#runs.get(this.#tab)?.attach(undefined);
    this.#tab = tab;
    for (const id of this.#runs.keys()) if (!tabs.some((tab) => tab.id === id)) this.#end(id);
  }

  /** Shows the run of the selected tab, if there is one. `execute` makes GraphiQL call `observe`. */
  resume(execute) {
    this.#resumed = this.#runs.get(this.#tab);
    if (!this.#resumed) return;
    execute();
    // GraphiQL refuses to run with invalid variables or headers, and says so.
    if (this.#resumed) this.#end(this.#tab);
    this.#resumed = undefined;
  }

  #begin(tab) {
    this.#end(tab);
    const run = new Run(() => this.#runs.get(tab) === run && this.#runs.delete(tab));
    this.#runs.set(tab, run);
    run.tab = tab;
    return run;
  }

  /** GraphiQL does not say why it unsubscribes. */
  #release(run, observer) {
    if (run.observer !== observer) return;
    run.attach(undefined);
    queueMicrotask(() => {
      const isStopped = this.#tab === run.tab && !run.observer;
      if (isStopped && this.#runs.get(run.tab) === run) this.#end(run.tab);
    });
  }

  #end(tab) {
    this.#runs.get(tab)?.stop();
    this.#runs.delete(tab);
  }
}

/** Passes results to GraphiQL's observer, or keeps the last one while there is none. */
class Run {
  observer;
  stop = () => {};
  #result;
  /** Reports the end to an observer. */
  #finish;
  #onShown;

  constructor(onShown) {
    this.#onShown = onShown;
  }

  attach(observer) {
    this.observer = observer;
    if (!observer) return;
    // GraphiQL expects nothing before `subscribe` has returned.
    queueMicrotask(() => {
      if (this.observer !== observer) return;
      if (this.#result) observer.next(this.#result);
      this.#report();
    });
  }

  next(result) {
    this.#result = result;
    this.observer?.next(result);
  }

  error(error) {
    this.#finish = (observer) => observer.error(error);
    this.#report();
  }

  complete() {
    this.#finish = (observer) => observer.complete();
    this.#report();
  }

  #report() {
    if (!this.#finish || !this.observer) return;
    this.#onShown();
    this.#finish(this.observer);
    this.observer = undefined;
  }
}

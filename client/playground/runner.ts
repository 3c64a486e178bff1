/** One call at a time, which the user can stop. */

/** Runs a panel's calls. */
export interface Runner {
  /** Runs a call in the place of the one before, whose signal is aborted. */
  run(call: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Aborts what runs; false where nothing does. */
  stop(): boolean;
}

/** Creates a runner that shows `button` while a call runs; a click on it stops the call. */
export function createRunner(
  button: HTMLElement,
  onChange: (isRunning: boolean) => void = () => {},
): Runner {
  let running: AbortController | undefined;

  function change(controller: AbortController | undefined): void {
    running = controller;
    onChange(controller !== undefined);
    button.hidden = !controller;
  }

  function stop(): boolean {
    running?.abort();
    return running !== undefined;
  }

  button.addEventListener("click", stop);
  return {
    async run(call) {
      stop();
      const own = new AbortController();
      change(own);
      try {
        await call(own.signal);
      } finally {
        if (running === own) change(undefined);
      }
    },
    stop,
  };
}

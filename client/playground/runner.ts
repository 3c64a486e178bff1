/** Runs one call at a time, which the user can stop. */

/** Runs the calls of a panel. */
export interface Runner {
  /** Runs a call and aborts the previous one. */
  run(call: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** Aborts the running call; returns false when there is none. */
  stop(): boolean;
}

/** Creates a runner that shows `button` during a call; a click on it stops the call. */
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

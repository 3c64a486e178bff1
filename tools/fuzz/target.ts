/** A part of the project with promises that must hold for every generated case. */
import fc from "fast-check";

/** One target of the fuzzer. */
export interface Target {
  name: string;
  /**
   * Creates the property to check.
   *
   * @param onCase is called with each case before it runs.
   */
  createProperty(onCase: (value: unknown) => void): fc.IAsyncProperty<[unknown]>;
}

/** Creates a target; `check` throws for a case that breaks a promise. */
export function createTarget<Case>(
  name: string,
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => void | Promise<void>,
): Target {
  return {
    name,
    createProperty: (onCase) =>
      fc.asyncProperty(cases as fc.Arbitrary<unknown>, async (one) => {
        onCase(one);
        await check(one as Case);
      }),
  };
}

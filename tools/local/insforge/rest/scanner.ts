/** A cursor over one query parameter, for parsers that try alternatives and report positions. */

import { RestError } from "./rest_error.ts";

/** Reads `text` from left to right. Error messages contain `context` and `given`. */
export class Scanner {
  #at = 0;

  constructor(
    readonly text: string,
    readonly context: string,
    readonly given: string = text,
  ) {}

  get ended(): boolean {
    return this.#at >= this.text.length;
  }

  /** Whether the rest begins with `token`. Consumes nothing. */
  sees(token: string): boolean {
    return this.text.startsWith(token, this.#at);
  }

  /** Consumes `token` if it comes next, and returns whether it did. */
  take(token: string): boolean {
    if (!this.sees(token)) return false;
    this.#at += token.length;
    return true;
  }

  /** Consumes the match of `pattern`, which must be sticky. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found) this.#at += found[0].length;
    return found;
  }

  /** Consumes `token`, or fails with what was expected. */
  expect(token: string, expected = JSON.stringify(token)): void {
    if (!this.take(token)) this.fail(expected);
  }

  /** Returns the result of `parse`. When it is `undefined`, the cursor does not move. */
  attempt<T>(parse: () => T | undefined): T | undefined {
    const start = this.#at;
    const result = parse();
    if (result === undefined) this.#at = start;
    return result;
  }

  /** Moves the cursor without reading, so that an error points after the recognised text. */
  skip(characters: number): void {
    this.#at += characters;
  }

  /** @throws {RestError} always: 400 `PGRST100` with the position of the cursor */
  fail(expected: string): never {
    const [character] = this.text.slice(this.#at);
    const unexpected = character === undefined ? "end of input" : JSON.stringify(character);
    throw new RestError(
      400,
      "PGRST100",
      `"failed to parse ${this.context} (${this.given})" (line 1, column ${this.#at + 1})`,
      { details: `unexpected ${unexpected} expecting ${expected}` },
    );
  }
}

/**
 * The assertions of `@std/assert`, with types. JSR may be unreachable where the tests run, so the
 * import map points `@std/assert` to this file. The code comes from the npm package `deno-std`,
 * which has no types.
 */
// deno-lint-ignore-file no-explicit-any
import * as untyped from "deno-std/assert";

const std = untyped as any;
type Class<T> = abstract new (...args: any[]) => T;

export const assert: (condition: unknown, message?: string) => asserts condition = std.assert;
export const assertFalse: (condition: unknown, message?: string) => void = std.assertFalse;
export const assertExists: <T>(actual: T, message?: string) => asserts actual is NonNullable<T> =
  std.assertExists;
export const assertEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertEquals;
export const assertNotEquals: <T>(actual: T, expected: T, message?: string) => void =
  std.assertNotEquals;
export const assertStrictEquals: <T>(actual: unknown, expected: T, message?: string) => void =
  std.assertStrictEquals;
export const assertObjectMatch: (actual: any, expected: any, message?: string) => void =
  std.assertObjectMatch;
export const assertArrayIncludes: <T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  message?: string,
) => void = std.assertArrayIncludes;
export const assertStringIncludes: (actual: string, expected: string, message?: string) => void =
  std.assertStringIncludes;
export const assertMatch: (actual: string, expected: RegExp, message?: string) => void =
  std.assertMatch;
export const assertNotMatch: (actual: string, expected: RegExp, message?: string) => void =
  std.assertNotMatch;
export const assertGreater: <T>(actual: T, expected: T, message?: string) => void =
  std.assertGreater;
export const assertGreaterOrEqual: <T>(actual: T, expected: T, message?: string) => void =
  std.assertGreaterOrEqual;
export const assertLess: <T>(actual: T, expected: T, message?: string) => void = std.assertLess;
export const assertLessOrEqual: <T>(actual: T, expected: T, message?: string) => void =
  std.assertLessOrEqual;
export const assertInstanceOf: <T>(
  actual: unknown,
  expected: Class<T>,
  message?: string,
) => asserts actual is T = std.assertInstanceOf;
export const assertThrows: <E extends Error = Error>(
  fn: () => unknown,
  errorClass?: Class<E>,
  messageIncludes?: string,
) => E = std.assertThrows;
export const assertRejects: <E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: Class<E>,
  messageIncludes?: string,
) => Promise<E> = std.assertRejects;
export const fail: (message?: string) => never = std.fail;

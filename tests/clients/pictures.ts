/** Pictures that a client received. */
import { assertEquals } from "@std/assert";

/** Fails unless the base64 is a PNG file. */
export function assertPicture(base64: string): void {
  assertEquals(atob(base64).slice(1, 4), "PNG");
}

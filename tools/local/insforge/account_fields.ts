/** Fields of accounts that several requests have. */

import * as z from "zod/mini";

/** An e-mail address, in lower case. */
export const emailField = z.string().check(
  z.email("Invalid email format"),
  z.toLowerCase(),
);

/** A display name of 1..100 characters. */
export const nameField = z.string().check(
  z.trim(),
  z.minLength(1, "Name is required"),
  z.maxLength(100, "Name must be less than 100 characters"),
);

/** The id of an account. */
export const userIdField = z.guid("Invalid user ID format");

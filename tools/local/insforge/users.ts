/** Users under `/api/auth`: sign up, profiles, and the administration of users. */

import { Hono } from "hono";
import * as z from "zod/mini";
import { emailField, nameField, userIdField } from "./account_fields.ts";
import type { Accounts } from "./accounts.ts";
import { parseBody, type RequestBody } from "./body.ts";
import type { Callers } from "./caller.ts";
import { Refusal } from "./refusal.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

const MIN_PASSWORD_LENGTH = 6;

const SignUp = z.object({
  email: emailField,
  password: z.string(),
  name: z.optional(nameField),
  autoConfirm: z.optional(z.boolean()),
});
const ProfileChange = z.object({
  profile: z.looseObject({
    name: z.optional(z.string()),
    avatar_url: z.optional(z.string().check(z.url("Invalid url"))),
  }),
});
const Deletion = z.object({
  userIds: z.array(userIdField).check(z.minLength(1, "At least one user ID is required")),
});

/** The response of `GET /api/auth/public-config`. */
const PUBLIC_CONFIG = {
  oAuthProviders: [],
  customOAuthProviders: [],
  requireEmailVerification: false,
  passwordMinLength: MIN_PASSWORD_LENGTH,
  requireNumber: false,
  requireLowercase: false,
  requireUppercase: false,
  requireSpecialChar: false,
  verifyEmailMethod: "code",
  resetPasswordMethod: "code",
  disableSignup: false,
};

/** Creates the routes for accounts. Signing up needs at least the anon key. */
export function createUserRoutes(
  { accounts, tokens, callers, sessions }: {
    accounts: Accounts;
    tokens: Tokens;
    callers: Callers;
    sessions: Sessions;
  },
): Hono<RequestBody> {
  const routes = new Hono<RequestBody>();

  routes.get("/public-config", (context) => context.json(PUBLIC_CONFIG));

  routes.post("/users", async (context) => {
    const byAdmin = (await callers.requireCaller(context.req.raw)).role === "project_admin";
    const { autoConfirm, ...account } = parseBody(SignUp, context.var.body);
    if (account.password.length < MIN_PASSWORD_LENGTH) {
      const message = `Password must contain at least ${MIN_PASSWORD_LENGTH} characters long`;
      throw new Refusal(400, "INVALID_INPUT", message);
    }
    const emailVerified = byAdmin && autoConfirm === true;
    const user = await accounts.create({ ...account, emailVerified });
    // An administrator creates the account for another person, so no session starts.
    const session = byAdmin
      ? { accessToken: await tokens.signAccess(user) }
      : await sessions.start(context, user);
    return context.json({ user, requireEmailVerification: false, ...session });
  });

  routes.get("/profiles/:id", async (context) => {
    const user = await accounts.find(requireUserId(context.req.param("id")));
    if (!user) throw new Refusal(404, "AUTH_USER_NOT_FOUND", "User not found");
    return context.json({ id: user.id, profile: user.profile });
  });

  routes.patch("/profiles/current", async (context) => {
    const { sub } = await callers.requireToken(context.req.raw);
    const { profile } = parseBody(ProfileChange, context.var.body);
    return context.json(await accounts.mergeProfile(sub, profile));
  });

  routes.get("/users", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const limit = Math.max(1, parseInt(context.req.query("limit") ?? "") || 10);
    const offset = Math.max(0, parseInt(context.req.query("offset") ?? "") || 0);
    const search = context.req.query("search");
    const [data, total] = await accounts.list({ limit, offset, search });
    return context.json({ data, pagination: { offset, limit, total } });
  });

  routes.get("/users/:id", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const user = await accounts.find(requireUserId(context.req.param("id")));
    if (!user) throw new Refusal(404, "AUTH_USER_NOT_FOUND", "User does not exist");
    return context.json(user);
  });

  routes.delete("/users", async (context) => {
    await callers.requireAdmin(context.req.raw);
    const { userIds } = parseBody(Deletion, context.var.body);
    const deletedCount = await accounts.delete(userIds);
    return context.json({ message: "Users deleted successfully", deletedCount });
  });

  return routes;
}

function requireUserId(id: string): string {
  if (!userIdField.safeParse(id).success) {
    throw new Refusal(400, "INVALID_INPUT", "Invalid user ID format");
  }
  return id;
}

/** Demo users and their data. */

import { createTickets } from "./demo/tickets.ts";
import type { EmbeddedInsForge } from "./mod.ts";

/** The two demo users. `tickets` is the number of their support tickets. */
export const DEMO_USERS = [
  { email: "demo@example.com", password: "demo-password", name: "Demo", tickets: 120 },
  { email: "second@example.com", password: "demo-password", name: "Second", tickets: 80 },
] as const;

/**
 * Creates the demo users, their 200 support tickets and a public bucket `images`. What exists already
 * stays as it is.
 *
 * @throws {Error} when a user cannot be created
 */
export async function createDemoData(insforge: EmbeddedInsForge): Promise<void> {
  for (const user of DEMO_USERS) await createUser(insforge, user);
  await createBucket(insforge);
  await insforge.sql(await Deno.readTextFile(new URL("./demo/schema.sql", import.meta.url)));
  const [row] = await insforge.sql("select not exists (select from support_tickets) as empty");
  if (!row?.empty) return;
  const owners = DEMO_USERS.flatMap(({ email, tickets }) => Array<string>(tickets).fill(email));
  const tickets = createTickets(owners.length).map((ticket, index) => ({
    ...ticket,
    // Spreads the owners over the whole list.
    email: owners[(index * OWNER_STEP) % owners.length],
  }));
  await insforge.sql(
    `insert into support_tickets (owner, customer, subject, body, status, priority, category, created_at)
     select u.id, t.customer, t.subject, t.body, t.status, t.priority, t.category,
            now() - make_interval(mins => t.minutes_ago)
     from json_to_recordset($1::json) as t (
       email text, customer text, subject text, body text, status text, priority text,
       category text, minutes_ago int
     )
     join auth.users u on u.email = t.email
     order by t.minutes_ago desc`,
    [JSON.stringify(tickets)],
  );
}

/** Has no common divisor with 200, so that stepping by it visits every index once. */
const OWNER_STEP = 77;

/** The bucket in which functions save images by default. Browsers load images from it. */
async function createBucket({ handler, secrets }: EmbeddedInsForge): Promise<void> {
  const response = await handler(
    new Request("http://localhost/api/storage/buckets", {
      method: "POST",
      headers: { authorization: `Bearer ${secrets.API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ bucketName: "images", isPublic: true }),
    }),
  );
  const answer = await response.text();
  if (!response.ok && response.status !== 409) {
    throw new Error(`The demo bucket cannot be created: ${answer}`);
  }
}

async function createUser(
  { handler, secrets, sql }: EmbeddedInsForge,
  { email, password, name }: { email: string; password: string; name: string },
): Promise<void> {
  const known = await sql("select from auth.users where email = $1", [email]);
  if (known.length > 0) return;
  const response = await handler(
    new Request("http://localhost/api/auth/users", {
      method: "POST",
      headers: { authorization: `Bearer ${secrets.API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ email, password, name, autoConfirm: true }),
    }),
  );
  const answer = await response.text();
  if (!response.ok) throw new Error(`The demo user ${email} cannot be created: ${answer}`);
}

/** What `readRows` sends, read by the PostgREST dialect of the embedded InsForge. */
import { assertEquals } from "@std/assert";
import { omitMachineColumns } from "../../shared/insforge/machine_columns.ts";
import { type Filter, readRows, type RowQuery } from "../../shared/insforge/rows.ts";
import { createSettings } from "../../shared/settings.ts";
import { createEmbeddedInsForge } from "../../tools/local/insforge/mod.ts";
import { createEnvironment, createHmacToken } from "../support/caller.ts";
import { assertFailure } from "../shared/fake_insforge.ts";

const SQL = `
create table "Häuser & Höfe" (
  id int, "größe (m²)" int, "order" text, "a-b, c" text, "semi;colon" text,
  tags text[], meta jsonb, scores int[]
);
insert into "Häuser & Höfe" values
  (1, 50, 'first', null, 'x', '{red,"blue, light"}', '{"floor":1,"kind":"flat"}', '{1,2}'),
  (2, 90, 'second', 'note', 'y', '{green}', '{"floor":2}', '{3}');
create table rag (id int, content text, embedding vector(32), search tsvector, file bytea);
insert into rag values
  (1, 'note', (select array_agg(g / 7.0)::vector from generate_series(1, 32) g),
    to_tsvector('english', 'invoices are late'), '\\x89504e47');
grant select on all tables in schema public to authenticated;
`;

Deno.test("readRows reads names, arrays, JSON and missing values as the database has them", async (t) => {
  await using started = new AsyncDisposableStack();
  let url = "";
  const insforge = await createEmbeddedInsForge({ baseUrl: () => url });
  started.defer(() => insforge.close());
  const server = started.use(
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, insforge.handler),
  );
  url = `http://127.0.0.1:${server.addr.port}`;
  await insforge.sql("create extension if not exists vector");
  await insforge.sql(SQL);
  const settings = createSettings(createEnvironment({ INSFORGE_BASE_URL: url }));
  const claims = { sub: crypto.randomUUID(), role: "authenticated" };
  const token = await createHmacToken(claims, insforge.secrets.JWT_SECRET);
  const read = (query: Partial<RowQuery>) =>
    readRows({ token }, { table: "Häuser & Höfe", limit: 10, ...query }, settings);

  await t.step("columns and order of any spelling", async () => {
    const columns = ["größe (m²)", "order", "a-b, c", "semi;colon"];
    const rows = await read({ columns, order: { column: "größe (m²)", ascending: false } });
    assertEquals(rows.map((row) => Object.keys(row)), [columns, columns]);
    assertEquals(rows.map((row) => row["größe (m²)"]), [90, 50]);
  });

  const filters: [Filter, number[]][] = [
    [{ column: "größe (m²)", op: "gt", value: 60 }, [2]],
    [{ column: "order", op: "eq", value: "first" }, [1]],
    [{ column: "a-b, c", op: "is_not", value: null }, [2]],
    [{ column: "a-b, c", op: "is", value: null }, [1]],
    [{ column: "semi;colon", op: "in", value: ["x", "z"] }, [1]],
    [{ column: "tags", op: "contains", value: ["blue, light"] }, [1]],
    [{ column: "tags", op: "overlaps", value: ["green", "pink"] }, [2]],
    [{ column: "tags", op: "eq", value: ["red", "blue, light"] }, [1]],
    [{ column: "scores", op: "contained_by", value: [1, 2, 9] }, [1]],
    [{ column: "meta", op: "contains", value: { floor: 1 } }, [1]],
    [{ column: "meta", op: "eq", value: { floor: 2 } }, [2]],
  ];
  for (const [filter, ids] of filters) {
    await t.step(`the filter ${JSON.stringify(filter)}`, async () => {
      const rows = await read({ filters: [filter], order: { column: "id" } });
      assertEquals(rows.map(({ id }) => id), ids);
    });
  }

  await t.step("a missing column is named", async () => {
    const { message } = await assertFailure(
      read({ columns: ["id", "größe (cm)"] }),
      400,
      "INVALID_INPUT",
    );
    const expected = '"columns[1]" must be a column of the table "Häuser & Höfe", not "größe (cm)"';
    assertEquals(message, expected);
  });

  await t.step("machine columns are recognised in the forms that the database sends", async () => {
    const { rows, omitted } = omitMachineColumns(await read({ table: "rag" }));
    assertEquals(rows, [{ id: 1, content: "note" }]);
    assertEquals(omitted, ["embedding", "search", "file"]);
  });
});

/** The events of the image API, read and converted. */
import { assertEquals } from "@std/assert";
import { imageProtocol } from "../../../shared/openrouter/image_protocol.ts";
import { USAGE } from "../../support/upstream.ts";

const PARTIAL = { type: "image_generation.partial_image", b64_json: "AA", partial_image_index: 0 };
const COMPLETED = { type: "image_generation.completed", b64_json: "BB", created: 1, usage: USAGE };

Deno.test("reads previews and images as output, and an image as the end", () => {
  const { read } = imageProtocol.createReader();
  const text = { type: "image_generation.text_chunk", phase: "content", text: "A cat" };
  const verdicts = [PARTIAL, text, COMPLETED, { type: "image_generation.started" }].map(read);
  assertEquals(verdicts.map((one) => [one?.hasOutput, one?.finished]), [
    [true, false],
    [true, false],
    [true, true],
    [false, false],
  ]);
  assertEquals(verdicts[2]!.usage, USAGE as unknown as NonNullable<typeof verdicts[0]>["usage"]);
});

Deno.test("reads an error event as a report", () => {
  const event = { type: "error", error: { message: "x", code: 502 } };
  assertEquals(imageProtocol.createReader().read(event)!.reports, event);
});

Deno.test("passes events with previews on unread, and reads images and errors", () => {
  const { isNotable } = imageProtocol.createReader();
  const events = [PARTIAL, COMPLETED, { type: "error", error: {} }, { error: "x" }];
  assertEquals(events.map((event) => isNotable(`data: ${JSON.stringify(event)}\n\n`)), [
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("converts the JSON of a provider that does not stream to one event per image", () => {
  const data = [{ b64_json: "AA", media_type: "image/png" }, { b64_json: "BB" }];
  const type = "image_generation.completed";
  assertEquals(imageProtocol.toEvents({ created: 1, data, usage: USAGE }), [
    { type, created: 1, ...data[0] },
    { type, created: 1, ...data[1], usage: USAGE },
  ]);
  const failed = { error: { message: "x" } };
  assertEquals(imageProtocol.toEvents(failed), [failed]);
  assertEquals(imageProtocol.toEvents({}), []);
});

Deno.test("puts the events of a server that streams unasked together", () => {
  assertEquals(imageProtocol.toResponse([PARTIAL, COMPLETED]), {
    created: 1,
    data: [{ b64_json: "BB", media_type: undefined }],
    usage: USAGE,
  });
  const failed = { error: { message: "x" } };
  assertEquals(imageProtocol.toResponse([PARTIAL, failed]), failed);
  assertEquals(imageProtocol.toResponse([PARTIAL]), undefined);
});

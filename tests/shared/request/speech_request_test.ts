/** Requests to speak a text. */
import { assertEquals } from "@std/assert";
import { SPEECH_DEFAULTS, speechRequest } from "../../../shared/request/speech_request.ts";

Deno.test("a request to speak needs a text, and bounds format and tempo", () => {
  const requests: [unknown, boolean][] = [
    [{ input: "Hello", ...SPEECH_DEFAULTS, speed: 4, instructions: "calm" }, true],
    [{ input: " " }, false],
    [{ input: "Hello", response_format: "opus" }, false],
    [{ input: "Hello", speed: 5 }, false],
    [{ input: "Hello", voice: { id: "a" } }, false],
  ];
  for (const [request, isValid] of requests) {
    assertEquals(speechRequest.safeParse(request).success, isValid, JSON.stringify(request));
  }
});

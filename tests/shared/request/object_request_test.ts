/** Requests for 3D objects. */
import { assertEquals } from "@std/assert";
import { objectRequest } from "../../../shared/request/object_request.ts";

Deno.test("a request for 3D objects needs a prompt, and bounds steps and outputs", () => {
  const requests: [unknown, boolean][] = [
    [{ prompt: "a chair" }, true],
    [{ prompt: "a chair", num_inference_steps: 32, num_outputs: 1, extension: "ply", x: 1 }, true],
    [{ prompt: " " }, false],
    [{ prompt: "a chair", num_inference_steps: 101 }, false],
    [{ prompt: "a chair", num_outputs: 0 }, false],
    [{}, false],
  ];
  for (const [request, isValid] of requests) {
    assertEquals(objectRequest.safeParse(request).success, isValid, JSON.stringify(request));
  }
});

/** A tool that the page can offer to the model. The user enters the result of its calls. */
import type { Tool } from "../mod.ts";

/** The definition that is sent with the request. */
export const WEATHER_TOOL: Tool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a city, now",
    parameters: {
      type: "object",
      properties: {
        city: { type: "string", description: "Such as Lisbon" },
        unit: { type: "string", enum: ["celsius", "fahrenheit"] },
      },
      required: ["city"],
    },
  },
};

/** A result to start from; the user can enter another. */
export const WEATHER_RESULT = '{"temperature": 21, "sky": "clear", "wind_kmh": 9}';

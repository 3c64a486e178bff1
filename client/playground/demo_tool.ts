/** A tool that the user can offer the model, and whose part the user plays. */

/** Its definition, as it goes with the request. */
export const WEATHER_TOOL = {
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

/** What the tool might answer; the user can write something else. */
export const WEATHER_RESULT = '{"temperature": 21, "sky": "clear", "wind_kmh": 9}';

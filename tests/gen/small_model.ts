/**
 * A service of one operation, to print and to correct.
 *
 * @module
 */
import type { Corrections } from "../../tools/gen/corrections.ts";
import type { ServiceModel } from "../../tools/gen/model.ts";

/** A model with a recursive shape, an enum, a stream and an error. */
export const SMALL_MODEL: ServiceModel = {
  metadata: { protocol: "rest-xml" },
  operations: {
    GetThing: {
      name: "GetThing",
      http: { method: "GET", requestUri: "/{Key+}?thing" },
      input: { shape: "GetThingRequest" },
      output: { shape: "GetThingOutput" },
      errors: [{ shape: "NoSuchThing" }],
    },
  },
  shapes: {
    GetThingRequest: {
      type: "structure",
      required: ["Key"],
      members: {
        Key: { shape: "Text", location: "uri", locationName: "Key" },
        Color: {
          shape: "color",
          location: "header",
          locationName: "x-color",
        },
      },
    },
    GetThingOutput: {
      type: "structure",
      members: { Text: { shape: "Text" }, Parts: { shape: "parts" } },
    },
    Part: {
      type: "structure",
      required: ["Name"],
      members: {
        Name: { shape: "Text" },
        Inner: { shape: "parts", flattened: true },
      },
    },
    NoSuchThing: { type: "structure", exception: true, members: {} },
    Text: { type: "string", min: 1, max: 2000 },
    color: { type: "string", enum: ["red", "blue"] },
    parts: { type: "list", member: { shape: "Part" } },
  },
};

/** Corrections that correct nothing. */
export const SMALL_CORRECTIONS: Corrections = {
  model: "thing/2020-01-01",
  className: "Thing",
  title: "Simple Thing Service",
  page: (operation) => `https://example.com/${operation}`,
  repetitions: {},
  uses: {},
  secrets: {},
  harmless: {},
  alwaysThere: {},
  names: {},
  types: {},
  typeImports: {},
  errorCodes: { page: "https://example.com/errors", codes: ["Busy"] },
  entry: { doc: ["The client of things."], types: {} },
  summaries: { GetThing: "Gets a thing." },
  members: {},
};

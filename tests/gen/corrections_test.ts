import { assertEquals, assertThrows } from "@std/assert";
import {
  correct,
  type Corrections,
  rulesOf,
} from "../../tools/gen/corrections.ts";
import type { ServiceModel } from "../../tools/gen/model.ts";
import { SMALL_CORRECTIONS, SMALL_MODEL } from "./small_model.ts";

Deno.test("correct adds traits, members and shapes", () => {
  const { shapes } = corrected({
    shapes: { Extra: { type: "string" } },
    uses: {
      "GetThingOutput.Text": { use: { lenient: true }, why: "test" },
      "GetThingOutput.More": { use: { shape: "Extra" }, why: "test" },
    },
  });

  assertEquals(shapes["GetThingOutput"]?.members?.["Text"], {
    shape: "Text",
    lenient: true,
  });
  assertEquals(shapes["GetThingOutput"]?.members?.["More"], { shape: "Extra" });
});

Deno.test("correct marks what is always there and what is secret", () => {
  const { shapes } = corrected({
    alwaysThere: { "GetThingOutput.Text": "https://example.com" },
    secrets: { "GetThingRequest.Key": "test" },
  });

  assertEquals(shapes["GetThingOutput"]?.required, ["Text"]);
  assertEquals(shapes["GetThingRequest"]?.members?.["Key"]?.sensitive, true);
});

Deno.test("correct marks what is always sent, of results alone", () => {
  const { shapes } = corrected({
    alwaysSent: { "GetThingOutput.Parts": "https://example.com" },
  });

  assertEquals(shapes["GetThingOutput"]?.members?.["Parts"], {
    shape: "parts",
    always: true,
  });
  assertThrows(
    () => corrected({ alwaysSent: { "GetThingRequest.Color": "page" } }),
    TypeError,
    "Cannot say that GetThingRequest.Color is always sent: callers make GetThingRequest, too",
  );
});

Deno.test("correct leaves the given model alone", () => {
  const before = structuredClone(SMALL_MODEL);

  corrected({ secrets: { "GetThingRequest.Key": "test" } });

  assertEquals(SMALL_MODEL, before);
});

Deno.test("correct refuses a correction of nothing", () => {
  assertThrows(
    () => corrected({ alwaysThere: { "GetThingOutput.Gone": "page" } }),
    TypeError,
    "Cannot correct GetThingOutput.Gone: the model has no such member",
  );
  assertThrows(
    () => corrected({ alwaysSent: { "GetThingOutput.Gone": "page" } }),
    TypeError,
    "Cannot correct GetThingOutput.Gone: the model has no such member",
  );
  assertThrows(
    () => corrected({ secrets: { "Nobody.Key": "test" } }),
    TypeError,
    "Cannot correct Nobody.Key: the model has no such member",
  );
});

Deno.test("correct refuses a new member that looks like a secret", () => {
  for (const member of ["AuthToken", "SecretKey", "UserPassword"]) {
    assertThrows(
      () => corrected({}, withMember(member)),
      TypeError,
      `under secrets or harmless: GetThingOutput.${member}`,
    );
  }
});

Deno.test("correct lets a member pass that is decided on", () => {
  const model = withMember("NextToken");

  corrected({ harmless: { NextToken: "a place in a listing" } }, model);
  corrected({ secrets: { "GetThingOutput.NextToken": "test" } }, model);
});

Deno.test("correct says which event comes last, of those that there are", () => {
  const page = "https://example.com";

  const { shapes } = corrected({
    lastEvents: { Part: { event: "Inner", page } },
  });

  assertEquals(shapes["Part"]?.lastEvent, "Inner");
  assertThrows(
    () => corrected({ lastEvents: { Part: { event: "End", page } } }),
    TypeError,
    "Cannot correct Part.End: the model has no such member",
  );
});

Deno.test("rulesOf splits the repetitions", () => {
  const rules = rulesOf({
    ...SMALL_CORRECTIONS,
    repetitions: {
      A: { idempotent: true, unlessGiven: ["IfMatch"], why: "test" },
      B: { idempotent: false, why: "test" },
    },
  });

  assertEquals(rules.idempotent, { A: true, B: false });
  assertEquals(rules.unlessGiven, { A: ["IfMatch"] });
});

function corrected(
  changes: Partial<Corrections>,
  model: ServiceModel = SMALL_MODEL,
): ServiceModel {
  return correct(model, { ...SMALL_CORRECTIONS, ...changes });
}

function withMember(member: string): ServiceModel {
  const shape = SMALL_MODEL.shapes["GetThingOutput"];
  const members = { ...shape?.members, [member]: { shape: "Text" } };
  return {
    ...SMALL_MODEL,
    shapes: {
      ...SMALL_MODEL.shapes,
      GetThingOutput: { type: "structure", members },
    },
  };
}

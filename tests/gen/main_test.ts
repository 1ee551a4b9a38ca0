import { assertEquals, assertThrows } from "@std/assert";
import { correct } from "../../tools/gen/corrections.ts";
import { differences } from "../../tools/gen/files.ts";
import { loadModel } from "../../tools/gen/load.ts";
import { generate } from "../../tools/gen/main.ts";
import { s3Corrections } from "../../tools/gen/s3_corrections.ts";
import { stsCorrections } from "../../tools/gen/sts_corrections.ts";
import { MODELS, modelsAreThere } from "./models.ts";

const SERVICES = new URL("../../src/services/", import.meta.url);

for (const corrections of [s3Corrections, stsCorrections]) {
  Deno.test({
    name: `generate gives the ${corrections.className} files that are there`,
    ignore: !modelsAreThere,
    fn: async () => {
      const files = await generate(corrections);

      assertEquals(await differences(files, SERVICES), []);
    },
  });

  Deno.test({
    name: `the model of ${corrections.className} has a sentence per operation`,
    ignore: !modelsAreThere,
    fn: async () => {
      const folder = new URL(`${corrections.model}/`, MODELS);
      const { model } = await loadModel(folder);

      assertEquals(
        Object.keys(corrections.summaries).sort(),
        Object.keys(model.operations).sort(),
      );
    },
  });

  Deno.test({
    name: `a new token in the model of ${corrections.className} is noticed`,
    ignore: !modelsAreThere,
    fn: async () => {
      const folder = new URL(`${corrections.model}/`, MODELS);
      const { model } = await loadModel(folder);
      const NewThing = {
        type: "structure",
        members: { AccessToken: { shape: "Text" } },
      };
      const shapes = { ...model.shapes, NewThing, Text: { type: "string" } };

      assertThrows(
        () => correct({ ...model, shapes }, corrections),
        TypeError,
        "NewThing.AccessToken",
      );
    },
  });
}

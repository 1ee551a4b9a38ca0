import { assertThrows } from "@std/assert";
import { ConfigError } from "../../src/foundation/errors.ts";
import { S3 } from "../../src/services/s3/mod.ts";

for (const given of [[], [{ region: "eu-west-1" }]]) {
  Deno.test(`new S3 with ${given.length} arguments says how to make a client`, () => {
    assertThrows(
      () => Reflect.construct(S3, given),
      ConfigError,
      "use client(S3, options), or session.client(S3, options)",
    );
  });
}

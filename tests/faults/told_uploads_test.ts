/** What refusals of an upload in parts say, and waits that make no sense. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, ServiceError } from "../../mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { answer, faultyS3, lineOf, noise, refusal } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };

for (
  const [stated, says] of [
    [{}, 'set requestChecksum: "when_required"'],
    [{ ChecksumCRC32: "AAAAAA==" }, "leave ChecksumCRC32 out"],
    [{ ChecksumAlgorithm: "SHA256" }, "leave ChecksumAlgorithm out"],
  ] as const
) {
  Deno.test(`upload in parts with ${Object.keys(stated)[0] ?? "no checksum stated"} says what to change where a store knows no checksums`, async () => {
    await using local = await faultyS3(
      (request, send) =>
        lineOf(request).includes("partNumber")
          ? refusal(501, "NotImplemented")
          : send(),
      { requestChecksum: "when_supported" },
    );

    const error = await assertRejects(
      () => upload(local.s3, { ...OBJECT, ...stated, Body: noise(9 * MIB) }),
      ServiceError,
      says,
    );

    const other = "leave ChecksumAlgorithm out";
    assertEquals(error.message.includes(other), says === other);
  });
}

for (const sized of [true, false]) {
  Deno.test(`upload suggests partSize where a store takes few parts (length ${sized ? "" : "not "}known)`, async () => {
    await using local = await faultyS3((request, send) =>
      lineOf(request).includes("partNumber=3")
        ? answer(
          400,
          "<Error><Code>InvalidArgument</Code><Message>Part number must be an integer between 1 and 2, inclusive</Message></Error>",
          { "content-type": "application/xml" },
        )
        : send()
    );
    const content = noise(17 * MIB);
    const Body = sized ? content : new Blob([content]).stream();

    const error = await assertRejects(
      () => upload(local.s3, { ...OBJECT, Body }, { concurrency: 1 }),
      ServiceError,
      "this store takes 2 parts of an upload: set partSize to",
    );

    const size = /(\d+) bytes/.exec(error.message)?.[1];
    assertEquals(Number(size), sized ? 9 * MIB : 8 * MIB);
  });
}

for (
  const options of [
    { delayMs: NaN },
    { delayMs: 3e9 },
    { delayMs: -1 },
    { delayMs: Infinity },
    { maxAttempts: 0 },
    { maxAttempts: NaN },
    { maxAttempts: 1.5 },
  ]
) {
  const [name = "", value] = Object.entries(options)[0] ?? [];

  Deno.test(`waitUntilObjectExists refuses ${name} of ${value} before it looks`, async () => {
    let looks = 0;
    await using local = await faultyS3((_request, send) => {
      if (looks++ > 30) throw new Error("It looks for ever");
      return send();
    });

    const error = await assertRejects(
      () => local.s3.waitUntilObjectExists(OBJECT, options),
      ConfigError,
      name,
    );

    assert(error.message.includes(String(value)));
    assertEquals(local.requests, []);
  });
}

Deno.test("waitUntilObjectExists takes a wait of 0 ms", async () => {
  await using local = await faultyS3();
  await local.s3.putObject(OBJECT);

  await local.s3.waitUntilObjectExists(OBJECT, { delayMs: 0, maxAttempts: 1 });
});

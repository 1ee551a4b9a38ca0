/** Transfers refuse successes that lack what a success has. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError } from "../../mod.ts";
import { copy, upload } from "../../src/transfer/mod.ts";
import { answer, faultyS3, lineOf, noise } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const COPY = { ...OBJECT, Key: "copy.bin", CopySource: OBJECT };
const PARTS = { threshold: 5 * MIB, partSize: 5 * MIB };

/** What stands where the answer of S3 should be. */
const HOLLOW = {
  "an empty body": "",
  "an empty element": "<Foo/>",
} as const;

for (const [what, body] of Object.entries(HOLLOW)) {
  Deno.test(`upload in parts refuses ${what} as the answer to CreateMultipartUpload`, async () => {
    await using local = await faultyS3((request, send) =>
      lineOf(request).endsWith("?uploads") ? answer(200, body) : send()
    );

    await assertRejects(
      () => upload(local.s3, { ...OBJECT, Body: noise(9 * MIB) }),
      AwsError,
    );

    assertEquals(local.requests.some((line) => line.startsWith("PUT")), false);
  });

  for (
    const [name, options] of [["one request", {}], ["parts", PARTS]] as const
  ) {
    Deno.test(`copy in ${name} refuses ${what} as the answer to its copy`, async () => {
      await using local = await faultyS3((request, send) =>
        "x-amz-copy-source" in request.headers ? answer(200, body) : send()
      );
      await local.s3.putObject({ ...OBJECT, Body: noise(9 * MIB) });

      await assertRejects(() => copy(local.s3, COPY, options), AwsError);

      const { Uploads = [] } = await local.s3.listMultipartUploads({
        Bucket: "photos",
      });
      assertEquals(Uploads, []);
    });
  }
}

Deno.test("upload in parts refuses parts without an ETag, and says which", async () => {
  await using local = await faultyS3((request, send) =>
    lineOf(request).includes("partNumber=2") ? answer(200) : send()
  );

  const error = await assertRejects(
    () => upload(local.s3, { ...OBJECT, Body: noise(9 * MIB) }),
    AwsError,
  );

  assert(error.message.includes("part 2 has no ETag"), error.message);
  const { Uploads = [] } = await local.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads, []);
});

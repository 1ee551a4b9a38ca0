/** A checksum that `upload` is given is compared, whatever the store knows. */
import { assertEquals, assertRejects } from "@std/assert";
import { AwsError } from "../../mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { answer, type FaultyS3, faultyS3, lineOf, noise } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "photos", Key: "cat.bin" };

/** A store that takes everything and knows no checksums. */
async function checkless(): Promise<{ local: FaultyS3; made: string[] }> {
  const xml = { "content-type": "application/xml" };
  const made: string[] = [];
  const local = await faultyS3(async (request) => {
    const line = lineOf(request);
    const { body } = request;
    if (body !== undefined && "open" in body) {
      await new Response(body.open()).bytes();
    }
    if (line.endsWith("?uploads")) {
      return answer(
        200,
        "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
        xml,
      );
    }
    if (!line.includes("partNumber") && request.method !== "DELETE") {
      made.push(line);
    }
    return request.method === "POST"
      ? answer(
        200,
        "<CompleteMultipartUploadResult><Key>cat.bin</Key></CompleteMultipartUploadResult>",
        xml,
      )
      : answer(200, "", { etag: '"1"' });
  });
  return { local, made };
}

const SIZES = [10, 9 * MIB, 12 * MIB] as const;

for (const size of SIZES) {
  for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME"] as const) {
    for (const threshold of [8 * MIB, 64 * MIB]) {
      Deno.test(`upload of ${size} bytes below ${threshold} refuses a wrong Checksum${algorithm}`, async () => {
        const { local, made } = await checkless();
        await using _local = local;

        await assertRejects(
          () =>
            upload(local.s3, {
              ...OBJECT,
              Body: noise(size),
              [`Checksum${algorithm}`]: algorithm === "CRC64NVME"
                ? "AAAAAAAAAAA="
                : "AAAAAA==",
            }, { threshold }),
          AwsError,
          algorithm,
        );

        assertEquals(made, []);
      });
    }
  }
}

Deno.test("upload takes a right ChecksumCRC32 to a store that tells none", async () => {
  for (
    const [size, ChecksumCRC32] of [
      [10, "44podg=="],
      [12 * MIB, "AfsszQ=="],
    ] as const
  ) {
    const { local, made } = await checkless();
    await using _local = local;

    await upload(local.s3, {
      ...OBJECT,
      Body: new Uint8Array(size),
      ChecksumCRC32,
    });

    assertEquals(made.length, 1);
  }
});

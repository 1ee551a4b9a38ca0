/** Every algorithm of S3, in one request and in parts of each type it may have. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  ChecksumError,
  ConfigError,
  TransportError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import { base64, concat, fromBase64 } from "../../src/foundation/bytes.ts";
import {
  checksum,
  isChecksumAlgorithm,
} from "../../src/foundation/checksums.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem, LocalAws } from "../../src/testing/mod.ts";
import { CHECKSUM_TYPES } from "../../src/transfer/object_checksum.ts";
import { upload } from "../../src/transfer/mod.ts";
import { localS3 } from "../local_s3.ts";
import { type Answer, fakeS3, noise } from "./stubs.ts";

const ALGORITHMS = Object.keys(CHECKSUM_TYPES).filter(isChecksumAlgorithm);
const TYPES = ["COMPOSITE", "FULL_OBJECT"] as const;
const PART = 5 * 1_024 * 1_024;
const CONTENT = noise(PART + 9);
const IN_PARTS = { partSize: PART, threshold: 1 };
const CAT = { Bucket: "photos", Key: "cat.bin" };
const STORE: Readonly<Record<string, Answer>> = {
  CreateMultipartUpload: () => ({ UploadId: "u1" }),
  AbortMultipartUpload: () => ({}),
};

Deno.test("each algorithm is sent and verified, whole, as a stream and in parts of each type", async () => {
  const { session } = localS3();
  using _session = session;
  const s3 = session.client(S3, { responseChecksum: "when_supported" });
  await s3.createBucket({ Bucket: CAT.Bucket });

  for (const ChecksumAlgorithm of ALGORITHMS) {
    const member = `Checksum${ChecksumAlgorithm}` as const;
    const whole = await s3.putObject({
      ...CAT,
      Body: CONTENT,
      ChecksumAlgorithm,
    });
    const value = await checksum(ChecksumAlgorithm, CONTENT);
    assertEquals(whole[member], value, ChecksumAlgorithm);
    const streamed = await s3.putObject({
      ...CAT,
      Body: new Blob([CONTENT]).stream(),
      ChecksumAlgorithm,
    });
    assertEquals(streamed[member], value, ChecksumAlgorithm);

    for (const ChecksumType of CHECKSUM_TYPES[ChecksumAlgorithm]) {
      const what = `${ChecksumAlgorithm} ${ChecksumType}`;
      const done = await upload(s3, {
        ...CAT,
        Body: CONTENT,
        ChecksumAlgorithm,
        ChecksumType,
      }, IN_PARTS);
      const read = await s3.getObject(CAT);
      const part = await s3.getObject({ ...CAT, PartNumber: 2 });
      const head = await s3.headObject({
        ...CAT,
        PartNumber: 2,
        ChecksumMode: "ENABLED",
      });

      assertEquals(done.ChecksumType, ChecksumType, what);
      if (ChecksumType === "FULL_OBJECT") assertEquals(done[member], value);
      else assertMatch(done[member] ?? "", /-2$/, what);
      assertEquals(await read.Body.bytes(), CONTENT, what);
      assertEquals(await part.Body.bytes(), CONTENT.subarray(PART), what);
      assertEquals(head.PartsCount, 2, what);
    }
  }
});

Deno.test("a type that the algorithm does not have is refused before anything is sent", async () => {
  for (const ChecksumAlgorithm of ALGORITHMS) {
    const missing = TYPES.filter((type) =>
      !CHECKSUM_TYPES[ChecksumAlgorithm].includes(type)
    );
    for (const ChecksumType of missing) {
      const { s3, calls } = fakeS3(STORE);

      const error = await assertRejects(
        () =>
          upload(
            s3,
            { ...CAT, Body: CONTENT, ChecksumAlgorithm, ChecksumType },
            IN_PARTS,
          ),
        ValidationError,
      );

      assertMatch(error.message, new RegExp(`${ChecksumType}.*with`));
      assertEquals(calls, []);
    }
  }
  await assertRejects(
    () =>
      upload(fakeS3(STORE).s3, { ...CAT, Body: "x", ChecksumType: "PARTS" }),
    ValidationError,
    '"PARTS"',
  );
});

Deno.test("upload tells the type that was asked for when it begins and when it ends", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    UploadPart: () => ({ ETag: '"1"', ChecksumCRC32: "AAAAAA==" }),
    CompleteMultipartUpload: () => ({ ETag: '"all"' }),
  });

  await upload(
    s3,
    { ...CAT, Body: CONTENT, ChecksumType: "COMPOSITE" },
    IN_PARTS,
  );

  const told = calls.filter(({ name }) => name !== "UploadPart");
  assertEquals(
    told.map(({ input }) => input["ChecksumType"]),
    ["COMPOSITE", "COMPOSITE"],
  );
  assertEquals(told[0]?.input["ChecksumAlgorithm"], "CRC32");
});

Deno.test("resume refuses an upload whose checksum is of another type", async () => {
  const { s3, calls } = fakeS3({
    ...STORE,
    ListParts: () => ({
      ChecksumAlgorithm: "CRC32",
      ChecksumType: "FULL_OBJECT",
      Parts: [],
      IsTruncated: false,
    }),
  });

  const error = await assertRejects(
    () =>
      upload(s3, { ...CAT, Body: CONTENT, ChecksumType: "COMPOSITE" }, {
        ...IN_PARTS,
        resume: { uploadId: "u1" },
      }),
    ConfigError,
    "as COMPOSITE: its checksum is FULL_OBJECT",
  );

  assertEquals(error.code, "UploadMismatch");
  assertEquals(calls.map(({ name }) => name), ["ListParts"]);
});

Deno.test("a wrong SHA512, MD5 or xxHash that the caller states is found before anything is sent", async () => {
  const values = {
    ChecksumSHA512: base64(new Uint8Array(64)),
    ChecksumMD5: base64(new Uint8Array(16)),
    ChecksumXXHASH64: base64(new Uint8Array(8)),
    ChecksumXXHASH3: base64(new Uint8Array(8)),
    ChecksumXXHASH128: base64(new Uint8Array(16)),
  };
  for (const [member, value] of Object.entries(values)) {
    const { s3, calls } = fakeS3({ PutObject: () => ({ ETag: '"1"' }) });

    await assertRejects(
      () => upload(s3, { ...CAT, Body: CONTENT, [member]: value }),
      ChecksumError,
    );

    assertEquals(calls, [], member);
  }
});

Deno.test("a lost answer to the end of an upload is found by the checksum of checksums", async () => {
  const value = await checksum("SHA512", CONTENT);
  const sums = concat([fromBase64(value), fromBase64(value)]);
  const right = `${await checksum("SHA512", sums)}-2`;
  const run = async (stored: string): Promise<unknown> => {
    const { s3 } = fakeS3({
      ...STORE,
      UploadPart: () => ({ ETag: '"1"', ChecksumSHA512: value }),
      CompleteMultipartUpload: () => {
        throw new TransportError("reset", "gone", { maybeSent: true });
      },
      HeadObject: () => ({
        ETag: '"of a key of KMS"',
        ContentLength: CONTENT.length,
        ResponseMetadata: {
          HTTPHeaders: { "x-amz-checksum-sha512": stored },
          Attempts: [],
        },
      }),
    });
    return await upload(
      s3,
      { ...CAT, Body: CONTENT, ChecksumAlgorithm: "SHA512" },
      IN_PARTS,
    );
  };

  await run(right);
  await assertRejects(
    () => run(right.replace("-2", "-3")),
    TransportError,
    "cannot tell",
  );
});

Deno.test("MD5 goes as x-amz-checksum-md5, never as Content-MD5", async () => {
  const aws = new LocalAws();
  using session = new Session({
    ...aws.clientConfig,
    transport: aws.transport(),
    system: new FakeSystem(),
  });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: CAT.Bucket });

  await s3.putObject({ ...CAT, Body: "hello", ChecksumAlgorithm: "MD5" });

  const put = aws.requests().at(-1);
  assertEquals(put?.headers["x-amz-checksum-md5"], "XUFAKrxLKna5cZ2REBfFkg==");
  assertEquals(put?.headers["content-md5"], undefined);
});

Deno.test("the table of the docs has a row for each algorithm, with its types", async () => {
  const page = await Deno.readTextFile(
    new URL("../../docs/s3.md", import.meta.url),
  );
  for (const algorithm of ALGORITHMS) {
    const types = CHECKSUM_TYPES[algorithm].map((type) => `\`${type}\``)
      .join(", ");
    const row = page.split("\n").find((line) =>
      line.startsWith(`| ${algorithm} `)
    );
    const cells = row?.split("|").map((cell) => cell.trim());
    assertEquals(cells?.slice(2, 4), ["yes", types], algorithm);
  }
});

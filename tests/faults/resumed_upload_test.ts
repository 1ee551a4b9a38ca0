/** `resume` of `upload` keeps its parts, and leaves those of others alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AwsError, ConfigError, ServiceError } from "../../mod.ts";
import { upload } from "../../src/transfer/mod.ts";
import { answer, type Fault, faultyS3, lineOf, noise } from "./faulty_s3.ts";

const MIB = 1_024 * 1_024;
const PART = 5 * MIB;
const CONTENT = noise(12 * MIB);
const OBJECT = { Bucket: "photos", Key: "cat.bin" };
const OPTIONS = { partSize: PART, concurrency: 1 };

/** Fails the parts with this number for as long as `broken` says. */
function breaking(number: number): { broken: boolean; fault: Fault } {
  const state = {
    broken: true,
    fault: (async (request, send) => {
      if (state.broken && lineOf(request).includes(`partNumber=${number}`)) {
        return answer(403, "<Error><Code>AccessDenied</Code></Error>");
      }
      return await send();
    }) satisfies Fault,
  };
  return state;
}

Deno.test("upload with resume keeps its parts when it fails, and goes on with them", async () => {
  const server = breaking(3);
  await using local = await faultyS3(server.fault);
  const input = { ...OBJECT, Body: CONTENT };

  const error = await assertRejects(
    () => upload(local.s3, input, { ...OPTIONS, resume: true }),
    AwsError,
    "its parts are kept as the upload",
  );
  assert(error instanceof ServiceError);
  assertEquals(local.requests.filter((line) => line.startsWith("DELETE")), []);

  server.broken = false;
  const result = await upload(local.s3, input, { ...OPTIONS, resume: true });
  assertEquals(result.kind === "multipart" && result.resumed, 2);
  const { Body } = await local.s3.getObject(OBJECT);
  assertEquals((await Body.bytes()).length, CONTENT.length);
});

Deno.test("upload with resume keeps its parts when it is aborted", async () => {
  const controller = new AbortController();
  await using local = await faultyS3(async (request, send) => {
    if (lineOf(request).includes("partNumber=2")) controller.abort("enough");
    return await send();
  });

  await assertRejects(() =>
    upload(local.s3, { ...OBJECT, Body: CONTENT }, {
      ...OPTIONS,
      resume: true,
      signal: controller.signal,
    }).catch((reason) => {
      throw new Error(String(reason));
    })
  );

  const { Uploads = [] } = await local.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads.length, 1);
});

Deno.test("upload with resume and keepParts: false discards what it began itself", async () => {
  const server = breaking(3);
  await using local = await faultyS3(server.fault);

  await assertRejects(() =>
    upload(local.s3, { ...OBJECT, Body: CONTENT }, {
      ...OPTIONS,
      resume: true,
      keepParts: false,
    })
  );

  const { Uploads = [] } = await local.s3.listMultipartUploads({
    Bucket: "photos",
  });
  assertEquals(Uploads, []);
});

for (const keepParts of [undefined, false, true]) {
  for (const chosen of [false, true]) {
    Deno.test(`upload never aborts an upload that it ${chosen ? "was told" : "found"} (keepParts: ${keepParts})`, async () => {
      const server = breaking(2);
      await using local = await faultyS3(server.fault);
      const { UploadId } = await local.s3.createMultipartUpload(OBJECT);

      await assertRejects(() =>
        upload(local.s3, { ...OBJECT, Body: CONTENT }, {
          ...OPTIONS,
          resume: chosen ? { uploadId: UploadId } : true,
          ...keepParts === undefined ? {} : { keepParts },
        })
      );

      const { Uploads = [] } = await local.s3.listMultipartUploads({
        Bucket: "photos",
      });
      assertEquals(Uploads.map((one) => one.UploadId), [UploadId]);
    });
  }
}

Deno.test("upload with resume refuses to choose between two uploads, and names them", async () => {
  await using local = await faultyS3();
  const ids: string[] = [];
  for (const Key of ["cat.bin", "cat.bin", "cat.bin.old"]) {
    const { UploadId } = await local.s3.createMultipartUpload({
      Bucket: "photos",
      Key,
    });
    ids.push(UploadId);
  }
  local.requests.length = 0;

  const error = await assertRejects(
    () =>
      upload(local.s3, { ...OBJECT, Body: CONTENT }, {
        ...OPTIONS,
        resume: true,
      }),
    ConfigError,
    "it has 2 unfinished uploads",
  );

  assertEquals(error.code, "AmbiguousUpload");
  assertEquals(ids.map((id) => error.message.includes(id)), [
    true,
    true,
    false,
  ]);
  assertEquals(local.requests.length, 1);
});

Deno.test("upload with resume: { uploadId } goes on with the one that is chosen, whatever the length", async () => {
  for (const size of [3, 12 * MIB]) {
    await using local = await faultyS3();
    const content = CONTENT.slice(0, size);
    const one = await local.s3.createMultipartUpload(OBJECT);
    const two = await local.s3.createMultipartUpload(OBJECT);
    await local.s3.uploadPart({
      ...OBJECT,
      UploadId: one.UploadId,
      PartNumber: 1,
      Body: content.slice(0, PART),
    });

    const result = await upload(local.s3, { ...OBJECT, Body: content }, {
      ...OPTIONS,
      resume: { uploadId: one.UploadId },
    });

    assertEquals(result.kind === "multipart" && result.resumed, 1);
    const { Uploads = [] } = await local.s3.listMultipartUploads({
      Bucket: "photos",
    });
    assertEquals(Uploads.map(({ UploadId }) => UploadId), [two.UploadId]);
  }
});

Deno.test("upload with resume: { uploadId } of an upload that is gone fails, and begins none", async () => {
  await using local = await faultyS3();

  await assertRejects(
    () =>
      upload(local.s3, { ...OBJECT, Body: CONTENT }, {
        ...OPTIONS,
        resume: { uploadId: "gone" },
      }),
    ServiceError,
    "NoSuchUpload",
  );

  assertEquals(local.requests.some((line) => line.includes("uploads")), false);
});

/** One unfinished upload, checked as said. */
function listed(checked: string): string {
  return `<ListMultipartUploadsResult><Upload><Key>cat.bin</Key><UploadId>u1</UploadId>${checked}</Upload></ListMultipartUploadsResult>`;
}

for (
  const [checked, matches] of [
    [
      "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>",
      true,
    ],
    ["<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>", true],
    ["", true],
    [
      "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>",
      false,
    ],
    [
      "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>",
      false,
    ],
  ] as const
) {
  Deno.test(`upload with resume ${matches ? "adopts" : "leaves alone"} an upload with ${checked || "no checksum"}`, async () => {
    const used = new Set<string>();
    await using local = await faultyS3((request, send) => {
      const line = lineOf(request);
      if (line.startsWith("GET /photos?uploads")) {
        return answer(200, listed(checked));
      }
      const id = request.query.find(([name]) => name === "uploadId")?.[1];
      if (id !== "u1") return send();
      used.add(request.method);
      if (request.method === "PUT") return answer(200, "", { etag: '"1"' });
      return answer(
        200,
        request.method === "GET"
          ? "<ListPartsResult></ListPartsResult>"
          : '<CompleteMultipartUploadResult><Key>cat.bin</Key><ETag>"1"</ETag></CompleteMultipartUploadResult>',
      );
    }, { requestChecksum: "when_supported" });

    await upload(local.s3, { ...OBJECT, Body: CONTENT }, {
      ...OPTIONS,
      resume: true,
    });

    assertEquals([...used], matches ? ["GET", "PUT", "POST"] : []);
  });
}

/**
 * `LocalAws` as a server. What clients of others stumbled over, by the letters
 * under which it was found, and the tests that prove that it is mended; those of
 * `tools/clients` run with the client itself (`deno task test:clients`):
 *
 * | letter | what                                            | proved in                                              |
 * | ------ | ----------------------------------------------- | ------------------------------------------------------ |
 * | A      | boto3 and awscli stall after an empty PUT       | `server_test.ts`, `tools/clients/boto3_session.py`     |
 * | B      | `"` as it is, `&amp; &lt; &gt;` (minio, lean-s3, s3mini) | `xml_test.ts`, `tools/clients`                |
 * | C      | DeleteObjects with `VersionId` and `ETag`       | `versions_test.ts`                                     |
 * | D      | URLs presigned by signature version 2 (boto3)   | `signature_test.ts`, `../local_program_test.ts` (log)  |
 * | E      | a bucket with an unfinished upload (`aws s3 rb`) | `multipart_test.ts`                                   |
 * | F      | checksums of uploads, of both kinds, and copies | `checksums_test.ts`, `attributes_test.ts`              |
 * | G      | CompleteMultipartUpload again                   | `multipart_test.ts`, `checksums_test.ts`               |
 * | H      | metadata with an empty value                    | `attributes_test.ts`, `tools/clients/boto3_session.py` |
 * | I      | CreateBucket again in us-east-1                 | `buckets_test.ts`                                      |
 * | J      | UploadPartCopy beyond the end                   | `attributes_test.ts`                                   |
 * | K      | `MaxBuckets`                                    | `server_test.ts`                                       |
 * | L      | options are done, or refused by name            | `call_test.ts`                                         |
 * | M      | every `Get…` of a fresh bucket                  | `fresh_bucket_test.ts`                                 |
 * | N      | texts of messages                               | `errors_test.ts`                                       |
 * | O      | other services                                  | `server_test.ts`                                       |
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { presignUrl, signRequest } from "../../../src/signing/mod.ts";
import { LocalAws } from "../../../src/testing/local_aws/local_aws.ts";

Deno.test("LocalAws.start listens until it is disposed of", async () => {
  let url = "";
  {
    await using local = await LocalAws.start({ region: "eu-west-1" });
    const { endpointUrl, ...scope } = local.clientConfig;
    url = `${endpointUrl}/`;
    const request = await signRequest(new Request(url), {
      ...scope,
      service: "s3",
    });

    const response = await fetch(request);

    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "application/xml");
    await response.body?.cancel();
  }
  await assertRejects(() => fetch(url), TypeError);
});

Deno.test("LocalAws.start checks the path as it was sent", async () => {
  await using local = await LocalAws.start();
  const { endpointUrl, ...scope } = local.clientConfig;
  const url = await presignUrl(`${endpointUrl}/photos/a%2Fb%20c`, {
    ...scope,
    service: "s3",
  });

  const same = await fetch(url);
  const other = await fetch(url.replace("%20", "%21"));

  assertEquals((await same.text()).includes("NoSuchBucket"), true);
  assertEquals((await other.text()).includes("SignatureDoesNotMatch"), true);
});

Deno.test("LocalAws.transport ends with the signal's reason", async () => {
  using local = new LocalAws();
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(
    () =>
      local.transport().send({
        method: "GET",
        origin: "http://localhost",
        path: "/",
        query: [],
        headers: {},
        body: undefined,
      }, { signal }),
    Error,
    "enough",
  );
});

Deno.test("LocalAws needs a user", () => {
  assertThrows(
    () => new LocalAws({ credentials: [] }),
    RangeError,
    "Cannot start LocalAws: credentials is empty",
  );
});

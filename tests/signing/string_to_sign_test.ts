import { assertEquals } from "@std/assert";
import { SigV4 } from "../../src/signing/request_signer.ts";
import {
  chunkToSign,
  stringToSign,
  trailerToSign,
} from "../../src/signing/steps.ts";

// The examples of the S3 API Reference, for an upload of 65 KiB in chunks.
const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const SCOPE = {
  service: "s3",
  region: "us-east-1",
  at: new Date("2013-05-24T00:00:00Z"),
};
const EMPTY =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Deno.test("stringToSign puts the hash of the canonical request last", () => {
  const text = stringToSign(
    "AWS4-HMAC-SHA256",
    "",
    "20130524T000000Z",
    "a/b/c/d",
  );

  assertEquals(
    text,
    `AWS4-HMAC-SHA256\n20130524T000000Z\na/b/c/d\n${EMPTY}`,
  );
});

Deno.test("chunkToSign makes the text by which a chunk is signed", async () => {
  const previous =
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497";

  const text = chunkToSign(previous, EMPTY, SCOPE);

  assertEquals(
    text,
    `AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${previous}\n${EMPTY}\n${EMPTY}`,
  );
  assertEquals(
    await new SigV4().signText(text, CREDENTIALS, SCOPE),
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  );
});

Deno.test("trailerToSign makes the text by which a trailer is signed", async () => {
  const previous =
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992";
  const hash =
    "1e376db7e1a34a8ef1c4bcee131a2d60a1cb62503747488624e10995f448d774";

  const text = trailerToSign(previous, hash, SCOPE);

  assertEquals(
    await new SigV4().signText(text, CREDENTIALS, SCOPE),
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
  );
});

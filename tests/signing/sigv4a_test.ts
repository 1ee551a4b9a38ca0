import { assertEquals, assertRejects } from "@std/assert";
import { hex } from "../../src/foundation/bytes.ts";
import { derSignature, SigV4a } from "../../src/signing/sigv4a.ts";
import { presignUrl, signRequest } from "../../src/signing/mod.ts";

const CREDENTIALS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

Deno.test("derSignature writes two integers without needless bytes", () => {
  const raw = new Uint8Array(64);
  raw[31] = 0x7f;
  raw[62] = 0x80;

  assertEquals(hex(derSignature(raw)), "300802017f0203008000");
});

Deno.test("derSignature keeps integers of full length positive", () => {
  const der = derSignature(new Uint8Array(64).fill(0xff));

  assertEquals(der.length, 2 + 2 * (2 + 33));
  assertEquals(hex(der).slice(0, 12), "3046022100ff");
});

Deno.test("SigV4a signs for fetch, for all regions that are named", async () => {
  const signed = await signRequest(
    new Request("https://m.accesspoint.s3-global.amazonaws.com/cat.txt"),
    {
      credentials: { ...CREDENTIALS, sessionToken: "token" },
      region: "*",
      service: "s3",
      at: new Date("2024-02-29T12:34:56Z"),
      signer: new SigV4a(),
    },
  );

  assertEquals(signed.headers.get("x-amz-region-set"), "*");
  assertEquals(
    signed.headers.get("authorization")?.replace(/[0-9a-f]{126,144}$/, ""),
    "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20240229/s3/aws4_request, " +
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-region-set;x-amz-security-token, Signature=",
  );
});

Deno.test("SigV4a presigns URLs", async () => {
  const url = await presignUrl("https://example.com/cat.txt?a=b", {
    credentials: CREDENTIALS,
    region: "us-east-1,eu-west-1",
    service: "s3",
    signer: new SigV4a(),
  });

  const { searchParams } = new URL(url);
  assertEquals(searchParams.get("X-Amz-Region-Set"), "us-east-1,eu-west-1");
  assertEquals(
    searchParams.get("X-Amz-Algorithm"),
    "AWS4-ECDSA-P256-SHA256",
  );
});

Deno.test("SigV4a refuses what is signed already", async () => {
  await assertRejects(
    async () =>
      await presignUrl("https://example.com/?X-Amz-Region-Set=*", {
        credentials: CREDENTIALS,
        region: "*",
        service: "s3",
        signer: new SigV4a(),
      }),
    TypeError,
    'its query holds "X-Amz-Region-Set"',
  );
});

import { assertEquals } from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import type { PlainExchange } from "../../src/testing/http_message.ts";
import { Scrubber } from "../../src/testing/scrub.ts";

const EXCHANGE: PlainExchange = {
  request: {
    method: "GET",
    url: "https://photos.s3.eu-west-1.amazonaws.com/cat.txt",
    headers: {},
    body: new Uint8Array(),
  },
  response: { status: 200, headers: {}, body: new Uint8Array() },
};

Deno.test("Scrubber takes the secrets out of a presigned URL", () => {
  const url =
    `${EXCHANGE.request.url}?X-Amz-Credential=AKIAPLANTEDPLANTED01%2F20261122%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Security-Token=to%2Fken%3D1&X-Amz-Signature=${
      "ab".repeat(32)
    }`;

  const [clean] = new Scrubber().exchanges([
    { ...EXCHANGE, request: { ...EXCHANGE.request, url } },
  ]);

  assertEquals(
    clean?.request.url,
    `${EXCHANGE.request.url}?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261122%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Security-Token=EXAMPLETOKEN1&X-Amz-Signature=${
      "0".repeat(64)
    }`,
  );
});

Deno.test("Scrubber leaves out what differs each time", () => {
  const [clean] = new Scrubber().exchanges([{
    request: {
      ...EXCHANGE.request,
      headers: {
        "amz-sdk-request": "attempt=1",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAPLANTEDPLANTED01/x",
        "range": "bytes=0-4",
        "user-agent": "me",
        "x-amz-date": "20261122T100000Z",
        "x-amz-security-token": "a-long-token",
      },
    },
    response: {
      ...EXCHANGE.response,
      headers: { date: "now", etag: '"1"', "x-amz-id-2": "a-long-host-id" },
    },
  }]);

  assertEquals(clean?.request.headers, { range: "bytes=0-4" });
  assertEquals(clean?.response.headers, {
    "etag": '"1"',
    "x-amz-id-2": "EXAMPLEHOSTID1",
  });
});

Deno.test("Scrubber puts the same example for the same value", () => {
  const scrubber = new Scrubber();
  const body = utf8(
    "<Arn>arn:aws:iam::999999999999:user/a</Arn><Arn>arn:aws:iam::888888888888:user/a</Arn><UserId>AIDAPLANTEDPLANTED1</UserId>",
  );

  const [clean] = scrubber.exchanges([
    { ...EXCHANGE, response: { ...EXCHANGE.response, body } },
  ]);

  assertEquals(
    text(clean?.response.body ?? new Uint8Array()),
    "<Arn>arn:aws:iam::123456789012:user/a</Arn><Arn>arn:aws:iam::123456789013:user/a</Arn><UserId>AIDAIOSFODNN7EXAMPLE</UserId>",
  );
  assertEquals(scrubber.text("account 888888888888"), "account 123456789013");
});

Deno.test("Scrubber leaves bytes that are no text as they are", () => {
  const body = new Uint8Array([255, 0, 1]);

  const [clean] = new Scrubber(["secret-word"]).exchanges([
    { ...EXCHANGE, response: { ...EXCHANGE.response, body } },
  ]);

  assertEquals(clean?.response.body, body);
});

Deno.test("Scrubber does not suspect names, checksums and its own examples", () => {
  const scrubber = new Scrubber();
  const harmless = [
    "https://s3.eu-west-1.amazonaws.com/app1-transcoder-out/HLS/1M/D0002021500_00000/sample.m3u8",
    "x-amz-checksum-sha256: LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
    "<ChecksumSHA256>LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=</ChecksumSHA256>",
    `x-amz-content-sha256: ${"0af3".repeat(16)}`,
    scrubber.text("<SecretAccessKey>pLanTed/SecReT</SecretAccessKey>"),
  ];

  for (const value of harmless) {
    assertEquals(scrubber.suspicion(value), undefined, value);
  }
});

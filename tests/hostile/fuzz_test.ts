/**
 * Input from outside that was damaged at random: what reads it ends soon, with a
 * result or with an error of the library. The seed is fixed, so that a failure
 * can be had again; `tests/fixtures/corpus` holds what is damaged.
 */
import { assert, assertEquals } from "@std/assert";
import { AwsError, Session } from "../../mod.ts";
import { GetObject, S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";
import { overBoth } from "../both_transports.ts";
import { framed } from "../protocol/event_messages.ts";
import { scripted } from "../scripted_transport.ts";
import { HostileServer } from "../transport/hostile_server.ts";
import { s3At } from "./store.ts";

/** Damaged inputs of each kind. */
const CASES = 400;

/** Longest time of one case, in milliseconds, on a busy machine. */
const LONGEST_MS = 2_000;

const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "example",
};

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** mulberry32: small, seeded, good enough to choose places. */
function randomFrom(seed: number): (below: number) => number {
  return (below) => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) % below;
  };
}

const PIECES = [
  ..."<>&\"'[]{}=:;#,\\\n\r\t\0 -",
  "<![CDATA[",
  "]]>",
  "<!--",
  "&#x;",
  "&#1114112;",
  "&unknown;",
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  "\ufeff",
  "\u2028",
  "\ud800",
  "__proto__",
  "constructor",
  "1e999",
  "-1",
  "[profile ",
  "\n  ",
].map((piece) => new TextEncoder().encode(piece));

/** Damages bytes in one to eight places. */
function damaged(
  input: Uint8Array,
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  const bytes = [...input];
  for (let i = random(8); i >= 0; i--) {
    const at = random(bytes.length + 1);
    switch (random(5)) {
      case 0:
        bytes.splice(at, random(40));
        break;
      case 1:
        bytes.splice(at, 0, ...PIECES[random(PIECES.length)] ?? []);
        break;
      case 2:
        bytes[at] = random(256);
        break;
      case 3: {
        const piece = bytes.slice(at, at + random(60));
        for (let n = random(6); n > 0; n--) bytes.splice(at, 0, ...piece);
        break;
      }
      default:
        bytes.length = at;
    }
  }
  return Uint8Array.from(bytes);
}

async function corpus(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(
    new URL(`../fixtures/corpus/${name}`, import.meta.url),
  );
}

/** Runs one kind of input; `read` may reject with errors of the library only. */
async function fuzz(
  name: string,
  seed: number,
  read: (input: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): Promise<void> {
  const original = await corpus(name);
  await fuzzAny(
    name,
    seed,
    (random) => damaged(original, random),
    original,
    read,
  );
}

/** The same with damage of its own kind. */
async function fuzzAny(
  name: string,
  seed: number,
  damage: (random: (below: number) => number) => Uint8Array<ArrayBuffer>,
  original: Uint8Array<ArrayBuffer>,
  read: (input: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): Promise<void> {
  const random = randomFrom(seed);
  let refused = 0;
  for (let i = 0; i < CASES; i++) {
    const input = i === 0 ? original : damage(random);
    const start = performance.now();
    try {
      await read(input);
    } catch (error) {
      const shown = `case ${i} of ${name}: ${
        JSON.stringify(new TextDecoder().decode(input))
      }`;
      assert(error instanceof AwsError, `${shown}: ${Deno.inspect(error)}`);
      assert(i > 0, `the original is refused: ${error.message}`);
      refused++;
    }
    assert(performance.now() - start < LONGEST_MS, `case ${i} is slow`);
  }
  // Damage that is never seen, or always, would show nothing.
  assert(refused > 0 && refused < CASES - 1, `${refused} of ${CASES} refused`);
  assertEquals(Object.keys(Object.prototype), []);
}

/** A session that gets this answer to every request. */
function answered(
  status: number,
  body: Uint8Array<ArrayBuffer>,
): Session {
  const answer = {
    status,
    headers: { "content-type": "application/xml" },
    body,
  };
  return new Session({
    transport: scripted([answer, answer, answer]),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    region: "us-east-1",
    credentials: KEYS,
  });
}

Deno.test("damaged listings are read or refused", async () => {
  await fuzz("listing.xml", 1, async (body) => {
    using session = answered(200, body);
    const { Contents = [] } = await session.client(S3)
      .listObjectsV2({ Bucket: "photos" });
    for (const { Key, Size } of Contents) {
      assert(Key === undefined || typeof Key === "string");
      assert(Size === undefined || typeof Size === "number");
    }
  });
});

Deno.test("damaged refusals are told as refusals", async () => {
  const original = await corpus("error.xml");
  const random = randomFrom(2);
  for (let i = 0; i < CASES; i++) {
    using session = answered(404, damaged(original, random));
    const error = await session.client(S3)
      .getObject({ Bucket: "photos", Key: "cat.txt" })
      .then(() => undefined, (error) => error);
    assert(error instanceof AwsError, Deno.inspect(error));
    assertEquals(error.ResponseMetadata?.HTTPStatusCode, 404);
  }
});

Deno.test("damaged credentials of STS are read or refused", async () => {
  await fuzz("role.xml", 3, async (body) => {
    using session = answered(200, body);
    await session.client(STS).assumeRole({
      RoleArn: "arn:aws:iam::123456789012:role/demo",
      RoleSessionName: "demo",
    });
  });
});

Deno.test("damaged event streams are read or refused", async () => {
  const original = await corpus("events.bin");
  const messages: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < original.length;) {
    const length = new DataView(original.buffer).getUint32(at);
    messages.push(original.slice(at, at += length));
  }
  assertEquals(messages.length, 3);
  const read = async (body: Uint8Array<ArrayBuffer>): Promise<void> => {
    using session = answered(200, body);
    const { Payload } = await session.client(S3).selectObjectContent({
      Bucket: "photos",
      Key: "table.csv",
      Expression: "select * from s3object",
      ExpressionType: "SQL",
      InputSerialization: { CSV: {} },
      OutputSerialization: { CSV: {} },
    });
    for await (const event of Payload ?? []) assert(typeof event === "object");
  };
  await fuzzAny(
    "bytes",
    7,
    (random) => damaged(original, random),
    original,
    read,
  );
  // With right checksums damage comes further.
  await fuzzAny(
    "messages",
    8,
    (random) =>
      concat(messages.map((message) => {
        const headers = 12 + new DataView(message.buffer).getUint32(4);
        return framed(
          random(2)
            ? damaged(message.slice(12, headers), random)
            : message.slice(12, headers),
          random(2)
            ? damaged(message.slice(headers, -4), random)
            : message.slice(headers, -4),
        );
      })),
    original,
    read,
  );
});

Deno.test("damaged config files are read or refused", async () => {
  await fuzz("config.ini", 4, async (bytes) => {
    using session = new Session({
      system: new FakeSystem({
        env: { HOME: "/home/me", AWS_EC2_METADATA_DISABLED: "true" },
        files: { "/home/me/.aws/config": bytes },
      }),
      transport: scripted([{ status: 200 }]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

Deno.test("damaged credentials of a process are read or refused", async () => {
  await fuzz("credentials.json", 5, async (bytes) => {
    const stdout = new TextDecoder().decode(bytes);
    using session = new Session({
      region: "us-east-1",
      system: new FakeSystem({
        env: { HOME: "/home/me", AWS_EC2_METADATA_DISABLED: "true" },
        files: {
          "/home/me/.aws/config": "[default]\ncredential_process = tool",
        },
        run: () => ({ code: 0, stdout, stderr: "" }),
      }),
      transport: scripted([{ status: 200 }]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

Deno.test("damaged credentials of a container are read or refused", async () => {
  await fuzz("container.json", 9, async (body) => {
    const answer = { status: 200, body };
    using session = new Session({
      region: "us-east-1",
      system: new FakeSystem({
        env: {
          HOME: "/home/me",
          AWS_EC2_METADATA_DISABLED: "true",
          AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/role",
        },
      }),
      transport: scripted([answer, answer, answer]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

Deno.test("damaged tokens of a sign-in are read or refused", async () => {
  // SHA-1 of the name of the session names the file.
  const name = "ee0bfd2552fbd840c02cc48b6e823320543c450f";
  await fuzz("sso_token.json", 10, async (bytes) => {
    const body = new TextEncoder().encode(JSON.stringify({
      roleCredentials: {
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "example",
        sessionToken: "example",
        expiration: Date.parse("2034-02-28T13:34:56Z"),
      },
    }));
    const answer = { status: 200, body };
    using session = new Session({
      system: new FakeSystem({
        env: { HOME: "/home/me", AWS_EC2_METADATA_DISABLED: "true" },
        files: {
          "/home/me/.aws/config":
            "[default]\nregion = us-east-1\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = demo\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n",
          [`/home/me/.aws/sso/cache/${name}.json`]: bytes,
        },
      }),
      transport: scripted([answer, answer, answer]),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
    });
    await session.client(S3).presign(GetObject, {
      Bucket: "photos",
      Key: "cat.txt",
    });
  });
});

overBoth("damaged answers of a server are read or refused", async () => {
  const original = await corpus("head.http");
  const random = randomFrom(11);
  let next = original;
  await using server = new HostileServer(async (peer) => {
    await peer.request();
    await peer.send(next);
    peer.close();
  });
  using client = s3At(server.origin, { retry: { maxAttempts: 1 } });
  let refused = 0;
  for (let i = 0; i < CASES / 2; i++) {
    const start = performance.now();
    try {
      const { Body } = await client.s3.getObject({ Bucket: "b", Key: "k" });
      await Body.text();
    } catch (error) {
      const shown = `case ${i}: ${
        JSON.stringify(new TextDecoder().decode(next))
      }`;
      assert(error instanceof AwsError, `${shown}: ${Deno.inspect(error)}`);
      assert(i > 0, `the original is refused: ${error.message}`);
      refused++;
    }
    assert(performance.now() - start < LONGEST_MS, `case ${i} is slow`);
    next = damaged(original, random);
  }
  assert(refused > 0 && refused < CASES / 2 - 1, `${refused} refused`);
});

/** Texts of what addresses and header fields are made of, and end by. */
function textsFrom(
  random: (below: number) => number,
  alphabet = [..."ab/.?#%&=+\\ \r\n\0\t\"'<>é€\u{1F600}\ud800"],
): (most?: number) => string {
  return (most = 12) =>
    Array.from(
      { length: random(most) + 1 },
      () => alphabet[random(alphabet.length)] ?? "",
    ).join("");
}

Deno.test("a presigned URL has the parameters that it was made with, and no others", async () => {
  const text = textsFrom(randomFrom(12));
  using session = new Session({
    transport: scripted([{ status: 200 }]),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    region: "us-east-1",
    credentials: KEYS,
  });
  const s3 = session.client(S3);
  const names = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "response-content-disposition",
    "versionId",
    "x-id",
  ];
  let made = 0;
  for (let i = 0; i < CASES; i++) {
    const input = {
      Bucket: "photos",
      Key: text(),
      VersionId: text(),
      ResponseContentDisposition: text(),
    };
    try {
      const url = new URL((await s3.presign(GetObject, input)).url);
      made++;
      assertEquals(url.host, "photos.s3.us-east-1.amazonaws.com");
      assertEquals(decodeURIComponent(url.pathname.slice(1)), input.Key);
      const params = new Map(url.searchParams);
      assertEquals(url.searchParams.size, params.size, "one twice");
      assertEquals(params.get("versionId"), input.VersionId);
      assertEquals(
        params.get("response-content-disposition"),
        input.ResponseContentDisposition,
      );
      assertEquals(
        [...params.keys()].filter((name) => !names.includes(name)),
        [],
      );
    } catch (error) {
      assert(error instanceof AwsError, Deno.inspect(error));
    }
  }
  assert(made > CASES / 4, `${made} made`);
});

Deno.test("whatever endpointUrl is, requests go to its host, or nowhere", async () => {
  const random = randomFrom(13);
  const text = textsFrom(random, [
    ...["ab", "photos", ".", "/", "//", ":", "@", "?", "#", "\\", "%2f", " "],
    ...["http:", "https:", "ftp:", "[::1]", "127.0.0.1", "80", "99999", "\n"],
  ]);
  let went = 0;
  for (let i = 0; i < CASES; i++) {
    const sent: Parameters<typeof scripted>[1] = [];
    const endpointUrl = (random(2) ? "https://a" : "") + text(5);
    using session = new Session({
      transport: scripted([{ status: 200, headers: { etag: '"e"' } }], sent),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
      region: "us-east-1",
      credentials: KEYS,
    });
    try {
      await session.client(S3, { endpointUrl })
        .headObject({ Bucket: "photos", Key: "cat.txt" });
    } catch (error) {
      assert(error instanceof AwsError, `${endpointUrl}: ${error}`);
      assertEquals(sent, [], "refused, and sent");
      continue;
    }
    went++;
    const [request] = sent;
    const there = new URL(endpointUrl);
    const host = new URL(request?.origin ?? "").host;
    assert(
      host === there.host || host === `photos.${there.host}`,
      `${JSON.stringify(endpointUrl)} leads to ${host}`,
    );
  }
  assert(went > 10, `${went} went`);
});

Deno.test("whatever region a redirect names, the host stays Amazon's", async () => {
  const random = randomFrom(14);
  const text = textsFrom(random, [
    ...["evil.example", "/", "#", "@", ".", "-", "?", ":", "\\", "eu-west-1"],
    ...["us", "\n", " ", "%2f", "amazonaws.com", "__proto__", "80", "é"],
  ]);
  let followed = 0;
  for (let i = 0; i < CASES; i++) {
    const sent: Parameters<typeof scripted>[1] = [];
    const region = text(4);
    const inHeader = random(2) === 0;
    const redirect = {
      status: 301,
      headers: inHeader ? { "x-amz-bucket-region": region } : {},
      body: new TextEncoder().encode(
        `<Error><Code>PermanentRedirect</Code><Endpoint>${
          inHeader ? "evil.example" : region
        }</Endpoint><Region>${inHeader ? "" : region}</Region></Error>`,
      ),
    };
    using session = new Session({
      transport: scripted([redirect, redirect, redirect, redirect], sent),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
      region: "us-east-1",
      credentials: KEYS,
    });
    const error = await session.client(S3)
      .getObject({ Bucket: "photos", Key: "cat.txt" })
      .then(() => undefined, (error) => error);
    assert(error instanceof AwsError, Deno.inspect(error));
    followed += Number(sent.length > 1);
    for (const { origin } of sent) {
      assert(
        /^https:\/\/photos\.s3\.[a-z\d-]+\.amazonaws\.com(?:\.cn)?$/.test(
          origin,
        ),
        `${JSON.stringify(region)} leads to ${origin}`,
      );
    }
  }
  assert(followed > 5 && followed < CASES / 2, `${followed} followed`);
});

Deno.test("whatever a key or metadata holds, one request goes to one place", async () => {
  const text = textsFrom(randomFrom(6));
  for (let i = 0; i < CASES; i++) {
    const sent: Parameters<typeof scripted>[1] = [];
    using session = new Session({
      transport: scripted([{ status: 200, headers: { etag: '"e"' } }], sent),
      clock: new FixedClock("2024-02-29T12:34:56Z"),
      region: "us-east-1",
      credentials: KEYS,
    });
    const input = {
      Bucket: "photos",
      Key: text(),
      Body: "",
      Metadata: { note: text() },
      ContentType: text(),
    };
    const headers = { "x-note": text() };
    try {
      await session.client(S3).putObject(input, { headers });
    } catch (error) {
      assert(error instanceof AwsError, Deno.inspect(error));
      assertEquals(sent, [], "refused, and sent");
      continue;
    }
    const [request] = sent;
    assert(request !== undefined);
    const url = new URL(request.origin + request.path);
    assertEquals(url.host, "photos.s3.us-east-1.amazonaws.com");
    assertEquals([url.search, url.hash], ["", ""]);
    assertEquals(decodeURIComponent(url.pathname.slice(1)), input.Key);
    for (const value of Object.values(request.headers)) {
      assert(!/[\r\n\0]/.test(value), JSON.stringify(value));
    }
  }
});

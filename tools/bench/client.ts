/**
 * One of the programs that the call benchmark compares. Prints the CPU time of
 * one small GET, in microseconds.
 *
 * Arguments: which program, the server's URL, calls, calls at once.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

const [program = "", origin = "", calls = "", atOnce = ""] = Deno.args;
const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

const PROGRAMS: Readonly<Record<string, () => () => Promise<number>>> = {
  bare,
  floor,
  inia,
};

const get = PROGRAMS[program]?.();
if (get === undefined) throw new Error(`no program "${program}"`);
await run(get, Math.ceil(Number(calls) / 2));
const before = cpuUsage();
await run(get, Number(calls));
const { user, system } = cpuUsage(before);
console.log((user + system) / Number(calls));
Deno.exit(0);

async function run(get: () => Promise<number>, calls: number): Promise<void> {
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      if (await get() !== 1_024) throw new Error("the body is not whole");
    }
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, lane));
}

/** `fetch` and nothing else. */
function bare(): () => Promise<number> {
  const client = Deno.createHttpClient({ http2: false });
  return async () => {
    const response = await fetch(`${origin}/photos/cat.txt`, { client });
    return (await response.arrayBuffer()).byteLength;
  };
}

/**
 * The least that a signed call can be: one hash and one HMAC by Web Crypto with
 * a ready key, the same header fields, a signal, and a timer for the silence of
 * the server.
 */
function floor(): () => Promise<number> {
  const client = Deno.createHttpClient({ http2: false });
  const { host } = new URL(origin);
  const encoder = new TextEncoder();
  const ready = signingKey(encoder);
  return async () => {
    const key = await ready;
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
    const empty =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const names = "host;x-amz-content-sha256;x-amz-date";
    const canonical =
      `GET\n/photos/cat.txt\n\nhost:${host}\nx-amz-content-sha256:${empty}\nx-amz-date:${date}\n\n${names}\n${empty}`;
    const scope = `20240229/us-east-1/s3/aws4_request`;
    const hash = hex(
      await crypto.subtle.digest("SHA-256", encoder.encode(canonical)),
    );
    const signature = hex(
      await crypto.subtle.sign(
        "HMAC",
        key,
        encoder.encode(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash}`),
      ),
    );
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 60_000);
    const response = await fetch(`${origin}/photos/cat.txt`, {
      client,
      redirect: "manual",
      signal: controller.signal,
      headers: {
        "accept-encoding": "identity",
        "amz-sdk-invocation-id": crypto.randomUUID(),
        "amz-sdk-request": "attempt=1",
        "authorization":
          `AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
        "user-agent": "floor",
        "x-amz-content-sha256": empty,
        "x-amz-date": date,
      },
    });
    const body = await response.arrayBuffer();
    clearTimeout(timer);
    return body.byteLength;
  };
}

async function signingKey(encoder: TextEncoder): Promise<CryptoKey> {
  return await crypto.subtle.importKey(
    "raw",
    encoder.encode(KEYS.secretAccessKey),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
}

function hex(bytes: ArrayBuffer): string {
  return new Uint8Array(bytes).toHex();
}

/** The library, as a script uses it. */
function inia(): () => Promise<number> {
  const session = new Session({
    region: "us-east-1",
    endpointUrl: origin,
    credentials: KEYS,
    // As many as there are calls at once, as the other programs keep.
    maxIdleConnections: 16,
  });
  const s3 = session.client(S3);
  return async () => {
    const { Body } = await s3.getObject({ Bucket: "photos", Key: "cat.txt" });
    return (await Body.bytes()).length;
  };
}

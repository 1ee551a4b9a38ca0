/**
 * Planted secrets appear in nothing that a program prints.
 *
 * @module
 */
import { assert, assertRejects } from "@std/assert";
import { AwsError, Session } from "../mod.ts";
import { utf8 } from "../src/foundation/bytes.ts";
import type { HttpRequest, Transport } from "../src/ports/http.ts";
import type { LogFields, Logger } from "../src/ports/telemetry.ts";
import { S3 } from "../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../src/testing/mod.ts";
import { allOperations, holdsSecret, sampleOf } from "./sample_calls.ts";

const KEYS = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "planted/secret+of/the/session/AAAAAAAAAA",
  sessionToken: "planted-token-of-the-session-BBBBBBBBBBBB",
};
const PLANTED_MEMBER = "planted-member-CCCCCCCCCCCC";
const SESSION = [KEYS.secretAccessKey, KEYS.sessionToken];
const SECRETS = [...SESSION, PLANTED_MEMBER];

Deno.test("no error or log line of any operation shows a secret that the service quotes", async () => {
  const lines: unknown[] = [];
  using session = sessionWith(quoting(), logging(lines));
  let told = 0;
  let secretMembers = 0;

  for (const { table, call } of allOperations()) {
    const takesSecrets = Object.values(table.input().members)
      .some((member) => holdsSecret(member, 0));
    if (takesSecrets) secretMembers++;
    const input = sampleOf(table.input(), {
      secret: PLANTED_MEMBER,
      also: (_name, member, depth) => holdsSecret(member, depth),
    });

    const error = await assertRejects(() => call(session, input), AwsError);

    assertSilent(table.name, error);
    told += lines.length;
    assertSilent(`the log of ${table.name}`, lines.splice(0));
  }

  assert(told > 300, `${told} lines were logged`);
  assert(secretMembers > 10, `${secretMembers} operations have secrets`);
});

Deno.test("no session, client or credentials show a secret", async () => {
  using session = sessionWith(quoting());
  const s3 = session.client(S3);

  assertSilent("session", session);
  assertSilent("client", s3);
  assertSilent("credentials", await session.credentials());
});

function sessionWith(transport: Transport, logger?: Logger): Session {
  return new Session({
    ...logger && { logger },
    region: "us-east-1",
    credentials: KEYS,
    transport,
    retry: { maxAttempts: 1 },
    system: new FakeSystem(),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
  });
}

function logging(lines: unknown[]): Logger {
  const line = (message: string, fields?: LogFields): void => {
    lines.push([message, fields]);
  };
  return {
    enabled: () => true,
    debug: line,
    info: line,
    warn: line,
    error: line,
    child: () => logging(lines),
  };
}

/** A service that quotes the whole request, and what it was signed with. */
function quoting(): Transport {
  return {
    send: async (request) => {
      const known = request.headers["authorization"] ? SESSION.join(" ") : "";
      const quote = xml(`${known} ${await textOf(request)}`);
      const body = utf8(
        `<Error><Code>AccessDenied</Code><Message>${quote}</Message><Echo>${quote}</Echo>` +
          `<CanonicalRequest>${quote}</CanonicalRequest><RequestId>R</RequestId></Error>`,
      );
      return {
        status: 403,
        headers: { "x-echo": known },
        body: {
          open: () => ReadableStream.from([body]),
          bytes: () => Promise.resolve(body),
          cancel: () => Promise.resolve(),
        },
      };
    },
    [Symbol.dispose]: () => {},
  };
}

async function textOf(request: HttpRequest): Promise<string> {
  const { body, ...head } = request;
  const bytes = body === undefined || body instanceof Uint8Array
    ? body
    : await new Response(body.open()).bytes();
  return JSON.stringify(head) + new TextDecoder().decode(bytes);
}

function assertSilent(what: string, value: unknown): void {
  const shown = [
    Deno.inspect(value, { depth: 20 }),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.stack} ${value.message}` : "",
  ].join("\n");
  for (const secret of SECRETS) {
    assert(
      !shown.includes(secret),
      `${what} shows "${secret.slice(0, 14)}..."`,
    );
  }
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

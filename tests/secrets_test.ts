/**
 * Planted secrets appear in nothing that a program prints.
 *
 * @module
 */
import { assert, assertRejects } from "@std/assert";
import { AwsError, Session } from "../mod.ts";
import { utf8 } from "../src/foundation/bytes.ts";
import type { HttpRequest, Transport } from "../src/ports/http.ts";
import type { LogFields, Logger } from "../src/ports/logger.ts";
import type { Member, Operation, StructureShape } from "../src/ports/schema.ts";
import * as S3Operations from "../src/services/s3/mod.ts";
import * as StsOperations from "../src/services/sts/mod.ts";
import { FakeSystem, FixedClock } from "../src/testing/mod.ts";

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

  for (const [client, operations] of clients(session)) {
    for (const operation of operations) {
      const before = planted;
      const input = inputOf(operation.input());
      if (planted > before) secretMembers++;
      const name = operation.name.charAt(0).toLowerCase() +
        operation.name.slice(1);
      const method = Reflect.get(client, name);

      const error = await assertRejects(
        () => method.call(client, input),
        AwsError,
      );

      assertSilent(operation.name, error);
      told += lines.length;
      assertSilent(`the log of ${operation.name}`, lines.splice(0));
    }
  }

  assert(told > 300, `${told} lines were logged`);
  assert(secretMembers > 10, `${secretMembers} operations have secrets`);
});

Deno.test("no session, client or credentials show a secret", async () => {
  using session = sessionWith(quoting());
  const s3 = session.client(S3Operations.S3);

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

function clients(
  session: Session,
): readonly (readonly [object, readonly Operation<unknown, unknown>[]])[] {
  return [
    [session.client(S3Operations.S3), operationsIn(S3Operations)],
    [session.client(StsOperations.STS), operationsIn(StsOperations)],
  ];
}

function operationsIn(module: object): Operation<unknown, unknown>[] {
  return Object.values(module).filter((value) =>
    typeof value === "object" && value !== null && "method" in value
  );
}

let planted = 0;

/** Parameters that a table accepts: what is required, and every secret. */
function inputOf(
  shape: StructureShape,
  depth = 0,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(shape.members)
      .filter(([, member]) => member.required || holdsSecret(member, depth))
      .map(([name, member]) => [name, valueOf(name, member, depth)]),
  );
}

function holdsSecret(member: Member, depth: number): boolean {
  if (member.secret) return true;
  if (typeof member.of === "string" || depth > 4) return false;
  const shape = member.of();
  if (shape.kind === "structure") {
    return Object.values(shape.members).some((inner) =>
      holdsSecret(inner, depth + 1)
    );
  }
  return holdsSecret(
    shape.kind === "list" ? shape.item : shape.value,
    depth + 1,
  );
}

function valueOf(name: string, member: Member, depth: number): unknown {
  if (member.secret && member.of === "string") {
    planted++;
    return PLANTED_MEMBER;
  }
  switch (member.of) {
    case "string":
      return name === "RoleArn" ? "arn:aws:iam::123456789012:role/r" : "photos";
    case "blob":
      return "body";
    case "boolean":
      return true;
    case "timestamp":
      return new Date(0);
    case "double":
    case "float":
    case "integer":
    case "long":
      return 1;
  }
  const shape = member.of();
  if (shape.kind === "list") return [valueOf("item", shape.item, depth + 1)];
  if (shape.kind === "map") {
    return { key: valueOf("value", shape.value, depth + 1) };
  }
  const inner = inputOf(shape, depth + 1);
  return shape.union
    ? Object.fromEntries(Object.entries(inner).slice(0, 1))
    : inner;
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

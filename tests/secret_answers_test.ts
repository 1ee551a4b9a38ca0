/**
 * Secrets that a service hands out are in the result of their call and nowhere
 * else.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BaseHandler, setup } from "@std/log";
import { utf8 } from "../src/foundation/bytes.ts";
import { setLogSink } from "../src/foundation/log.ts";
import { setStreamLogger, stopLogging, useStdLog } from "../src/logging/mod.ts";
import { StreamSink } from "../src/logging/loggers.ts";
import type { HttpResponse, Transport } from "../src/ports/http.ts";
import type { Member, Operation, StructureShape } from "../src/ports/schema.ts";
import { GetObject, S3 } from "../src/services/s3/mod.ts";
import { Session } from "../src/session/session.ts";
import { FakeSystem, FixedClock } from "../src/testing/mod.ts";
import {
  allOperations,
  holdsSecret,
  sampleOf,
  type SampleOperation,
} from "./sample_calls.ts";

const PLANTED = "planted-answer-DDDDDDDDDDDD";

Deno.test("no log line and no metadata of a success shows a secret of the answer", async () => {
  const lines: string[] = [];
  const operations = allOperations().filter(handsOutSecrets);
  using _quiet = { [Symbol.dispose]: stopLogging };

  for (const log of [toStream, toStdLog]) {
    log(lines);
    for (const operation of operations) {
      const before = lines.length;

      const output = await answered(operation);

      const { name } = operation.table;
      assert(JSON.stringify(output).includes(PLANTED), `${name} has no secret`);
      const printed = Deno.inspect(output, { depth: 20 });
      assert(!printed.includes(PLANTED), `${name} is printed with its secret`);
      const { ResponseMetadata } = output;
      const shown = JSON.stringify(ResponseMetadata);
      assert(!shown.includes(PLANTED), `the metadata of ${name} show it`);
      assert(lines.length > before, `${name} logs nothing`);
    }
    assertEquals(lines.filter((line) => line.includes(PLANTED)), []);
  }
  const names = operations.map(({ table }) => table.name);
  for (
    const name of [
      "AssumeRole",
      "CreateSession",
      "GetFederationToken",
      "GetSessionToken",
    ]
  ) {
    assert(names.includes(name), `${name} is not among them`);
  }
});

Deno.test("no log line shows the signature of a presigned URL", async () => {
  const lines: string[] = [];
  using _quiet = { [Symbol.dispose]: stopLogging };
  toStream(lines);
  using session = sessionWith(() => Promise.reject(new Error("no call")));
  const token = "planted-token-EEEEEEEEEEEE";
  const s3 = session.client(S3, {
    credentials: {
      accessKeyId: "ASIAEXAMPLE",
      secretAccessKey: "planted-secret",
      sessionToken: token,
    },
  });

  const { url } = await s3.presign(GetObject, {
    Bucket: "photos",
    Key: "cat.txt",
  });
  const signature = /X-Amz-Signature=(\w+)/.exec(url)?.[1] ?? "";
  using caller = sessionWith(() => Promise.resolve(response(200, {}, "")));
  await caller.client(S3).copyObject({
    Bucket: "photos",
    Key: "copy.txt",
    CopySource: `photos/cat.txt?${url.split("?")[1]}`,
  }).catch(() => {});

  assertEquals(signature.length, 64);
  assert(lines.length > 0);
  const shown = lines.join("\n");
  assertEquals(shown.includes(signature), false);
  assertEquals(shown.includes(token), false);
});

/** The lines that would go to the console. */
function toStream(lines: string[]): void {
  setLogSink(
    new StreamSink({
      write: (line) => lines.push(line),
      now: () => new Date(0),
    }),
  );
  setStreamLogger();
}

function toStdLog(lines: string[]): void {
  const handler = new class extends BaseHandler {
    override log(text: string): void {
      lines.push(text);
    }
  }("DEBUG");
  setup({
    handlers: { handler },
    loggers: { default: { level: "DEBUG", handlers: ["handler"] } },
  });
  useStdLog();
}

function handsOutSecrets({ table }: SampleOperation): boolean {
  return Object.values(table.output().members).some((member) =>
    holdsSecret(member, 0)
  );
}

async function answered(
  { table, call }: SampleOperation,
): Promise<{ readonly ResponseMetadata: unknown }> {
  using session = sessionWith(() => Promise.resolve(answerOf(table)));
  const output = await call(session, sampleOf(table.input()));
  return output as { readonly ResponseMetadata: unknown };
}

function sessionWith(send: Transport["send"]): Session {
  return new Session({
    region: "us-east-1",
    endpointUrl: "http://store.example",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport: { send, [Symbol.dispose]: () => {} },
    retry: { maxAttempts: 1 },
    system: new FakeSystem(),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
  });
}

/** A success that has every member of an output. */
function answerOf(table: Operation<unknown, unknown>): HttpResponse {
  const { members } = table.output();
  const headers: Record<string, string> = {};
  let document = "";
  let payload: string | undefined;
  for (const [name, member] of Object.entries(members)) {
    const wire = member.name ?? name;
    if (member.at === "header") headers[wire.toLowerCase()] = scalar(member);
    else if (member.at === "payload") payload = element(wire, member, 0);
    else if (member.at === undefined) document += element(wire, member, 0);
  }
  const root = table.wrapper ?? "Result";
  return response(
    200,
    headers,
    payload ?? `<Answer><${root}>${document}</${root}></Answer>`
      .replace("<Answer><Result>", "<Answer>")
      .replace("</Result></Answer>", "</Answer>"),
  );
}

function element(name: string, member: Member, depth: number): string {
  if (member.stream) return "body";
  if (typeof member.of === "string") {
    return `<${name}>${scalar(member)}</${name}>`;
  }
  const shape = member.of();
  if (depth > 5) return "";
  if (shape.kind === "structure") {
    return `<${name}>${children(shape, depth + 1)}</${name}>`;
  }
  if (shape.kind === "map") return "";
  if (member.flat) return element(name, shape.item, depth + 1);
  const item = element(shape.item.name ?? "member", shape.item, depth + 1);
  return `<${name}>${item}</${name}>`;
}

function children(shape: StructureShape, depth: number): string {
  return Object.entries(shape.members)
    .filter(([, { attribute }]) => !attribute)
    .map(([name, member]) => element(member.name ?? name, member, depth))
    .join("");
}

function scalar({ of, at, secret }: Member): string {
  if (secret) return PLANTED;
  switch (of) {
    case "boolean":
      return "true";
    case "timestamp":
      return at === "header"
        ? "Thu, 29 Feb 2024 12:34:56 GMT"
        : "2024-02-29T12:34:56Z";
    case "string":
      return "photos";
    case "blob":
      return "Ym9keQ==";
    default:
      return "1";
  }
}

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  document: string,
): HttpResponse {
  const bytes = utf8(document);
  return {
    status,
    headers,
    body: {
      open: () => ReadableStream.from([bytes]),
      bytes: () => Promise.resolve(bytes),
      cancel: () => Promise.resolve(),
    },
  };
}

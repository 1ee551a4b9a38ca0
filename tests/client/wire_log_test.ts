import { assertEquals } from "@std/assert";
import { Secrets } from "../../src/client/secrets.ts";
import { WireLog } from "../../src/client/wire_log.ts";
import { utf8 } from "../../src/foundation/bytes.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestBody,
} from "../../src/ports/http.ts";
import type { LogFields, Logger } from "../../src/ports/telemetry.ts";
import { GetObject, ListObjectsV2 } from "../../src/services/s3/mod.ts";
import { AssumeRole } from "../../src/services/sts/mod.ts";

type Line = readonly [logger: string, message: string, fields?: LogFields];

const NO_SECRETS = new Secrets({ kind: "structure", members: {} }, {});

Deno.test("WireLog tells of a request, its secrets withheld", () => {
  const lines: Line[] = [];
  const log = new WireLog(logger("inia", lines));

  log.request(ListObjectsV2, request(utf8("<Body/>")), NO_SECRETS);

  assertEquals(lines, [["inia.endpoint", "request ListObjectsV2", {
    method: "GET",
    url: "https://b.example/?X-Amz-Signature=<withheld>",
    headers: "range: bytes=0-9; x-amz-security-token: <withheld>",
    body: "<Body/>",
  }]]);
});

Deno.test("WireLog withholds bodies that can hold a secret", async () => {
  const lines: Line[] = [];
  const log = new WireLog(logger("inia", lines));

  log.request(AssumeRole, request(utf8("TokenCode=123456")), NO_SECRETS);
  const told = log.response(
    AssumeRole,
    response("<SecretAccessKey/>"),
    NO_SECRETS,
  );
  await told.body?.bytes();

  assertEquals(lines.map(([, , fields]) => fields?.["body"]), [
    "<16 bytes withheld>",
    undefined,
    "<18 bytes withheld>",
  ]);
});

Deno.test("WireLog shows the start of long bodies", () => {
  const lines: Line[] = [];
  const log = new WireLog(logger("inia", lines));

  log.request(ListObjectsV2, request(utf8("x".repeat(600))), NO_SECRETS);

  const [, , fields] = lines[0] ?? [];
  assertEquals(fields?.["body"], `${"x".repeat(512)}... (600 bytes)`);
});

Deno.test("WireLog leaves streams to their readers", () => {
  const lines: Line[] = [];
  const log = new WireLog(logger("inia", lines));
  const answer = response("content");
  const body = {
    length: 5,
    replayable: true,
    open: () => new ReadableStream(),
  };

  log.request(ListObjectsV2, request(body), NO_SECRETS);

  assertEquals(lines[0]?.[2]?.["body"], "<a stream>");
  assertEquals(log.response(GetObject, answer, NO_SECRETS), answer);
});

Deno.test("WireLog is silent where nobody listens", () => {
  const lines: Line[] = [];
  const log = new WireLog({
    ...logger("inia", lines),
    child: () => ({ ...logger("inia", lines), enabled: () => false }),
  });
  const answer = response("<Body/>");

  log.request(ListObjectsV2, request(undefined), NO_SECRETS);

  assertEquals(log.response(ListObjectsV2, answer, NO_SECRETS), answer);
  assertEquals(lines, []);
});

function logger(name: string, lines: Line[]): Logger {
  const line = (message: string, fields?: LogFields): void => {
    lines.push(fields ? [name, message, fields] : [name, message]);
  };
  return {
    enabled: () => true,
    debug: line,
    info: line,
    warn: line,
    error: line,
    child: (part) => logger(`${name}.${part}`, lines),
  };
}

function request(body: RequestBody): HttpRequest {
  return {
    method: "GET",
    origin: "https://b.example",
    path: "/",
    query: [["X-Amz-Signature", "abc"]],
    headers: { range: "bytes=0-9", "x-amz-security-token": "token" },
    body,
  };
}

function response(xml: string): HttpResponse {
  return {
    status: 200,
    headers: {},
    body: {
      open: () => ReadableStream.from([utf8(xml)]),
      bytes: () => Promise.resolve(utf8(xml)),
      cancel: () => Promise.resolve(),
    },
  };
}

/**
 * The suites of the two protocols: input to request, response to output.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  encodeParam,
  fromBase64,
  text,
  utf8,
} from "../../src/foundation/bytes.ts";
import { ServiceError } from "../../src/foundation/errors.ts";
import { EventStream } from "../../src/foundation/event_stream.ts";
import { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { HttpResponse } from "../../src/ports/http.ts";
import type { Member, Protocol, Shape } from "../../src/ports/schema.ts";
import { queryProtocol } from "../../src/protocol/query.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";
import { type AnyOperation, tablesFrom } from "../../tools/gen/tables.ts";
import {
  type Case,
  type InputCase,
  type OutputCase,
  type Vector,
  vectors,
} from "./protocol_cases.ts";
import { vectorTest } from "./suite.ts";

const NO_UUID = "00000000-0000-4000-8000-000000000000";

for (const protocol of ["query", "rest-xml"]) {
  for (const age of ["", "legacy-"]) {
    vectorTest<Vector<InputCase>>({
      file: `protocol-${age}${protocol}-input.json`,
      cases: vectors,
      name: ({ id }) => id,
      run: checkInput,
    });
    vectorTest<Vector<OutputCase>>({
      file: `protocol-${age}${protocol}-output.json`,
      cases: vectors,
      name: ({ id }) => id,
      run: checkOutput,
    });
  }
}

function checkInput(vector: Vector<InputCase>): void {
  const { serialized, params } = vector;
  const { operation, protocol } = subject(vector);
  const input = fromJson({ of: operation.input }, params);

  const draft = protocol.serialize(operation, input, () => NO_UUID);

  const query = draft.query.map(encodeParam).join("&");
  const { host, pathname } = new URL(
    vector.clientEndpoint ?? "https://example.com",
  );
  const path = pathname.replace(/\/$/, "") + draft.path;
  const uri = path + (query && `?${query}`);
  if (serialized.method) assertEquals(draft.method, serialized.method);
  if (serialized.uri) assertEquals(uri, serialized.uri);
  if (serialized.host) {
    const [expected] = serialized.host.split("/");
    assertEquals((draft.hostPrefix ?? "") + host, expected);
  }
  for (const [name, value] of Object.entries(serialized.headers ?? {})) {
    assertEquals(
      comparable(name, draft.headers[name.toLowerCase()]),
      comparable(name, value),
      name,
    );
  }
  for (const name of serialized.forbidHeaders ?? []) {
    assertEquals(draft.headers[name.toLowerCase()], undefined, name);
  }
  for (const name of serialized.requireHeaders ?? []) {
    // The length is known when the call has prepared the body.
    if (name.toLowerCase() === "content-length") continue;
    assert(draft.headers[name.toLowerCase()] !== undefined, name);
  }
  if (serialized.body !== undefined) {
    const { body = "" } = draft;
    assert(typeof body === "string" || body instanceof Uint8Array);
    const sent = typeof body === "string" ? body : text(body);
    assertEquals(canonical(sent), canonical(serialized.body));
  }
}

async function checkOutput(vector: Vector<OutputCase>): Promise<void> {
  const { errorCode, errorMessage, error, result } = vector;
  const { operation, protocol } = subject(vector);
  const read = protocol.deserialize(operation, responseOf(vector));

  const fails = [errorCode, errorMessage, error].some((one) =>
    one !== undefined
  );
  if (!fails) {
    assertEquals(await toJson((await read).output), result ?? {});
    return;
  }
  const thrown = await assertRejects(() => read, ServiceError);
  if (errorCode !== undefined) assertEquals(thrown.code, errorCode);
  if (errorMessage !== undefined) assertEquals(thrown.reason, errorMessage);
  for (const [name, value] of Object.entries(error ?? {})) {
    const told = name.toLowerCase() === "message"
      ? thrown.reason
      : thrown.detail.fields[name];
    assertEquals(await toJson(told), value, name);
  }
}

/** The table and the protocol that a case is about. */
function subject(
  { metadata, shapes, given }: Vector<Case>,
): { readonly operation: AnyOperation; readonly protocol: Protocol } {
  const model = { metadata, shapes, operations: { [given.name]: given } };
  const operation = tablesFrom(model).operations[given.name];
  assert(operation);
  const protocol = metadata.protocol === "query"
    ? queryProtocol(metadata.apiVersion ?? "")
    : restXml;
  return { operation, protocol };
}

/** Event streams are no text: the cases write them in base64. */
function responseOf(
  { response, shapes, given }: Vector<OutputCase>,
): HttpResponse {
  const { body = "" } = response;
  const members = Object.values(
    shapes[given.output?.shape ?? ""]?.members ?? {},
  );
  const events = members.some(({ shape }) => shapes[shape]?.eventstream);
  const bytes = events ? fromBase64(body) : utf8(body);
  return {
    status: response.status_code,
    headers: Object.fromEntries(
      Object.entries(response.headers ?? {})
        .map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: {
      open: () => new Blob([bytes]).stream(),
      bytes: () => Promise.resolve(bytes),
      cancel: () => Promise.resolve(),
    },
  };
}

/** Values as the cases write them → values as callers give them. */
function fromJson(member: Pick<Member, "of">, value: unknown): unknown {
  if (typeof member.of === "function") return partsFrom(member.of(), value);
  if (member.of === "timestamp") return new Date(Number(value) * 1_000);
  if (member.of === "float" || member.of === "double") return Number(value);
  return value;
}

function partsFrom(shape: Shape, value: unknown): unknown {
  if (shape.kind === "list") {
    return (value as unknown[]).map((item) => fromJson(shape.item, item));
  }
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>)
      .filter(([, one]) => one !== null)
      .map(([key, one]) => {
        const part = shape.kind === "map" ? shape.value : shape.members[key];
        return [key, part === undefined ? one : fromJson(part, one)];
      }),
  );
}

/** Values as callers get them → values as the cases write them. */
async function toJson(value: unknown): Promise<unknown> {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (value instanceof Uint8Array) return text(value);
  if (value instanceof EventStream) {
    return await toJson(await Array.fromAsync(value));
  }
  if (value instanceof StreamingBody) return await value.text();
  if (typeof value === "number" && !Number.isFinite(value)) return `${value}`;
  if (Array.isArray(value)) return await Promise.all(value.map(toJson));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(async ([key, one]) => [key, await toJson(one)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** botocore adds a charset; lists may be joined with or without a blank. */
function comparable(name: string, value: string | undefined): string {
  const plain = value ?? "(absent)";
  return name.toLowerCase() === "content-type"
    ? plain.replace("; charset=utf-8", "")
    : plain.replace(/,\s*/g, ",");
}

/** XML without blank text and with one form of empty elements. */
function canonical(body: string): string {
  return body.trim().startsWith("<")
    ? body.trim().replace(/>\s+</g, "><").replace(
      /<([\w:]+)([^<>]*)><\/\1>/g,
      "<$1$2/>",
    ).replace(/\s*\/>/g, "/>")
    : body;
}

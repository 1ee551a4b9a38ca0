/**
 * Whole answers, from bytes to results and errors, as boto3 reads them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromBase64, utf8 } from "../../src/foundation/bytes.ts";
import {
  AwsError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { EventStream } from "../../src/foundation/event_stream.ts";
import { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { Member, Shape } from "../../src/ports/schema.ts";
import * as s3 from "../../src/services/s3/generated/operations.ts";
import * as sts from "../../src/services/sts/generated/operations.ts";
import { scripted } from "../scripted_transport.ts";
import {
  callerOf,
  type CaseMeta,
  type ClientCase,
  sessionOf,
  valueOf,
} from "./client_cases.ts";
import { vectorTest } from "./suite.ts";

/** A recorded answer. */
export interface ResponseCase extends ClientCase {
  readonly name: string;
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyBase64?: string;
  };
  readonly expect: {
    readonly output?: Readonly<Record<string, unknown>>;
    readonly clientError?: {
      readonly Error: Readonly<Record<string, string>>;
      readonly ResponseMetadata: Readonly<Record<string, unknown>>;
    };
    readonly readError?: string;
    readonly streamError?: { readonly Code: string; readonly Message: string };
    readonly error?: string;
  };
}

/** What a call meets that asks where a bucket is: only the one answer was recorded. */
const NO_MORE = new TransportError("refused", "no more was recorded", {
  maybeSent: false,
});

let meta: CaseMeta | undefined;

vectorTest<ResponseCase>({
  file: "client-responses.json",
  cases: (data) => {
    const file = data as { meta: CaseMeta; cases: readonly ResponseCase[] };
    meta = file.meta;
    return file.cases;
  },
  name: ({ name }) => name,
  run: async (vector) => {
    assert(meta !== undefined);
    const { status, headers, body = "", bodyBase64 } = vector.response;
    const { expect } = vector;
    using session = sessionOf(
      vector,
      meta,
      scripted([{
        status,
        headers: lowerCase(headers),
        body: bodyBase64 === undefined ? utf8(body) : fromBase64(bodyBase64),
      }, NO_MORE]),
      { retry: { maxAttempts: 1 } },
    );

    const call = callerOf(session, vector)(vector.operation, vector.params);

    if (expect.output !== undefined) {
      assertEquals(
        await plain(await call),
        plainMetadata(completed(vector.operation, valueOf(expect.output))),
      );
    } else if (expect.clientError !== undefined) {
      const error = await assertRejects(() => call, ServiceError);
      assertServiceError(error, expect.clientError);
    } else if (expect.streamError !== undefined) {
      const { Payload } = await call;
      assert(Payload instanceof EventStream);
      const error = await assertRejects(
        () => Array.fromAsync(Payload),
        ServiceError,
      );
      assertEquals(
        { Code: error.code, Message: error.reason },
        expect.streamError,
      );
    } else if (expect.readError !== undefined) {
      const { Body } = await call;
      assert(Body instanceof StreamingBody);
      await assertRejects(() => Body.bytes(), AwsError);
    } else {
      assert(expect.error !== undefined, "the case expects nothing we know");
      await assertRejects(async () => await plain(await call), AwsError);
    }
  },
});

function assertServiceError(
  error: ServiceError,
  { Error: expected, ResponseMetadata }: NonNullable<
    ResponseCase["expect"]["clientError"]
  >,
): void {
  const { Code, Message, ...fields } = expected;
  // Where an answer names no code, ours is its status.
  assertEquals(error.code, Code ?? String(ResponseMetadata["HTTPStatusCode"]));
  // Where it says nothing at all, ours is what its status means.
  if (Code || Message) assertEquals(error.reason, Message ?? "");
  else assert(error.reason !== "");
  for (const [name, value] of Object.entries(fields)) {
    assertEquals(error.detail.fields[name], value, name);
  }
  const { RequestId, HostId, HTTPStatusCode, RetryAttempts } = ResponseMetadata;
  const metadata = error.ResponseMetadata;
  assertEquals(metadata?.HTTPStatusCode, HTTPStatusCode);
  assertEquals(metadata?.RequestId ?? "", RequestId ?? "");
  assertEquals(metadata?.HostId ?? "", HostId ?? "");
  assertEquals(metadata?.RetryAttempts, RetryAttempts);
}

/**
 * What botocore reads, with what S3 always sends where the recorded answer lacks
 * it: botocore leaves it out, our types say that it is there (decision 0031).
 */
function completed(operation: string, output: unknown): unknown {
  const table = Object.entries({ ...s3, ...sts })
    .find(([name]) => name === operation)?.[1];
  assert(table !== undefined, `no operation ${operation}`);
  return withEmpty(output, table.output());
}

function withEmpty(value: unknown, shape: Shape): unknown {
  if (shape.kind === "list") {
    assert(Array.isArray(value));
    return value.map((item) => withEmptyMember(item, shape.item));
  }
  if (shape.kind === "map") return value;
  assert(typeof value === "object" && value !== null);
  const found: Record<string, unknown> = { ...value };
  for (const [name, member] of Object.entries(shape.members)) {
    const inner = typeof member.of === "string" ? undefined : member.of();
    const value = found[name];
    if (value !== undefined) {
      // What stands for a body without bytes stays as it is.
      const isBlank = member.at === "payload" && typeof value === "object" &&
        value !== null && Object.keys(value).length === 0;
      if (!isBlank) found[name] = withEmptyMember(value, member);
    } else if (member.always || member.required) {
      if (inner?.kind === "list") found[name] = [];
      else if (inner?.kind === "map") found[name] = {};
      else if (member.of === "string") found[name] = "";
      else if (member.of === "boolean" && member.always) found[name] = false;
    }
  }
  return found;
}

function withEmptyMember(value: unknown, { of }: Member): unknown {
  const shape = typeof of === "string" ? undefined : of();
  const isStream = shape?.kind === "structure" && shape.events;
  return shape === undefined || isStream ? value : withEmpty(value, shape);
}

/** Our result in the form of the recordings: bodies read, our own facts dropped. */
async function plain(
  output: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const entries = await Promise.all(
    Object.entries(output).map(async ([key, value]) => [
      key,
      await whole(value),
    ]),
  );
  return plainMetadata(Object.fromEntries(entries));
}

async function whole(value: unknown): Promise<unknown> {
  if (value instanceof StreamingBody) return await value.text();
  return value instanceof EventStream ? await Array.fromAsync(value) : value;
}

function plainMetadata(output: unknown): unknown {
  const { ResponseMetadata, ...members } = output as {
    readonly ResponseMetadata: Readonly<Record<string, unknown>>;
  };
  const { Attempts: _ours, ChecksumAlgorithm: _later, ...recorded } =
    ResponseMetadata;
  return { ...members, ResponseMetadata: recorded };
}

function lowerCase(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

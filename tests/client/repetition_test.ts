/**
 * Which operations are sent again after a failure that may have come too late.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TransportError } from "../../src/foundation/errors.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { Session } from "../../src/session/session.ts";
import { FakeSystem, FixedClock } from "../../src/testing/fake_system.ts";
import { s3Corrections } from "../../tools/gen/s3_corrections.ts";
import { stsCorrections } from "../../tools/gen/sts_corrections.ts";
import {
  allOperations,
  sampleOf,
  type SampleOperation,
} from "../sample_calls.ts";
import { scripted } from "../scripted_transport.ts";

const CLOSED = new TransportError("closed", "the connection was closed", {
  maybeSent: true,
});
const REFUSED = new TransportError("refused", "nobody listens", {
  maybeSent: false,
});

/** What HTTP promises of a method (RFC 9110, section 9.2.2). */
const BY_METHOD: Readonly<Record<string, string>> = {
  DELETE: "removes: what is gone stays gone",
  GET: "only reads",
  HEAD: "only reads",
  PUT: "replaces: the second one finds what the first one wrote",
};

const CORRECTIONS = { s3: s3Corrections, sts: stsCorrections };

Deno.test("every operation is repeated or not, for a reason", async () => {
  const operations = allOperations();
  for (const operation of operations) {
    const { table } = operation;
    const expected = decision(operation);

    const seen = await repeated(operation, CLOSED, {});

    assert(expected.why, `nobody has said why ${table.name} is`);
    assertEquals(
      seen,
      expected.idempotent ? [2, "attempts"] : [1, "unsafe"],
      `${table.name}: ${expected.why}`,
    );
  }
  assertEquals(operations.length, 127);
});

Deno.test("an operation is not repeated where a member makes it unsafe", async () => {
  let members = 0;
  for (const operation of allOperations()) {
    for (const member of operation.table.unlessGiven ?? []) {
      const given = sampleOf(operation.table.input(), {
        also: (name, _member, depth) => depth === 0 && name === member,
      });

      const seen = await repeated(operation, CLOSED, given);

      assertEquals(seen, [1, "unsafe"], `${operation.table.name}.${member}`);
      members++;
    }
  }
  assertEquals(members, 12);
});

Deno.test("what was never sent is repeated, whatever the operation", async () => {
  for (const operation of allOperations()) {
    const seen = await repeated(operation, REFUSED, {});

    assertEquals(seen, [2, "attempts"], operation.table.name);
  }
});

Deno.test("repeatUnsafe repeats all operations, as boto3 does", async () => {
  for (const operation of allOperations()) {
    const seen = await repeated(operation, CLOSED, {}, {
      retry: { maxAttempts: 2, repeatUnsafe: true },
    });

    assertEquals(seen, [2, "attempts"], operation.table.name);
  }
});

function decision(
  { service, table }: SampleOperation,
): { readonly idempotent: boolean; readonly why: string | undefined } {
  const said = CORRECTIONS[service].repetitions[table.name];
  return said ?? { idempotent: true, why: BY_METHOD[table.method] };
}

/** How often a call that always fails is sent, and why it ends. */
async function repeated(
  { call, table }: SampleOperation,
  failure: TransportError,
  given: object,
  options: SessionOptions = {},
): Promise<[number, string | undefined]> {
  using session = new Session({
    system: new FakeSystem(),
    clock: new FixedClock("2024-02-29T12:34:56Z"),
    random: () => 0,
    region: "us-east-1",
    endpointUrl: "http://store.example",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    transport: scripted([failure, failure, failure]),
    retry: { maxAttempts: 2 },
    ...options,
  });

  const error = await assertRejects(
    () => call(session, { ...sampleOf(table.input()), ...given }),
    TransportError,
  );

  const { Attempts, StopReason } = error.ResponseMetadata ?? { Attempts: [] };
  return [Attempts.length, StopReason];
}

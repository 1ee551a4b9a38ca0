import { assertEquals, assertRejects } from "@std/assert";
import { ServiceError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import {
  FakeSystem,
  FixedClock,
  ReplayTransport,
} from "../../src/testing/mod.ts";

const BODIES = [
  "",
  "slow down, please",
  "<Error><Code>TooManyRequests</Code></Error>",
  "<Error><Code>AccessDenied</Code></Error>",
];

for (const mode of ["legacy", "standard", "adaptive"] as const) {
  Deno.test(`${mode} mode retries a 429, whatever its body says`, async () => {
    for (const body of BODIES) {
      const transport = new ReplayTransport([
        { request: DELETE, response: { status: 429, body } },
        { request: DELETE, response: { status: 204 } },
      ]);
      using session = sessionOver(transport, mode);

      const { ResponseMetadata } = await session.client(S3).deleteObject(CAT);

      assertEquals(ResponseMetadata.RetryAttempts, 1, body);
      transport.done();
    }
  });
}

Deno.test("a 429 cuts the send rate of adaptive mode", async () => {
  const transport = new ReplayTransport([
    { request: DELETE, response: { status: 429 } },
    { request: DELETE, response: { status: 204 } },
  ]);
  const clock = new FixedClock("2026-11-22T10:00:00Z");
  using session = sessionOver(transport, "adaptive", clock);

  await session.client(S3).deleteObject(CAT);

  // The backoff is 0: the wait is for a token, of which one comes in two seconds.
  assertEquals(clock.slept.reduce((sum, ms) => sum + ms, 0), 2_000);
});

Deno.test("a 429 that stays is told as it is", async () => {
  const transport = new ReplayTransport(
    [1, 2, 3].map(() => ({ request: DELETE, response: { status: 429 } })),
  );
  using session = sessionOver(transport, "standard");

  const error = await assertRejects(
    () => session.client(S3).deleteObject(CAT),
    ServiceError,
  );

  assertEquals(error.status, 429);
  assertEquals(error.ResponseMetadata?.Attempts?.length, 3);
});

const CAT = { Bucket: "photos", Key: "cat.txt" };
const DELETE = {
  method: "DELETE",
  url: "https://photos.s3.eu-west-1.amazonaws.com/cat.txt",
} as const;

function sessionOver(
  transport: ReplayTransport,
  mode: "adaptive" | "legacy" | "standard",
  clock: FixedClock = new FixedClock("2026-11-22T10:00:00Z"),
): Session {
  return new Session({
    transport,
    clock,
    random: () => 0,
    region: "eu-west-1",
    credentials: "anonymous",
    system: new FakeSystem(),
    retry: { mode },
  });
}

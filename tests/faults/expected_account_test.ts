import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError, Session, type Transport } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

const KEYS = { accessKeyId: "AKID", secretAccessKey: "secret" };

Deno.test("calls that start together ask for the account of their key once", async () => {
  const server = store();
  const s3 = sessionOf(server).client(S3);

  await Promise.all(Array.from({ length: 50 }, () => s3.listBuckets()));
  await s3.listBuckets();

  assertEquals(server.questions(), 1);
  assertEquals(server.calls(), 51);
});

Deno.test("clients of a session share the question, and a new key is asked about anew", async () => {
  const server = store();
  const clock = new FixedClock("2030-01-01T12:00:00Z");
  let keys = 0;
  const session = new Session({
    ...common(server),
    clock,
    credentials: () =>
      Promise.resolve({
        accessKeyId: `AKID${++keys}`,
        secretAccessKey: "secret",
        expiration: new Date(clock.now().getTime() + 3_600_000),
      }),
  });
  const all = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: 10 }, () => session.client(S3).listBuckets()),
    );

  await all();
  assertEquals(server.questions(), 1);
  clock.advance(3_600_000);
  await all();

  assertEquals([server.questions(), keys], [2, 2]);
});

Deno.test("a question that fails is everyone's error, and is asked again by the next call", async () => {
  const server = store({ refusals: 1 });
  const s3 = sessionOf(server).client(S3);

  const results = await Promise.allSettled([
    s3.listBuckets(),
    s3.listBuckets(),
  ]);
  await s3.listBuckets();

  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(server.questions(), 2);
});

Deno.test("a call that is given up leaves the question to the others", async () => {
  const server = store();
  const s3 = sessionOf(server).client(S3);
  const controller = new AbortController();

  const given = s3.listBuckets({}, { signal: controller.signal });
  const others = [s3.listBuckets(), s3.listBuckets()];
  await server.asked;
  controller.abort(new Error("given up"));

  await assertRejects(() => given, Error, "given up");
  await Promise.all(others);
  assertEquals([server.questions(), server.calls()], [1, 2]);
});

Deno.test("no call is made in another account, however many start together", async () => {
  const server = store({ account: "999999999999" });
  const s3 = sessionOf(server).client(S3);

  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => s3.listBuckets()),
  );

  for (const result of results) {
    assertEquals(result.status, "rejected");
    if (result.status === "fulfilled") continue;
    assertEquals(
      result.reason instanceof ConfigError && result.reason.code,
      "UnexpectedAccount",
    );
  }
  assertEquals(server.calls(), 0);
});

interface Store {
  readonly transport: Transport;
  readonly asked: Promise<void>;
  questions(): number;
  calls(): number;
}

/** STS and S3 in one; answers come a few turns late, as over a wire. */
function store(
  { account = "123456789012", refusals = 0 }: {
    readonly account?: string;
    readonly refusals?: number;
  } = {},
): Store {
  let questions = 0;
  let calls = 0;
  const asked = Promise.withResolvers<void>();
  const identity =
    `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/a</Arn><UserId>A</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  return {
    asked: asked.promise,
    questions: () => questions,
    calls: () => calls,
    transport: {
      send: async ({ origin }, { signal } = {}) => {
        const isQuestion = origin.includes("sts.");
        if (isQuestion) questions++;
        else calls++;
        asked.resolve();
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
        signal?.throwIfAborted();
        const refused = isQuestion && questions <= refusals;
        const text = refused
          ? "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
          : isQuestion
          ? identity
          : "<ListAllMyBucketsResult/>";
        const bytes = new TextEncoder().encode(text);
        return {
          status: refused ? 403 : 200,
          headers: {},
          body: {
            open: () => ReadableStream.from([bytes]),
            bytes: () => Promise.resolve(bytes),
            cancel: () => Promise.resolve(),
          },
        };
      },
      [Symbol.dispose]: () => {},
    },
  };
}

function common({ transport }: Store): {
  readonly transport: Transport;
  readonly system: FakeSystem;
  readonly region: string;
  readonly expectedAccount: string;
} {
  return {
    transport,
    system: new FakeSystem(),
    region: "eu-west-1",
    expectedAccount: "123456789012",
  };
}

function sessionOf(server: Store): Session {
  return new Session({ ...common(server), credentials: KEYS });
}

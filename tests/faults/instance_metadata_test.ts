import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CredentialsError,
  NoCredentialsError,
  Session,
  TimeoutError,
  type Transport,
  TransportError,
} from "../../mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

const NOW = "2030-01-01T12:00:00Z";
const KEYS = {
  Code: "Success",
  AccessKeyId: "ASIAROLE",
  SecretAccessKey: "secret-of-role",
  Token: "token-of-role",
};
const HTML = "<!DOCTYPE html><html><body>Please log in</body></html>";

type Answer = Error | readonly [status: number, text: string];

const silence = (limit: "connect" | "read"): TimeoutError =>
  new TimeoutError(limit, 1_000, "late", { maybeSent: false });

Deno.test("a metadata service that fails is told in its own words", async () => {
  const whole = keys("2030-01-01T18:00:00Z");
  const cases: readonly (readonly [string, Partial<Server>, string[]])[] = [
    [
      "silent",
      { token: silence("read"), role: silence("read") },
      ["silent for 1000 ms", "AWS_METADATA_SERVICE_TIMEOUT"],
    ],
    [
      "slow with the keys",
      { keys: silence("read") },
      ["silent for 1000 ms", "AWS_METADATA_SERVICE_TIMEOUT"],
    ],
    [
      "not there",
      { token: silence("connect"), role: silence("connect") },
      ["no connection within 1000 ms"],
    ],
    ["failing at the role", { role: [500, "oops"] }, ["status 500"]],
    ["failing at the keys", { keys: [503, "oops"] }, ["status 503"]],
    ["without a role", { role: [404, ""] }, ["no role", "404"]],
    ["with an empty role", { role: [200, ""] }, ["empty"]],
    ["with a page for a token", { token: [200, HTML] }, ["token", "HTML"]],
    ["with a page for a role", { role: [200, HTML] }, ["role", "HTML"]],
    ["with a page for keys", { keys: [200, HTML] }, ["JSON", "HTML"]],
    [
      "cut short",
      { keys: [200, whole.slice(0, 60)] },
      ["ends in the middle"],
    ],
    [
      "cut by the connection",
      { keys: new TransportError("cut", "cut", { maybeSent: true }) },
      ["cut short"],
    ],
    [
      "with a code",
      { keys: [200, JSON.stringify({ Code: "Failed" })] },
      ["Code: Failed"],
    ],
    [
      "with a code and a message",
      {
        keys: [
          200,
          JSON.stringify({
            Code: "AssumeRoleUnauthorizedAccess",
            Message: "EC2 cannot assume the role",
          }),
        ],
      },
      ["AssumeRoleUnauthorizedAccess", "cannot assume the role"],
    ],
    [
      "without an end of its keys",
      { keys: [200, JSON.stringify(KEYS)] },
      ["no valid Expiration"],
    ],
  ];
  for (const [name, server, words] of cases) {
    const { session } = sessionOf({ keys: [200, whole], ...server });

    const error = await assertRejects(
      () => session.credentials(),
      NoCredentialsError,
    );

    const told = error.tried.find((one) => one.name === "iam-role")?.verdict;
    for (const word of words) {
      assert(told?.includes(word), `${name}: "${word}" is not in: ${told}`);
    }
    assert(error.message.includes(told ?? "-"));
    assert(!error.message.includes("secret-of-role"));
  }
});

Deno.test("a metadata service that was silent is not asked again in this process", async () => {
  const own = sessionOf({
    token: silence("connect"),
    role: silence("connect"),
  });
  const system = new FakeSystem();
  const { transport } = own;

  await assertRejects(() => own.session.credentials(), NoCredentialsError);
  const first = own.asked();
  const again = await assertRejects(
    () => own.session.credentials(),
    NoCredentialsError,
  );
  await assertRejects(
    () => new Session({ system, transport }).credentials(),
    NoCredentialsError,
  );

  assertEquals(first, 2);
  assertEquals(own.asked(), first);
  assert(again.message.includes("did not answer"), again.message);
});

Deno.test("a metadata service that refuses at once, or says anything, is asked in each search", async () => {
  const refused = new TransportError("refused", "no", { maybeSent: false });
  const servers: readonly Partial<Server>[] = [
    { token: refused, role: refused },
    { token: [403, ""], role: [404, ""] },
    { role: silence("read") },
    { token: silence("read"), role: [500, ""] },
  ];
  for (const server of servers) {
    const own = sessionOf(server);

    await assertRejects(() => own.session.credentials());
    const first = own.asked();
    await assertRejects(() => own.session.credentials());

    assertEquals(own.asked(), 2 * first);
  }
});

Deno.test("a metadata service that has answered before is asked on, however silent it is", async () => {
  const server: Server = {
    token: [200, "t"],
    role: [200, "r"],
    keys: [200, keys("2030-01-01T12:05:00Z")],
  };
  const own = sessionOf(server);
  await own.session.credentials();
  server.token = server.role = silence("connect");
  own.clock.advance(3_600_000);
  for (let search = 1; search <= 2; search++) {
    await assertRejects(() => own.session.credentials());
  }
  server.token = [200, "t"];
  server.role = [200, "r"];
  server.keys = [200, keys("2030-01-01T20:00:00Z")];

  assertEquals((await own.session.credentials()).accessKeyId, "ASIAROLE");
});

Deno.test("a silent service is asked by who waits longer, or elsewhere", async () => {
  const own = sessionOf({
    token: silence("connect"),
    role: silence("connect"),
  });
  await assertRejects(() => own.session.credentials());
  const first = own.asked();
  const envs = [
    { AWS_METADATA_SERVICE_TIMEOUT: "2" },
    { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://10.0.0.1" },
  ];
  for (const env of envs) {
    const { transport } = own;
    const system = new FakeSystem({ env });

    await assertRejects(() => new Session({ system, transport }).credentials());
  }

  assertEquals(own.asked(), 3 * first);
});

Deno.test("a refresh that fails tells that it is one, and that the keys at hand are still valid", async () => {
  const server: Server = {
    token: [200, "t"],
    role: [200, "r"],
    keys: [200, keys("2030-01-01T18:00:00Z")],
  };
  const { session, clock } = sessionOf(server);
  await session.credentials();
  server.role = [500, ""];
  clock.set("2030-01-01T17:52:00Z");

  const error = await assertRejects(
    () => session.credentials(),
    CredentialsError,
  );

  assertEquals(error.name, "CredentialsError");
  assertEquals(error.code, "CredentialRetrievalError");
  for (
    const word of [
      "refresh",
      "valid until 2030-01-01T18:00:00.000Z",
      "status 500",
    ]
  ) assert(error.message.includes(word), error.message);
  assert(!error.message.includes("Cannot find credentials"));
});

Deno.test("a refresh that fails after the end of the keys tells when that was", async () => {
  const server: Server = {
    token: [200, "t"],
    role: [200, "r"],
    keys: [200, keys("2030-01-01T18:00:00Z")],
  };
  const { session, clock } = sessionOf(server);
  await session.credentials();
  server.keys = [200, JSON.stringify({ Code: "Failed" })];
  clock.set("2030-01-01T19:00:00Z");

  const error = await assertRejects(
    () => session.credentials(),
    CredentialsError,
  );

  assert(error.message.includes("ended at 2030-01-01T18:00:00.000Z"));
  assert(error.message.includes("Code: Failed"));
});

/** What the service says to each question. */
interface Server {
  token: Answer;
  role: Answer;
  keys: Answer;
}

function keys(end: string): string {
  return JSON.stringify({ ...KEYS, Expiration: end });
}

function sessionOf(answers: Partial<Server>): {
  readonly session: Session;
  readonly transport: Transport;
  readonly clock: FixedClock;
  asked(): number;
} {
  const clock = new FixedClock(NOW);
  const server = answers as Server;
  server.token ??= [200, "session-token"];
  server.role ??= [200, "role"];
  server.keys ??= [200, keys("2030-01-01T18:00:00Z")];
  let asked = 0;
  const transport: Transport = {
    send: ({ path }) => {
      asked++;
      const answer = path.endsWith("/token")
        ? server.token
        : path.endsWith("/security-credentials/")
        ? server.role
        : server.keys;
      if (answer instanceof Error) return Promise.reject(answer);
      const [status, text] = answer;
      const bytes = new TextEncoder().encode(text);
      return Promise.resolve({
        status,
        headers: {},
        body: {
          open: () => ReadableStream.from([bytes]),
          bytes: () => Promise.resolve(bytes),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
  const system = new FakeSystem();
  return {
    session: new Session({ system, clock, transport, random: () => 0 }),
    transport,
    clock,
    asked: () => asked,
  };
}

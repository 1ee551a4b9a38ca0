import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AwsError,
  ConfigError,
  PartialCredentialsError,
  ServiceError,
  Session,
  type SessionOptions,
  type Transport,
} from "../../mod.ts";
import { GetObject, S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, FixedClock } from "../../src/testing/mod.ts";

const OWN = { accessKeyId: "AKIDOWN", secretAccessKey: "secret" };
const OTHER = { accessKeyId: "AKIDOTHER", secretAccessKey: "secret" };

Deno.test("a call can have a region of its own, and the next one has the client's", async () => {
  const { s3, sent } = clientWith();

  await s3.listBuckets({}, { region: "ap-south-1" });
  await s3.listBuckets();

  assertEquals(sent.map(signer), ["AKIDOWN/ap-south-1", "AKIDOWN/eu-west-1"]);
  assertEquals(sent.map(({ origin }) => origin), [
    "https://s3.ap-south-1.amazonaws.com",
    "https://s3.eu-west-1.amazonaws.com",
  ]);
});

Deno.test("a call can be made as someone else, or as nobody", async () => {
  const { s3, sent } = clientWith();

  await s3.listBuckets({}, { credentials: OTHER });
  await s3.listBuckets({}, { credentials: () => Promise.resolve(OTHER) });
  await s3.listBuckets({}, { credentials: "anonymous" });
  await s3.listBuckets();

  assertEquals(sent.map(signer), [
    "AKIDOTHER/eu-west-1",
    "AKIDOTHER/eu-west-1",
    undefined,
    "AKIDOWN/eu-west-1",
  ]);
});

Deno.test("a function that gets credentials is asked once, however many calls are given it", async () => {
  let asked = 0;
  const credentials = (): Promise<typeof OTHER> => {
    asked++;
    return Promise.resolve(OTHER);
  };
  const { s3 } = clientWith({ credentials });

  for (let call = 1; call <= 5; call++) {
    await s3.listBuckets({}, { region: `eu-west-${call}` });
  }
  assertEquals(asked, 1);

  for (let call = 1; call <= 5; call++) {
    await clientWith().s3.listBuckets({}, { credentials });
    await s3.listBuckets({}, { credentials });
  }
  assertEquals(asked, 7);
});

Deno.test("a call can be retried in its own way; what it leaves out is its client's", async () => {
  const cases = [
    [undefined, 2],
    [{ maxAttempts: 1 }, 1],
    [{ maxAttempts: 4 }, 4],
    ["legacy", 2],
    [{ mode: "adaptive" }, 2],
  ] as const;
  for (const [retry, attempts] of cases) {
    const { s3, sent } = clientWith({ retry: { maxAttempts: 2 } }, 503);

    await assertRejects(
      () => s3.listBuckets({}, retry === undefined ? {} : { retry }),
      ServiceError,
    );

    assertEquals(sent.length, attempts);
  }
});

Deno.test("a strategy of one's own decides about the calls that are given it", async () => {
  const { s3, sent } = clientWith({}, 503);
  const asked: string[] = [];
  const retry = {
    maxAttempts: 2,
    begin: () => ({ kind: "go", ticket: { attempt: 1 }, delayMs: 0 }),
    afterFailure: () => {
      asked.push("afterFailure");
      return { kind: "stop", reason: "not-retryable" };
    },
    afterSuccess: () => {},
  } as const;

  await assertRejects(() => s3.listBuckets({}, { retry }), ServiceError);

  assertEquals([asked.length, sent.length], [1, 1]);
});

Deno.test("calls that ask for the same share a quota", async () => {
  const { s3, sent } = clientWith({}, 503);
  for (let call = 1; call <= 100; call++) {
    await assertRejects(() =>
      s3.listBuckets({}, { retry: { maxAttempts: 3 } })
    );
  }

  // 500 tokens are 100 retries of 5.
  assertEquals(sent.length, 200);
});

Deno.test("an URL can be signed for another region, and as someone else", async () => {
  const { s3 } = clientWith();

  const { url } = await s3.presign(GetObject, { Bucket: "photos", Key: "k" }, {
    region: "ap-south-1",
    credentials: OTHER,
  });

  assert(url.startsWith("https://photos.s3.ap-south-1.amazonaws.com/k?"), url);
  assert(url.includes("AKIDOTHER%2F20300101%2Fap-south-1"), url);
});

Deno.test("pages and waiters hand on what a call is to have of its own", async () => {
  const { s3, sent } = clientWith();

  await s3.waitUntilBucketExists({ Bucket: "photos" }, {
    region: "ap-south-1",
  });
  for await (
    const _page of s3.listObjectsV2Pages(
      { Bucket: "photos" },
      { region: "ap-south-1" },
    )
  ) break;

  assertEquals(sent.map(signer), [
    "AKIDOWN/ap-south-1",
    "AKIDOWN/ap-south-1",
  ]);
});

Deno.test("what a call says wrong is an error that names the call, and nothing is sent", async () => {
  const { s3, sent } = clientWith();
  const wrong = [
    [{ region: "eu west" }, ConfigError, "option region of the call"],
    [{ retry: { maxAttempts: 0 } }, ConfigError, "of the call"],
    [{ retry: { maxAttempt: 1 } }, ConfigError, "maxAttempts"],
    [
      { credentials: { accessKeyId: "AKID" } },
      PartialCredentialsError,
      "secretAccessKey",
    ],
    [{ regions: "eu-west-1" }, ConfigError, "region"],
  ] as const;
  for (const [options, kind, words] of wrong) {
    const error = await assertRejects(
      // As a program would that nobody type-checks.
      () => s3.listBuckets({}, Object.assign({}, options as object)),
      AwsError,
    );
    assert(error instanceof kind);

    assert(error.message.includes(words), error.message);
  }
  assertEquals(sent.length, 0);
});

Deno.test("a call as someone else is made in the account that the session expects", async () => {
  const { s3, sent } = clientWith({
    expectedAccount: "123456789012",
    credentials: { ...OWN, accountId: "123456789012" },
  });

  await assertRejects(
    () =>
      s3.listBuckets({}, {
        credentials: { ...OTHER, accountId: "999999999999" },
      }),
    ConfigError,
    "999999999999",
  );

  assertEquals(sent.length, 0);
});

type Request = Parameters<Transport["send"]>[0];

function clientWith(
  options: SessionOptions = {},
  status = 200,
): { readonly s3: S3; readonly sent: Request[] } {
  const sent: Request[] = [];
  const session = new Session({
    credentials: OWN,
    region: "eu-west-1",
    clock: new FixedClock("2030-01-01T12:00:00Z"),
    system: new FakeSystem(),
    random: () => 0,
    ...options,
    transport: {
      send: (request) => {
        sent.push(request);
        const bytes = new TextEncoder().encode(
          status !== 200
            ? "<Error><Code>Busy</Code></Error>"
            : request.origin.includes("photos.")
            ? "<ListBucketResult/>"
            : "<ListAllMyBucketsResult/>",
        );
        return Promise.resolve({
          status,
          headers: {},
          body: request.method === "HEAD" ? null : {
            open: () => ReadableStream.from([bytes]),
            bytes: () => Promise.resolve(bytes),
            cancel: () => Promise.resolve(),
          },
        });
      },
      [Symbol.dispose]: () => {},
    },
  });
  return { s3: session.client(S3), sent };
}

function signer({ headers }: Request): string | undefined {
  const [, key, region] =
    /Credential=([^/]*)\/[^/]*\/([^/]*)/.exec(headers["authorization"] ?? "") ??
      [];
  return key === undefined ? undefined : `${key}/${region}`;
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { loggerFrom } from "../../src/logging/mod.ts";
import { AwsError, ServiceError, Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem, ReplayTransport } from "../../src/testing/mod.ts";

const SECRET = "wJalrXUt/nFEMI+K7";
const MALFORMED = [
  `http://AKIAEXAMPLE:${SECRET}@host:99999`,
  `http://AKIAEXAMPLE:${SECRET}@host/path`,
  `http://user:pa@ss/${SECRET}@host`,
  `http://user:pa?${SECRET}@host`,
  `http://user:pa#${SECRET}@host`,
  `http://host/?password=${SECRET}`,
  `http://host/?password=me@${SECRET}`,
  `http://host/#${SECRET}`,
  `http://host:${SECRET}`,
  `http:/user:${SECRET}@host`,
  `htp://user:${SECRET}@host`,
  `//user:${SECRET}@host`,
  `user:${SECRET}@host`,
  `http://user:${SECRET} @host`,
];

for (const url of MALFORMED) {
  Deno.test(`no error shows the secret of the endpoint ${url}`, async () => {
    const systems = [
      { env: { AWS_ENDPOINT_URL: url } },
      { env: { AWS_ENDPOINT_URL_S3: url } },
      {
        env: { HOME: "/home/ann" },
        files: {
          "/home/ann/.aws/config": `[default]\nendpoint_url = ${url}\n`,
        },
      },
    ];
    const tries = [
      ...systems.map((facts) => ({ system: new FakeSystem(facts) })),
      { endpointUrl: url, system: new FakeSystem() },
      { proxy: url, system: new FakeSystem() },
    ];
    for (const options of tries) {
      const error = await refusal(async () => {
        using session = new Session({
          region: "eu-west-1",
          credentials: "anonymous",
          retry: { maxAttempts: 1 },
          ...options,
        });
        await session.client(S3).listBuckets();
      });

      assertHides(error, SECRET);
    }
  });

  Deno.test(`no error shows the secret of the metadata endpoint ${url}`, async () => {
    const error = await refusal(async () => {
      const system = new FakeSystem({
        env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
      });
      using session = new Session({ region: "eu-west-1", system });
      await session.credentials();
    });

    assertHides(error, SECRET);
  });
}

Deno.test("an endpoint without a secret is shown as it is", async () => {
  for (const url of ["ftp://host:21/path", "localhost:9000", "https//host"]) {
    const error = await refusal(async () => {
      using session = new Session({
        endpointUrl: url,
        region: "eu-west-1",
        system: new FakeSystem(),
      });
      await session.client(S3).listBuckets();
    });

    assert(error.message.includes(url), error.message);
  }
});

/** What a terminal would obey: C0 but line feed and tab, DEL, C1. */
const CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => code)
    .filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 0x21 }, (_, code) => 0x7f + code),
].map((code) => String.fromCharCode(code));

Deno.test("no error and no log line has control characters of a server", async () => {
  for (const control of CONTROLS) {
    const lines: string[] = [];
    const transport = new ReplayTransport([{
      request: GET,
      response: {
        status: 400,
        headers: { "x-amz-request-id": `a${control}b` },
        body: JSON.stringify(`a${control}b`) === `"a${control}b"`
          ? `<Error><Code>Odd${control}</Code><Message>red${control}[31m</Message></Error>`
          : "<Error><Code>Odd</Code><Message>&#x9b;[31m</Message></Error>",
      },
    }]);
    using session = sessionOver(transport, lines);

    const error = await assertRejects(
      () => session.client(S3).headBucket({ Bucket: "photos" }),
      AwsError,
    );

    const shown = [error.message, error.stack ?? "", ...lines].join("\n");
    assertEquals(/[^\P{Cc}\t\n]/u.exec(shown), null, JSON.stringify(shown));
  }
});

Deno.test("an error tells the words of a server with their control characters escaped", async () => {
  const transport = new ReplayTransport([{
    request: GET_OBJECT,
    response: {
      status: 400,
      body:
        "<Error><Code>Odd</Code><Message>one\ntwo \u009b31m</Message></Error>",
    },
  }]);
  using session = sessionOver(transport, []);

  const error = await assertRejects(
    () => session.client(S3).getObject({ Bucket: "photos", Key: "a" }),
    ServiceError,
  );

  assert(error.message.includes("one\ntwo \\u009b31m"), error.message);
});

Deno.test("bodies are in the log by default, and out of it by a word", async () => {
  for (const logBodies of [undefined, true, false]) {
    const lines: string[] = [];
    const transport = new ReplayTransport([{
      request: {
        method: "PUT",
        url: "https://photos.s3.eu-west-1.amazonaws.com/a",
        body: "the words of an object",
      },
      response: {},
    }, {
      request: {
        method: "GET",
        url: "https://photos.s3.eu-west-1.amazonaws.com/?versioning",
      },
      response: {
        body:
          "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
      },
    }]);
    using session = sessionOver(
      transport,
      lines,
      logBodies === undefined ? {} : { logBodies },
    );
    const s3 = session.client(S3, { requestChecksum: "when_required" });

    await s3.putObject({
      Bucket: "photos",
      Key: "a",
      Body: "the words of an object",
    });
    await s3.getBucketVersioning({ Bucket: "photos" });

    const log = lines.join("\n");
    const shows = logBodies !== false;
    assertEquals(log.includes("the words of an object"), shows);
    assertEquals(log.includes("Enabled"), shows);
    assertEquals(log.includes("22 bytes withheld"), !shows, log);
    transport.done();
  }
});

const GET = {
  method: "HEAD",
  url: "https://photos.s3.eu-west-1.amazonaws.com/",
} as const;
const GET_OBJECT = {
  method: "GET",
  url: "https://photos.s3.eu-west-1.amazonaws.com/a",
} as const;

function sessionOver(
  transport: ReplayTransport,
  lines: string[],
  options: { logBodies?: boolean } = {},
): Session {
  const write = (line: string): void => void lines.push(line);
  return new Session({
    transport,
    region: "eu-west-1",
    credentials: "anonymous",
    retry: { maxAttempts: 1 },
    system: new FakeSystem(),
    logger: loggerFrom(
      { debug: write, info: write, warn: write, error: write },
      "debug",
    ),
    ...options,
  });
}

async function refusal(work: () => Promise<void>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new Error("Cannot test: nothing was refused");
}

function assertHides(error: Error, secret: string): void {
  const shown = `${error.message}\n${Deno.inspect(error)}\n${
    JSON.stringify(error)
  }`;
  for (const part of [secret, ...secret.split(/[/+]/)]) {
    assert(!shown.includes(part), shown);
  }
}

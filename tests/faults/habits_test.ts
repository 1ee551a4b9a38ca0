import { assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError, Session } from "../../mod.ts";
import { setStreamLogger } from "../../src/logging/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";

const HABITS: readonly (readonly [
  habit: string,
  advice: string,
  act: (session: Session) => unknown,
])[] = [
  ...([
    ["maxPoolConnections", "maxIdleConnections"],
    ["verify", "caCerts"],
    ["endpoint", "endpointUrl"],
    ["forcePathStyle", 'addressingStyle: "path"'],
    ["regionName", "region"],
    ["profileName", "profile, an option of the session"],
    ["transport", "new Session({ transport })"],
  ] as const).map(([name, advice]) =>
    [
      `${name} of a client`,
      advice,
      (session: Session) => session.client(S3, { [name]: "x" } as never),
    ] as const
  ),
  [
    "accessKeyId of a session",
    "credentials: { accessKeyId, secretAccessKey }",
    () => new Session({ accessKeyId: "AKIDEXAMPLE" } as never),
  ],
  [
    'client("dynamodb")',
    "There are clients of S3 and STS alone",
    (session) => session.client("dynamodb" as never),
  ],
  [
    'client("s3")',
    "as in client(S3)",
    (session) => session.client("s3" as never),
  ],
  [
    'resource("s3")',
    "as in resource(S3)",
    (session) => session.resource("s3" as never),
  ],
  [
    "resource(S3) without its module",
    'does not import "@inia/aws/resource"',
    (session) => session.resource(S3),
  ],
  [
    "resource(STS)",
    "S3 is the only service that has one; use client(STS)",
    (session) => session.resource(STS as never),
  ],
  [
    'setStreamLogger("botocore.endpoint")',
    '"inia.endpoint" here',
    () => setStreamLogger("botocore.endpoint"),
  ],
  [
    'setStreamLogger("boto3.resources")',
    'is "inia" here',
    () => setStreamLogger("boto3.resources"),
  ],
  ...(["Standard", 3, { mode: "exponential" }, { max_attempts: 3 }] as const)
    .flatMap((retry) => {
      const given = { retry } as never;
      const advice = typeof retry === "object" && "max_attempts" in retry
        ? 'did you mean "maxAttempts"?'
        : 'expected "legacy", "standard", "adaptive"';
      const text = `retry: ${JSON.stringify(retry)}`;
      return [
        [`${text} of a session`, advice, () => new Session(given)],
        [
          `${text} of a client`,
          advice,
          (session: Session) => session.client(S3, given),
        ],
      ] as const;
    }),
];

for (const [habit, advice, act] of HABITS) {
  Deno.test(`${habit} is answered with what to write instead`, () => {
    using session = new Session({ system: new FakeSystem({}) });

    const { message } = assertThrows(() => act(session), ConfigError);

    assertStringIncludes(message, advice);
  });
}

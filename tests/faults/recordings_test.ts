import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { STS } from "../../src/services/sts/mod.ts";
import {
  FakeSystem,
  type HttpRequest,
  type HttpResponse,
  RecordingTransport,
  ReplayTransport,
  type Transport,
} from "../../src/testing/mod.ts";

/** Forty random characters with slashes, as real keys have them. */
const SECRET = "q8Zr/7Lw+Kx2Vb9Ty/4Nc6Mj3Hg5Fd1Sa0PoIuYt";
const TOKEN = "FwoGZXIvYXdzEJr//////////wEaDK7pL2mQxZt8VnB4cS";
const KEY_ID = "ASIAQ7XK2MZPL9TWV4HB";
const ACCOUNT = "847362514098";
const CALL = {
  origin: "written for this test",
  service: "s3",
  operation: "GetObject",
  region: "eu-west-1",
  input: { Bucket: "photos", Key: "cat.txt" },
};
const KEYS = { accessKeyId: "AKIAQ7XK2MZPL9TWV4HC", secretAccessKey: SECRET };

Deno.test("a recording leaves out what the metadata service says", async () => {
  const files = await recorded(metadata, async (transport) => {
    using session = new Session({
      transport,
      region: "eu-west-1",
      system: new FakeSystem(),
    });
    await session.client(S3).getObject({ Bucket: "photos", Key: "cat.txt" });
  });

  assertEquals(Object.keys(files), [
    "1.request.http",
    "1.response.http",
    "call.json",
  ]);
  assertHidden(files, [SECRET, TOKEN, KEY_ID, "imds-of-this-machine"]);
});

Deno.test("a recording replaces what the metadata service says, where it is asked for", async () => {
  const files = await recorded(metadata, async (transport) => {
    using session = new Session({
      transport,
      region: "eu-west-1",
      system: new FakeSystem(),
    });
    await session.client(S3).getObject({ Bucket: "photos", Key: "cat.txt" });
  }, { recordCredentials: true });

  assert(Object.keys(files).length > 3, "the exchanges are there");
  assertHidden(files, [SECRET, TOKEN, KEY_ID, "imds-of-this-machine"]);
});

Deno.test("a recording of a call as a profile's role can be saved", async () => {
  const files = await recorded(
    ({ origin }) =>
      origin.includes("sts") ? xml(assumedRole()) : { body: "miaow" },
    async (transport) => {
      using session = new Session({
        transport,
        profile: "role",
        region: "eu-west-1",
        system: new FakeSystem({
          env: { HOME: "/home/ann" },
          files: {
            "/home/ann/.aws/config":
              `[profile role]\nrole_arn = arn:aws:iam::${ACCOUNT}:role/reader\nsource_profile = base\n[profile base]\naws_access_key_id = AKIAQ7XK2MZPL9TWV4HC\naws_secret_access_key = ${SECRET.toLowerCase()}\n`,
          },
        }),
      });
      await session.client(S3).getObject({ Bucket: "photos", Key: "cat.txt" });
    },
  );

  assertEquals(Object.keys(files), [
    "1.request.http",
    "1.response.http",
    "call.json",
  ]);
  assertHidden(files, [SECRET, SECRET.toLowerCase(), TOKEN, KEY_ID, ACCOUNT]);
});

Deno.test("a recording hides the key that its call was signed with", async () => {
  const answers = [
    `key: ${SECRET}`,
    `encoded ${btoa(SECRET)}`,
    JSON.stringify({ note: SECRET }),
    JSON.stringify({ note: `in words: ${SECRET}` }),
    encodeURIComponent(SECRET),
  ];
  for (const body of answers) {
    const files = await recorded(
      () => ({ body }),
      (transport) => getObject(transport),
    );

    assertHidden(files, [SECRET]);
  }
});

Deno.test("a recording hides the same secret in whatever it stands", async () => {
  const short = "t0k";
  const answers: readonly (readonly [body: string, secret: string])[] = [
    [`{"SecretAccessKey" : "s3cr3t-of-another"}`, "s3cr3t-of-another"],
    [`{"SecretAccessKey"\n:\n"${short}"}`, short],
    [`{"a":[{"sessionToken":"${short}"}]}`, short],
    [`{"Token":{"value":"${short}"}}`, short],
    [`{"clientSecret":"quo\\"ted${short}"}`, `ted${short}`],
    [
      JSON.stringify({ body: JSON.stringify({ accessToken: short }) }),
      short,
    ],
    [`<A><SessionToken><![CDATA[${short}]]></SessionToken></A>`, short],
    [
      `<A><SessionToken>a&amp;<!-- -->${short}</SessionToken></A>`,
      short,
    ],
    [`<n:A xmlns:n="u"><n:Password>${short}</n:Password></n:A>`, short],
    [`<A><Item SecretKey="${short}"/></A>`, short],
    [`[default]\naws_secret_access_key = ${short}\n`, short],
    [`grant_type=x&client_secret=${short}&refresh_token=b`, short],
  ];
  for (const [body, secret] of answers) {
    const files = await recorded(
      () => ({ body }),
      (transport) => getObject(transport),
    );

    assertHidden(files, [secret]);
  }
});

Deno.test("a recording has one example for a place in a listing, in documents and URLs", async () => {
  const token = "0cc175b9c0f1b6a831c399e269772661";
  const files = await recorded(
    () =>
      xml(
        `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken></ListBucketResult>`,
      ),
    async (transport) => {
      const s3 = clientOf(transport);
      await s3.listObjectsV2({ Bucket: "photos" });
      await s3.listObjectsV2({ Bucket: "photos", ContinuationToken: token });
    },
  );

  assertHidden(files, [token]);
  assert(files["2.request.http"]?.includes("continuation-token=EXAMPLEID1"));
});

Deno.test("a recording with the keys of the documentation keeps its documents whole", async () => {
  const files = await recorded(
    () => xml(assumedRole()),
    async (transport) => {
      using session = new Session({
        transport,
        region: "eu-west-1",
        credentials: {
          accessKeyId: "AKIAIOSFODNN7EXAMPLE",
          secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        },
        system: new FakeSystem(),
      });
      await session.client(STS).assumeRole({
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/reader`,
        RoleSessionName: "me",
      });
    },
  );

  const answer = files["1.response.http"] ?? "";
  assert(answer.includes("EXAMPLEKEY</SecretAccessKey>"), answer);
});

Deno.test("a recording keeps what only sounds like a secret", async () => {
  const body =
    "<R><NextToken>abc</NextToken><Key>tokens/secret.txt</Key><Code>NoSuchKey</Code></R>";

  const files = await recorded(
    () => ({ body }),
    (transport) => getObject(transport),
  );

  assertEquals(
    files["1.response.http"]?.split("\n\n")[1]?.trim(),
    body,
  );
});

Deno.test("a recording hides a customer key, and replays with its example", async () => {
  const key = "a-customer-key-of-32-characters!";
  const input = { Bucket: "photos", Key: "cat.txt", SSECustomerKey: key };
  const call = { ...CALL, input: { ...input, SSECustomerAlgorithm: "AES256" } };
  let example = "";
  const files = await recorded(
    () => ({ body: "miaow" }),
    (transport) => getObject(transport, { SSECustomerKey: key }),
    {},
    call,
    async (folder) => {
      const { input } = JSON.parse(
        await Deno.readTextFile(`${folder}/call.json`),
      );
      example = input.SSECustomerKey;
      const replay = await ReplayTransport.fromFolder(folder);
      await getObject(replay, { SSECustomerKey: example });
      replay.done();
    },
  );

  assertHidden(files, [key]);
  assert(example.length > 0);
});

Deno.test("a recording hides the code of an MFA device and accounts in header fields", async () => {
  const files = await recorded(
    () => ({ body: "" }),
    async (transport) => {
      const s3 = clientOf(transport);
      await s3.deleteObject({
        Bucket: "photos",
        Key: "cat.txt",
        VersionId: "v",
        MFA: `arn:aws:iam::${ACCOUNT}:mfa/ann 918273`,
        ExpectedBucketOwner: "736251840917",
      });
    },
    {},
    {
      ...CALL,
      input: { MFA: "serial 918273", ExpectedBucketOwner: "736251840917" },
    },
  );

  assertHidden(files, ["918273", ACCOUNT, "736251840917"]);
});

Deno.test("a recording holds header fields with the names of object members", async () => {
  const headers = Object.fromEntries([
    ["constructor", "builder"],
    ["__proto__", "ancestor"],
    ["tostring", "x"],
  ]);
  const files = await recorded(
    () => ({ body: "miaow", headers }),
    (transport) => getObject(transport),
    {},
    CALL,
    async (folder) => {
      const replay = await ReplayTransport.fromFolder(folder);
      await getObject(replay);
      replay.done();
    },
  );

  const answer = files["1.response.http"] ?? "";
  for (const [name, value] of Object.entries(headers)) {
    assert(answer.includes(`${name}: ${value}`), name);
  }
});

Deno.test("a recording of a call of STS replaces what it hands out", async () => {
  const files = await recorded(
    () => xml(assumedRole()),
    async (transport) => {
      using session = sessionOf(transport);
      await session.client(STS).assumeRole({
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/reader`,
        RoleSessionName: "me",
        TokenCode: "918273",
        SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/ann`,
      });
    },
  );

  assertHidden(files, [SECRET, TOKEN, KEY_ID, ACCOUNT, "918273"]);
});

Deno.test("a recording is refused where a key has slashes and no name", async () => {
  const others = [
    "j4Kd/9Xs+Qe7Wr2Ty/8Ui5Op1Lk3Mn6Bv0Cx9ZaGf",
    "j4Kd%2F9Xs%2BQe7Wr2Ty%2F8Ui5Op1Lk3Mn6Bv0Cx9ZaGf",
    `{"a":"j4Kd\\/9Xs+Qe7Wr2Ty\\/8Ui5Op1Lk3Mn6Bv0Cx9ZaGf"}`,
  ];
  for (const body of others) {
    await assertRejects(
      () => recorded(() => ({ body }), (transport) => getObject(transport)),
      TypeError,
      "what looks like a secret key or a token",
    );
  }
});

Deno.test("a recording is refused where bytes that are no text hold a secret", async () => {
  const secret = new TextEncoder().encode(SECRET);
  const body = new Uint8Array([255, 0, ...secret, 254]);

  await assertRejects(
    () =>
      recorded(
        () => ({ body }),
        (transport) => getObject(transport),
        { secrets: [SECRET] },
      ),
    TypeError,
    "secret",
  );
});

/** An answer of the server in a test. */
interface Answer {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

function metadata({ method, origin, path }: HttpRequest): Answer {
  if (!origin.includes("169.254.169.254")) return { body: "miaow" };
  if (method === "PUT") return { body: "imds-of-this-machine" };
  if (path.endsWith("/")) return { body: "reader" };
  return {
    body: `{
  "Code" : "Success",
  "AccessKeyId" : "${KEY_ID}",
  "SecretAccessKey" : "${SECRET}",
  "Token" : "${TOKEN}",
  "Expiration" : "2099-01-01T00:00:00Z"
}`,
  };
}

function assumedRole(): string {
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROAQ7XK2MZPL9TWV4HD:me</AssumedRoleId><Arn>arn:aws:sts::${ACCOUNT}:assumed-role/reader/me</Arn></AssumedRoleUser><Credentials><AccessKeyId>${KEY_ID}</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>${TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

function xml(body: string): Answer {
  return { body, headers: { "content-type": "text/xml" } };
}

function sessionOf(transport: Transport): Session {
  return new Session({
    transport,
    region: "eu-west-1",
    credentials: KEYS,
    system: new FakeSystem(),
  });
}

function clientOf(transport: Transport): S3 {
  return sessionOf(transport).client(S3);
}

async function getObject(
  transport: Transport,
  more: { SSECustomerKey?: string } = {},
): Promise<void> {
  const { Body } = await clientOf(transport).getObject({
    Bucket: "photos",
    Key: "cat.txt",
    ...more.SSECustomerKey !== undefined && {
      SSECustomerAlgorithm: "AES256",
      SSECustomerKey: more.SSECustomerKey,
    },
  });
  await Body.bytes();
}

/** Records calls and gives back the files by name. */
async function recorded(
  answer: (request: HttpRequest) => Answer,
  calls: (transport: Transport) => Promise<void>,
  options: { recordCredentials?: boolean; secrets?: readonly string[] } = {},
  call: Parameters<RecordingTransport["save"]>[1] = CALL,
  then: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir();
  try {
    using recording = new RecordingTransport(answering(answer), options);
    await calls(recording);
    await recording.save(folder, call);
    await then(folder);
    const names = (await Array.fromAsync(Deno.readDir(folder)))
      .map(({ name }) => name).sort();
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [
          name,
          await Deno.readTextFile(`${folder}/${name}`),
        ]),
      ),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function answering(answer: (request: HttpRequest) => Answer): Transport {
  return {
    send: (request): Promise<HttpResponse> => {
      const { body, headers = {} } = answer(request);
      const bytes = () =>
        typeof body === "string" ? new TextEncoder().encode(body) : body;
      return Promise.resolve({
        status: 200,
        headers,
        body: {
          open: () => new Blob([bytes()]).stream(),
          bytes: () => Promise.resolve(bytes()),
          cancel: () => Promise.resolve(),
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

function assertHidden(
  files: Readonly<Record<string, string>>,
  secrets: readonly string[],
): void {
  for (const [name, content] of Object.entries(files)) {
    for (const secret of secrets) {
      for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
        assert(!content.includes(form), `${name} shows ${form}:\n${content}`);
      }
    }
  }
}

import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import type {
  HttpRequest,
  HttpResponse,
  Transport,
} from "../../src/ports/http.ts";
import { SigV4 } from "../../src/signing/mod.ts";
import { httpResponse } from "../../src/testing/http_message.ts";
import { LocalAws } from "../../src/testing/local_aws/local_aws.ts";
import {
  type RecordedCall,
  RecordingTransport,
} from "../../src/testing/recording_transport.ts";
import { ReplayTransport } from "../../src/testing/replay_transport.ts";

const CALL: RecordedCall = {
  origin: "written for this test",
  service: "s3",
  operation: "GetObject",
  region: "us-east-1",
  input: { Bucket: "photos", Key: "cat" },
};

const GET: HttpRequest = {
  method: "GET",
  origin: "http://localhost",
  path: "/photos/cat",
  query: [["x", "1"]],
  headers: { range: "bytes=0-4" },
  body: undefined,
};

Deno.test("RecordingTransport writes what ReplayTransport reads", async () => {
  await withFolder(async (folder) => {
    using recording = new RecordingTransport(
      answering({ etag: '"1"', date: "now" }, utf8("miaow")),
    );
    const body = {
      length: 2,
      replayable: false,
      open: () => new Blob(["hi"]).stream(),
    };
    const put: HttpRequest = { ...GET, method: "PUT", body };

    const first = await recording.send(GET);
    await recording.send(put);
    await recording.save(folder, CALL);

    assertEquals(await first.body?.bytes(), utf8("miaow"));
    assertEquals(JSON.parse(await read(folder, "call.json")), CALL);
    assertEquals(
      await read(folder, "2.request.http"),
      "PUT http://localhost/photos/cat?x=1 HTTP/1.1\nrange: bytes=0-4\n\nhi\n",
    );
    assertEquals(
      await read(folder, "1.response.http"),
      'HTTP/1.1 200\netag: "1"\n\nmiaow\n',
    );
    const replay = await ReplayTransport.fromFolder(folder);
    await replay.send(GET);
    await replay.send({ ...put, body: utf8("hi") });
    replay.done();
  });
});

Deno.test("RecordingTransport leaves nothing of an earlier recording", async () => {
  await withFolder(async (folder) => {
    using recording = new RecordingTransport(
      answering({}, new Uint8Array([255])),
    );
    await recording.send(GET);
    await recording.send(GET);
    await recording.save(folder, CALL);

    await recording.send(GET);
    await recording.save(folder, CALL);

    const names = await list(folder);
    assertEquals(names.sort(), [
      "1.request.http",
      "1.response.body",
      "1.response.http",
      "call.json",
    ]);
  });
});

Deno.test("RecordingTransport puts examples for what is secret", async () => {
  await withFolder(async (folder) => {
    const planted = {
      accessKeyId: "AKIAPLANTEDPLANTED01",
      secretAccessKey: "pLanTed/SecReT+0123456789abcdefABCDEF0123",
      account: "999999999999",
    };
    using local = new LocalAws({ credentials: [planted] });
    using recording = new RecordingTransport(local.transport());
    const answer = await assumeRole(recording, planted);
    const read1 = (name: string) =>
      new RegExp(`<${name}>(.*?)</${name}>`).exec(answer)?.[1] ?? "";
    const temporary = {
      accessKeyId: read1("AccessKeyId"),
      secretAccessKey: read1("SecretAccessKey"),
      sessionToken: read1("SessionToken"),
    };
    await recording.send(
      await new SigV4().sign(
        {
          ...GET,
          query: [],
          path: "/",
          headers: { "x-amz-server-side-encryption-customer-key": "c2VjcmV0" },
        },
        temporary,
        { service: "s3", region: "us-east-1", at: new Date() },
      ),
    );

    await recording.save(folder, { ...CALL, output: temporary });

    const files = await list(folder);
    const all = (await Promise.all(files.map((name) => read(folder, name))))
      .join("\n");
    const secrets = [
      ...Object.values(planted),
      ...Object.values(temporary),
      "c2VjcmV0",
      "Signature",
    ];
    for (const secret of secrets) {
      assertEquals(all.includes(secret), false, secret);
      assertEquals(all.includes(encodeURIComponent(secret)), false, secret);
    }
    // The same value has the same example everywhere.
    assertStringIncludes(
      await read(folder, "1.response.http"),
      "<SessionToken>EXAMPLETOKEN1</SessionToken>",
    );
    assertStringIncludes(
      await read(folder, "call.json"),
      '"sessionToken": "EXAMPLETOKEN1"',
    );
    assertStringIncludes(
      await read(folder, "1.request.http"),
      "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo",
    );
  });
});

Deno.test("RecordingTransport keeps the length of a changed body true", async () => {
  await withFolder(async (folder) => {
    const body = utf8("<SessionToken>a-long-token</SessionToken>");
    using recording = new RecordingTransport(
      answering({ "content-length": String(body.length) }, body),
    );
    await recording.send(GET);

    await recording.save(folder, CALL);

    const replay = await ReplayTransport.fromFolder(folder);
    const { headers, body: answer } = await replay.send(GET);
    const bytes = await answer?.bytes();
    assertEquals(headers["content-length"], String(bytes?.length));
  });
});

Deno.test("RecordingTransport refuses what looks like a secret", async () => {
  const suspects: [body: string, what: string][] = [
    ["-----BEGIN RSA PRIVATE KEY-----", "a private key"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.abc", "a JSON web token"],
    ["wJalrXUtnFEMI7K7MDENG7bPxRfiCYEXAMPLEKE0", "a secret key or a token"],
  ];
  for (const [body, what] of suspects) {
    await withFolder(async (folder) => {
      using recording = new RecordingTransport(answering({}, utf8(body)));
      await recording.send(GET);

      const error = await assertRejects(
        () => recording.save(folder, CALL),
        TypeError,
        `1.response.http has what looks like ${what}`,
      );

      assertEquals(error.message.includes(body), false);
      assertEquals(await list(folder), []);
    });
  }
});

Deno.test("RecordingTransport writes a suspect once it is named", async () => {
  await withFolder(async (folder) => {
    const secret = "wJalrXUtnFEMI7K7MDENG7bPxRfiCYEXAMPLEKE0";
    using recording = new RecordingTransport(
      answering({}, utf8(`key ${secret}`)),
      { secrets: [secret] },
    );
    await recording.send(GET);

    await recording.save(folder, CALL);

    assertEquals(
      (await read(folder, "1.response.http")).includes(secret),
      false,
    );
  });
});

Deno.test("RecordingTransport refuses a secret too short to replace", () => {
  assertThrows(
    () => new RecordingTransport(answering({}, utf8("")), { secrets: ["a"] }),
    RangeError,
    "at least 6 characters",
  );
});

Deno.test("RecordingTransport disposes of what it wraps", () => {
  let disposed = 0;
  const inner = {
    ...answering({}, utf8("")),
    [Symbol.dispose]: () => {
      disposed++;
    },
  };

  new RecordingTransport(inner)[Symbol.dispose]();

  assertEquals(disposed, 1);
});

async function assumeRole(
  transport: Transport,
  as: { accessKeyId: string; secretAccessKey: string; account: string },
): Promise<string> {
  const request = await new SigV4().sign(
    {
      ...GET,
      method: "POST",
      path: "/",
      query: [],
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: utf8(String(
        new URLSearchParams({
          Action: "AssumeRole",
          RoleArn: `arn:aws:iam::${as.account}:role/demo`,
          RoleSessionName: "me",
        }),
      )),
    },
    as,
    { service: "sts", region: "us-east-1", at: new Date() },
  );
  const { body } = await transport.send(request);
  return text(await body?.bytes() ?? new Uint8Array());
}

function answering(
  headers: HttpResponse["headers"],
  body: Uint8Array<ArrayBuffer>,
): Transport {
  return {
    send: (request) =>
      Promise.resolve(
        httpResponse({ status: 200, headers, body }, request.method),
      ),
    [Symbol.dispose]: () => {},
  };
}

async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function list(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name);
}

async function read(folder: string, name: string): Promise<string> {
  return await Deno.readTextFile(`${folder}/${name}`);
}

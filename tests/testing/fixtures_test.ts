import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import { TransportError } from "../../src/foundation/errors.ts";
import type {
  HttpRequest,
  HttpResponse,
  Transport,
} from "../../src/ports/http.ts";
import { SigV4 } from "../../src/signing/mod.ts";
import {
  type RecordedCall,
  RecordingTransport,
  ReplayError,
  type ReplayExchange,
  ReplayTransport,
} from "../../src/testing/fixtures.ts";
import { httpResponse } from "../../src/testing/http_message.ts";
import { LocalAws } from "../../src/testing/local_aws/local_aws.ts";

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

const URL_OF_CAT = "https://s3.eu-west-1.amazonaws.com/photos/cat.txt";

const GET_CAT: HttpRequest = {
  method: "GET",
  origin: "https://s3.eu-west-1.amazonaws.com",
  path: "/photos/cat.txt",
  query: [],
  headers: { range: "bytes=0-4", "user-agent": "test" },
  body: undefined,
};

const EXCHANGE: ReplayExchange = {
  request: {
    method: "GET",
    url: URL_OF_CAT,
    headers: { Range: "bytes=0-4" },
  },
  response: { status: 206, headers: { ETag: '"1"' }, body: "miaow" },
};

Deno.test("ReplayTransport answers what was expected", async () => {
  using transport = new ReplayTransport([EXCHANGE]);

  const { status, headers, body } = await transport.send(GET_CAT);

  assertEquals([status, headers], [206, { etag: '"1"' }]);
  assertEquals(await body?.bytes(), utf8("miaow"));
});

Deno.test("ReplayTransport shows how a request differs", async () => {
  const transport = new ReplayTransport([EXCHANGE], "cats");

  const error = await assertRejects(
    () =>
      transport.send({
        ...GET_CAT,
        method: "PUT",
        headers: { range: "bytes=0-5" },
        body: utf8("hiss"),
      }),
    ReplayError,
  );

  assertEquals(
    error.message,
    `Cannot replay request 1 of cats: it differs (- expected, + sent)
- GET ${URL_OF_CAT} HTTP/1.1
- range: bytes=0-4
+ PUT ${URL_OF_CAT} HTTP/1.1
+ range: bytes=0-5
+ hiss`,
  );
});

Deno.test("ReplayTransport misses a header field that was named", async () => {
  const transport = new ReplayTransport([EXCHANGE]);

  await assertRejects(
    () => transport.send({ ...GET_CAT, headers: {} }),
    ReplayError,
    "(- expected, + sent)\n- range: bytes=0-4",
  );
});

Deno.test("ReplayTransport compares bodies that are no text", async () => {
  const transport = new ReplayTransport([{
    request: {
      method: "PUT",
      url: URL_OF_CAT,
      body: new Uint8Array([255]),
    },
    response: {},
  }]);

  await assertRejects(
    () => transport.send({ ...GET_CAT, method: "PUT", body: utf8("\x00") }),
    ReplayError,
    "- base64 /w==\n+ base64 AA==",
  );
});

Deno.test("ReplayTransport refuses a request too many", async () => {
  const transport = new ReplayTransport([EXCHANGE]);
  await transport.send(GET_CAT);

  await assertRejects(
    () => transport.send(GET_CAT),
    ReplayError,
    `Cannot replay request 2: the test has 1\n+ GET ${URL_OF_CAT} HTTP/1.1`,
  );
});

Deno.test("ReplayTransport.done misses a request too few", () => {
  const transport = new ReplayTransport([EXCHANGE]);

  assertThrows(
    () => transport.done(),
    ReplayError,
    `0 of 1 requests were sent; the next would be\n- GET ${URL_OF_CAT} HTTP/1.1`,
  );
});

Deno.test("ReplayTransport misses a request too few when disposed of", () => {
  assertThrows(
    () => {
      using _transport = new ReplayTransport([EXCHANGE]);
    },
    ReplayError,
    "0 of 1 requests were sent",
  );
});

Deno.test("ReplayTransport.done tells a failure that was caught", async () => {
  const transport = new ReplayTransport([EXCHANGE]);
  await transport.send({ ...GET_CAT, path: "/other" }).catch(() => {});

  assertThrows(() => transport.done(), ReplayError, "it differs");
});

Deno.test("ReplayTransport ends an exchange with an error", async () => {
  const failure = new TransportError("reset", "Cannot reach the server", {
    maybeSent: true,
  });
  using transport = new ReplayTransport([{ ...EXCHANGE, response: failure }]);

  const error = await assertRejects(
    () => transport.send(GET_CAT),
    TransportError,
  );

  assertEquals(error, failure);
});

Deno.test("ReplayTransport does not answer under an aborted signal", async () => {
  using transport = new ReplayTransport([]);
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(
    () => transport.send(GET_CAT, { signal }),
    Error,
    "enough",
  );
});

Deno.test("ReplayTransport.fromFolder answers from files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/1.request.http`,
      `GET ${URL_OF_CAT} HTTP/1.1\n\n`,
    );
    await Deno.writeTextFile(
      `${folder}/1.response.http`,
      "HTTP/1.1 200 OK\n\n",
    );
    await Deno.writeFile(`${folder}/1.response.body`, new Uint8Array([255]));
    using transport = await ReplayTransport.fromFolder(folder);

    const { body } = await transport.send(GET_CAT);

    assertEquals(await body?.bytes(), new Uint8Array([255]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ReplayTransport.fromFolder needs whole exchanges", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(
      () => ReplayTransport.fromFolder(new URL(`file://${folder}/`)),
      SyntaxError,
      "1.request.http is missing",
    );
    await Deno.writeTextFile(
      `${folder}/1.request.http`,
      `GET ${URL_OF_CAT} HTTP/1.1\n\n`,
    );
    await assertRejects(
      () => ReplayTransport.fromFolder(folder),
      SyntaxError,
      "1.response.http is missing",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ReplayTransport answers at any endpoint, if it is asked to", async () => {
  const request = (origin: string, path: string): HttpRequest => ({
    method: "GET",
    origin,
    path,
    query: [["list-type", "2"]],
    headers: {},
    body: undefined,
  });
  const recorded = {
    request: {
      method: "GET",
      url: "https://photos.s3.eu-west-1.amazonaws.com/?list-type=2",
      headers: { host: "photos.s3.eu-west-1.amazonaws.com" },
    },
    response: { body: "miaow" },
  } as const;
  const replay = (): ReplayTransport =>
    new ReplayTransport([recorded], "the test", { anyEndpoint: true });

  for (const path of ["/photos", "/photos/"]) {
    using transport = replay();
    const { status } = await transport.send(
      request("http://127.0.0.1:9000", path),
    );
    assertEquals(status, 200);
  }
  await assertRejects(
    () => replay().send(request("http://127.0.0.1:9000", "/other")),
    ReplayError,
  );
});

Deno.test("ReplayTransport finds a bucket in the host of any endpoint", async () => {
  const exchange = (url: string): ReplayExchange => ({
    request: { method: "GET", url },
    response: { body: "miaow" },
  });
  const ask = async (recorded: string, sent: string): Promise<number> => {
    const { origin, pathname: path } = new URL(sent);
    const transport = new ReplayTransport([exchange(recorded)], "the test", {
      anyEndpoint: true,
    });
    const { status } = await transport.send({
      method: "GET",
      origin,
      path,
      query: [],
      headers: {},
      body: undefined,
    });
    return status;
  };

  for (
    const [recorded, sent] of [
      ["http://127.0.0.1:5000/photos//a", "https://photos.storage.example//a"],
      ["http://my.photos.storage.example/a", "http://127.0.0.1/my.photos/a"],
      [
        "https://photos.s3.us-east-1.amazonaws.com/a",
        "https://photos.storage.example/a",
      ],
      ["http://eu.storage.example/photos", "http://us.storage.example/photos/"],
    ] as const
  ) {
    assertEquals(await ask(recorded, sent), 200);
  }
  for (
    const [recorded, sent] of [
      ["http://127.0.0.1:5000/photos//a", "https://photos.storage.example//b"],
      ["http://127.0.0.1:5000/photos/a", "https://films.storage.example/a"],
      ["http://127.0.0.1:5000//a", "http://127.0.0.1:5000//b"],
      [
        "https://photos.s3.us-east-1.amazonaws.com/a",
        "https://films.s3.eu-west-1.amazonaws.com/a",
      ],
    ] as const
  ) {
    await assertRejects(() => ask(recorded, sent), ReplayError, "it differs");
  }
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import { TransportError } from "../../src/foundation/errors.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import {
  ReplayError,
  type ReplayExchange,
  ReplayTransport,
} from "../../src/testing/replay_transport.ts";

const URL_OF_CAT = "https://s3.eu-west-1.amazonaws.com/photos/cat.txt";

const GET: HttpRequest = {
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

  const { status, headers, body } = await transport.send(GET);

  assertEquals([status, headers], [206, { etag: '"1"' }]);
  assertEquals(await body?.bytes(), utf8("miaow"));
});

Deno.test("ReplayTransport shows how a request differs", async () => {
  const transport = new ReplayTransport([EXCHANGE], "cats");

  const error = await assertRejects(
    () =>
      transport.send({
        ...GET,
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
    () => transport.send({ ...GET, headers: {} }),
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
    () => transport.send({ ...GET, method: "PUT", body: utf8("\x00") }),
    ReplayError,
    "- base64 /w==\n+ base64 AA==",
  );
});

Deno.test("ReplayTransport refuses a request too many", async () => {
  const transport = new ReplayTransport([EXCHANGE]);
  await transport.send(GET);

  await assertRejects(
    () => transport.send(GET),
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
  await transport.send({ ...GET, path: "/other" }).catch(() => {});

  assertThrows(() => transport.done(), ReplayError, "it differs");
});

Deno.test("ReplayTransport ends an exchange with an error", async () => {
  const failure = new TransportError("reset", "Cannot reach the server", {
    maybeSent: true,
  });
  using transport = new ReplayTransport([{ ...EXCHANGE, response: failure }]);

  const error = await assertRejects(() => transport.send(GET), TransportError);

  assertEquals(error, failure);
});

Deno.test("ReplayTransport does not answer under an aborted signal", async () => {
  using transport = new ReplayTransport([]);
  const signal = AbortSignal.abort(new Error("enough"));

  await assertRejects(() => transport.send(GET, { signal }), Error, "enough");
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

    const { body } = await transport.send(GET);

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

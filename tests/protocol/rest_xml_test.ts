import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import {
  ProtocolError,
  ServiceError,
  ValidationError,
} from "../../src/foundation/errors.ts";
import { StreamingBody } from "../../src/foundation/streaming_body.ts";
import type { Member } from "../../src/ports/schema.ts";
import { restXml } from "../../src/protocol/rest_xml.ts";
import {
  type AnyOperation,
  operation,
  responseOf,
  structure,
} from "./tables.ts";

const NO_UUID = (): string => "uuid";

const Settings = structure({ Days: { of: "integer" } });

/** An operation whose output is this member, which is the whole body. */
function answering(payload: Member): AnyOperation {
  const member: Member = { ...payload, at: "payload" };
  return operation({ output: () => structure({ Body: member }) });
}

Deno.test("restXml drafts a request", () => {
  const get = operation({
    path: "/{Key+}?x-id=GetThing",
    context: { UseX: "true" },
    input: () =>
      structure({
        Bucket: { of: "string", at: "path", context: "Bucket" },
        Key: { of: "string", at: "path" },
        Range: { of: "string", at: "header" },
      }),
  });

  const draft = restXml.serialize(
    get,
    { Bucket: "b", Key: "a/b c", Range: "bytes=0-9" },
    NO_UUID,
  );

  assertEquals(draft, {
    method: "GET",
    path: "/a/b%20c",
    query: [["x-id", "GetThing"]],
    headers: { range: "bytes=0-9" },
    body: undefined,
    streamed: false,
    context: { UseX: "true", Bucket: "b" },
  });
});

Deno.test("restXml writes a payload as a document", () => {
  const put = operation({
    input: () =>
      structure({
        Settings: {
          of: () => Settings,
          at: "payload",
          name: "Root",
          namespace: { uri: "u" },
        },
      }),
  });

  assertEquals(
    restXml.serialize(put, { Settings: { Days: 2 } }, NO_UUID).body,
    '<Root xmlns="u"><Days>2</Days></Root>',
  );
  assertEquals(restXml.serialize(put, {}, NO_UUID).body, undefined);
});

Deno.test("restXml writes the members of the body under the operation's root", () => {
  const select = operation({
    root: { name: "Select", namespace: { uri: "u" } },
    input: () =>
      structure({
        Key: { of: "string", at: "query" },
        Expression: { of: "string" },
      }),
  });

  assertEquals(
    restXml.serialize(select, { Key: "k", Expression: "a < 1" }, NO_UUID).body,
    '<Select xmlns="u"><Expression>a &lt; 1</Expression></Select>',
  );
  assertEquals(
    restXml.serialize(select, { Key: "k" }, NO_UUID).body,
    undefined,
  );
});

Deno.test("restXml passes on a streamed body as it was given", () => {
  const put = operation({
    input: () =>
      structure({ Body: { of: "blob", at: "payload", stream: true } }),
  });

  for (
    const body of ["text", utf8("bytes"), new Blob(), new URL("file:///a")]
  ) {
    const draft = restXml.serialize(put, { Body: body }, NO_UUID);

    assert(draft.body === body);
    assertEquals(draft.streamed, true);
  }
  assertEquals(restXml.serialize(put, {}, NO_UUID).streamed, true);
});

Deno.test("restXml makes the tokens that the caller does not give", () => {
  const rename = operation({
    input: () =>
      structure({ Token: { of: "string", at: "header", token: true } }),
  });
  const tokenOf = (input: object): unknown =>
    restXml.serialize(rename, { ...input }, NO_UUID).headers["token"];

  assertEquals(tokenOf({}), "uuid");
  assertEquals(tokenOf({ Token: "mine" }), "mine");
});

Deno.test("restXml puts members into the host, if a host can have them", () => {
  const write = operation({
    hostPrefix: "{Route}.",
    input: () =>
      structure({ Route: { of: "string", at: "header", label: true } }),
  });

  assertEquals(
    restXml.serialize(write, { Route: "a-1.b" }, NO_UUID).hostPrefix,
    "a-1.b.",
  );
  for (const route of ["evil/", "a@b", "-a", "a.", "ü", ""]) {
    assertThrows(
      () => restXml.serialize(write, { Route: route }, NO_UUID),
      ValidationError,
    );
  }
});

Deno.test("restXml refuses an input that does not fit", () => {
  assertThrows(
    () => restXml.serialize(operation(), { Foo: 1 }, NO_UUID),
    ValidationError,
    "Cannot call GetThing: Foo is unknown",
  );
});

Deno.test("restXml reads header, status and document together", async () => {
  const get = operation({
    output: () =>
      structure({
        ETag: { of: "string", at: "header" },
        Status: { of: "integer", at: "status" },
        Days: { of: "integer" },
        Metadata: {
          of: () => ({
            kind: "map",
            key: { of: "string" },
            value: { of: "string" },
          }),
          at: "headers",
          name: "X-Meta-",
        },
      }),
  });

  const answer = await restXml.deserialize(
    get,
    responseOf("<r><Days>2</Days></r>", {
      status: 202,
      headers: { etag: '"e"', "x-meta-a": "1" },
    }),
  );

  assertEquals(answer, {
    output: { ETag: '"e"', Status: 202, Days: 2, Metadata: { a: "1" } },
  });
});

Deno.test("restXml hands out a streamed body unread", async () => {
  const get = answering({ of: "blob", stream: true });

  const { output } = await restXml.deserialize(
    get,
    responseOf("<Error>"),
  );
  const empty = await restXml.deserialize(get, responseOf(null));

  assertInstanceOf(output["Body"], StreamingBody);
  assertEquals(await output["Body"].text(), "<Error>");
  assertInstanceOf(empty.output["Body"], StreamingBody);
  assertEquals(await empty.output["Body"].text(), "");
});

for (
  const [what, payload, body, value] of [
    ["a text", { of: "string" }, '{"a":1}', '{"a":1}'],
    ["an empty text", { of: "string" }, "", ""],
    ["bytes", { of: "blob" }, "x", utf8("x")],
    ["no bytes", { of: "blob" }, "", undefined],
    ["a document", { of: () => Settings }, "<x><Days>2</Days></x>", {
      Days: 2,
    }],
    ["an empty document", { of: () => Settings }, "", {}],
    ["no union", { of: () => ({ ...Settings, union: true }) }, "", undefined],
  ] satisfies [string, Member, string, unknown][]
) {
  Deno.test(`restXml reads ${what} as the whole body`, async () => {
    const { output } = await restXml.deserialize(
      answering(payload),
      responseOf(body),
    );

    assertEquals(output, value === undefined ? {} : { Body: value });
  });
}

Deno.test("restXml reads the text of the root", async () => {
  const location = operation({
    output: () => structure({ Where: { of: "string", at: "text" } }),
  });
  const read = async (body: string): Promise<unknown> =>
    (await restXml.deserialize(location, responseOf(body))).output;

  assertEquals(await read("<L xmlns='u'>EU</L>"), { Where: "EU" });
  assertEquals(await read("<L/>"), {});
  assertEquals(await read("<L><Where>us-west-2</Where></L>"), {});
});

Deno.test("restXml tells which required members an answer lacks", async () => {
  const list = operation({
    output: () => structure({ Name: { of: "string", required: true } }),
  });

  const lax = await restXml.deserialize(list, responseOf("<r/>"));

  assertEquals(lax, { output: { Name: "" }, missing: ["Name"] });
});

Deno.test("restXml ignores a body that the operation has no use for", async () => {
  const answer = await restXml.deserialize(
    operation(),
    responseOf("<not XML"),
  );

  assertEquals(answer, { output: {} });
});

for (
  const [what, body] of [
    ["that is not XML", "<html><br></html>"],
    ["that is cut", "<r><Days>2</Da"],
    ["that is blank", "\n"],
    ["that is not UTF-8", new Uint8Array([60, 255, 62])],
  ] as const
) {
  Deno.test(`restXml refuses a document ${what}`, async () => {
    const get = operation({ output: () => Settings });

    await assertRejects(
      () => restXml.deserialize(get, responseOf(body)),
      ProtocolError,
    );
  });

  Deno.test(`restXml takes a document ${what} for a hidden error`, async () => {
    const copy = operation({ output: () => Settings, errorInSuccess: true });

    const error = await assertRejects(
      () => restXml.deserialize(copy, responseOf(body)),
      ServiceError,
    );

    assertEquals([error.code, error.status, error.reason], [
      "500",
      500,
      "Internal Server Error",
    ]);
  });
}

Deno.test("restXml finds the error in a success, where there can be one", async () => {
  const body =
    '<?xml version="1.0"?>\n\n  \n<Error><Code>SlowDown</Code><Message>m</Message></Error>';
  const copy = operation({ output: () => Settings, errorInSuccess: true });

  const error = await assertRejects(
    () => restXml.deserialize(copy, responseOf(body)),
    ServiceError,
  );
  const plain = await restXml.deserialize(
    operation({ output: () => Settings }),
    responseOf(body),
  );
  const empty = await restXml.deserialize(copy, responseOf(""));

  assertEquals([error.code, error.status], ["SlowDown", 500]);
  assertEquals(plain.output, {});
  assertEquals(empty.output, {});
});

Deno.test("restXml reads the body of an error, and none of a HEAD", async () => {
  const get = answering({ of: "blob", stream: true });

  const refused = await assertRejects(
    () =>
      restXml.deserialize(
        get,
        responseOf("<Error><Code>NoSuchKey</Code></Error>", { status: 404 }),
      ),
    ServiceError,
  );
  const head = await assertRejects(
    () => restXml.deserialize(get, responseOf(null, { status: 304 })),
    ServiceError,
  );

  assertEquals(refused.code, "NoSuchKey");
  assertEquals([head.code, head.reason], ["304", "Not Modified"]);
});

type Bytes = Uint8Array<ArrayBuffer>;

/** What a transport does with the memory that it is given. */
const TRANSPORTS: Readonly<
  Record<string, (document: Bytes, room: Bytes | undefined) => Bytes>
> = {
  "reads into it": (document, room) => {
    if (room === undefined) return document.slice();
    room.set(document);
    return room.subarray(0, document.length);
  },
  "takes it away": (document, room) => {
    if (room === undefined) return document.slice();
    const taken = new Uint8Array(room.buffer.transfer());
    taken.set(document);
    return taken.subarray(0, document.length);
  },
  "uses its own": (document) => document,
};

for (const [name, give] of Object.entries(TRANSPORTS)) {
  Deno.test(`restXml reads long documents into memory used before, where the transport ${name}`, async () => {
    const list = operation({
      output: () => structure({ Text: { of: "string" }, Data: { of: "blob" } }),
    });
    const data = "A".repeat(80_000);
    const rooms: (Bytes | undefined)[] = [];
    const used: number[] = [];
    const documents: Bytes[] = [];
    const read = async (text: string): Promise<unknown> => {
      const document = utf8(`<r><Text>${text}</Text><Data>${data}</Data></r>`);
      documents.push(document);
      const { output } = await restXml.deserialize(list, {
        status: 200,
        headers: {},
        body: {
          open: () => new Blob([document]).stream(),
          bytes: async (room) => {
            rooms.push(room);
            used.push(room?.[3] ?? 0);
            await Promise.resolve();
            return give(document, room);
          },
          cancel: () => Promise.resolve(),
        },
      });
      return output;
    };

    const outputs = [];
    // The first ones tell how much is needed.
    for (const text of ["a", "b", "c", "d"]) outputs.push(await read(text));
    const together = await Promise.all(["e", "f", "g"].map(read));

    assertEquals(
      [...outputs, ...together],
      [..."abcdefg"].map((Text) => ({
        Text,
        Data: new Uint8Array(60_000),
      })),
    );
    assertEquals(new Set(rooms.slice(4)).size, 3);
    assert(documents.every((document) => document.length > 0));
    // "<r><": what is left of the one before.
    if (name !== "uses its own") assertEquals(used.slice(2, 5), [60, 60, 60]);
    const shared = documents.map(({ buffer }) => buffer);
    assert(rooms.every((room) => !room || !shared.includes(room.buffer)));
  });
}

Deno.test("restXml lends no memory to what is handed out, nor to what is short", async () => {
  const blob = answering({ of: "blob" });
  const long = new Uint8Array(300_000).fill(65);
  const short = operation({
    output: () => structure({ Text: { of: "string" } }),
  });
  const rooms: (Bytes | undefined)[] = [];
  const response = (bytes: Bytes, contentLength: number) => ({
    status: 200,
    headers: { "content-length": `${contentLength}` },
    body: {
      open: () => new Blob([bytes]).stream(),
      bytes: (room?: Bytes) => {
        rooms.push(room);
        return Promise.resolve(bytes);
      },
      cancel: () => Promise.resolve(),
    },
  });
  const text = utf8(`<r><Text>${"x".repeat(200_000)}</Text></r>`);

  await restXml.deserialize(short, response(text, text.length));
  const { output } = await restXml.deserialize(blob, response(long, 300_000));
  await restXml.deserialize(short, response(utf8("<r/>"), 4));
  await restXml.deserialize(short, response(text, text.length));

  assertEquals(output["Body"], long);
  assertEquals(rooms.slice(1, 3), [undefined, undefined]);
  assertInstanceOf(rooms[3], Uint8Array);
});

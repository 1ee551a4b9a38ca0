import { assertEquals, assertThrows } from "@std/assert";
import {
  UnsendableRequest,
  writeHead,
  writeLatin1,
} from "../../../src/transport/socket/request_head.ts";
import { bytesOf, type Outcome, readAll, splits } from "./reading.ts";

const OK = "HTTP/1.1 200 OK\r\n";

/** What each response is, however it is cut: statuses, bodies, and what follows. */
const WELL_FORMED: readonly (readonly [
  name: string,
  text: string,
  statuses: readonly number[],
  bodies: readonly string[],
  method?: string,
])[] = [
  ["a length", `${OK}Content-Length: 2\r\n\r\nok`, [200], ["ok"]],
  ["an empty body", `${OK}Content-Length: 0\r\n\r\n`, [200], [""]],
  [
    "two responses",
    `${OK}content-length: 1\r\n\r\na${OK}content-length: 1\r\n\r\nb`,
    [200, 200],
    ["a", "b"],
  ],
  [
    "chunks",
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    [200],
    ["ab0123456789"],
  ],
  ["CHUNKED", `${OK}Transfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n000\r\n\r\n`, [
    200,
  ], ["a"]],
  [
    "chunk extensions",
    `${OK}Transfer-Encoding: chunked\r\n\r\n2;a=b;c="d;\\"e"\r\nab\r\n0 ; x\r\n\r\n`,
    [200],
    ["ab"],
  ],
  [
    "trailers",
    `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\nz: \r\n\r\n`,
    [200],
    ["a"],
  ],
  [
    "a chunk that holds line ends",
    `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n`,
    [200],
    ["\r\n\r\n"],
  ],
  [
    "interim responses",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 1\r\n\r\na`,
    [200],
    ["a"],
  ],
  [
    "HEAD with a length",
    `${OK}Content-Length: 99\r\n\r\n`,
    [200],
    [""],
    "HEAD",
  ],
  [
    "HEAD with chunks",
    `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    [200],
    [""],
    "HEAD",
  ],
  [
    "204 with a length",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    [204],
    [""],
  ],
  [
    "304 with a length",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    [304],
    [""],
  ],
  ["the end of the connection", `${OK}\r\nabc`, [200], ["abc"]],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", [200], ["a"]],
  ["no reason", "HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\na", [200], ["a"]],
  ["no space before no reason", "HTTP/1.1 200\r\ncontent-length: 1\r\n\r\na", [
    200,
  ], ["a"]],
  [
    "an unknown status",
    "HTTP/1.1 599 Odd\r\ncontent-length: 0\r\n\r\n",
    [599],
    [""],
  ],
  [
    "bytes above ASCII",
    `${OK}content-length: 3\r\nx: caf\xe9\r\n\r\n\x00\xff\n`,
    [200],
    ["\x00\xff\n"],
  ],
  ["an empty line in front", `\r\n${OK}content-length: 1\r\n\r\na`, [200], [
    "a",
  ]],
];

const MALFORMED: readonly (readonly [name: string, text: string])[] = [
  ["a folded line", `${OK}a: b\r\n c: d\r\ncontent-length: 0\r\n\r\n`],
  ["a folded first line", `${OK} a: b\r\n\r\n`],
  ["two lengths", `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`],
  ["one length twice", `${OK}content-length: 1\r\ncontent-length: 1\r\n\r\na`],
  ["a list of lengths", `${OK}content-length: 1, 1\r\n\r\na`],
  ["a length with a sign", `${OK}content-length: +1\r\n\r\na`],
  ["a negative length", `${OK}content-length: -1\r\n\r\na`],
  ["a length in hexadecimal", `${OK}content-length: 0x1\r\n\r\na`],
  ["an empty length", `${OK}content-length:\r\n\r\na`],
  [
    "a length beyond all numbers",
    `${OK}content-length: 99999999999999999999\r\n\r\na`,
  ],
  [
    "a length with chunks",
    `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  ],
  [
    "chunks and a length",
    `${OK}transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  ],
  ["another coding", `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  [
    "chunked twice",
    `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["identity", `${OK}transfer-encoding: identity\r\n\r\n`],
  [
    "chunks in HTTP/1.0",
    "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "a chunk longer than its size",
    `${OK}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`,
  ],
  [
    "a chunk without its end",
    `${OK}transfer-encoding: chunked\r\n\r\n1\r\na0\r\n\r\n`,
  ],
  [
    "a chunk size that is none",
    `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`,
  ],
  [
    "a chunk size with a sign",
    `${OK}transfer-encoding: chunked\r\n\r\n-1\r\na\r\n`,
  ],
  [
    "a chunk size with 0x",
    `${OK}transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n`,
  ],
  [
    "a chunk size beyond all numbers",
    `${OK}transfer-encoding: chunked\r\n\r\nfffffffffffffff\r\na\r\n`,
  ],
  ["an empty chunk size", `${OK}transfer-encoding: chunked\r\n\r\n\r\n`],
  [
    "a space behind a chunk size",
    `${OK}transfer-encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n`,
  ],
  [
    "a chunk line that ends with LF",
    `${OK}transfer-encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`,
  ],
  [
    "a control character in an extension",
    `${OK}transfer-encoding: chunked\r\n\r\n1;\x01\r\na\r\n0\r\n\r\n`,
  ],
  [
    "a CR in an extension",
    `${OK}transfer-encoding: chunked\r\n\r\n1;a\rb\r\na\r\n0\r\n\r\n`,
  ],
  [
    "a trailer without a colon",
    `${OK}transfer-encoding: chunked\r\n\r\n0\r\nxy\r\n\r\n`,
  ],
  ["lines that end with LF", "HTTP/1.1 200 OK\ncontent-length: 0\n\n"],
  ["a bare CR", `${OK}a: b\rcontent-length: 0\r\n\r\n`],
  ["a NUL", `${OK}a: b\x00c\r\n\r\n`],
  ["a space before the colon", `${OK}content-length : 1\r\n\r\na`],
  ["a name with a space", `${OK}content length: 1\r\n\r\na`],
  ["an empty name", `${OK}: 1\r\n\r\na`],
  ["a line without a colon", `${OK}content-length\r\n\r\na`],
  [
    "an interim response with a length",
    `HTTP/1.1 100 Go\r\ncontent-length: 9\r\n\r\n${OK}content-length: 0\r\n\r\n`,
  ],
  [
    "an interim response with chunks",
    `HTTP/1.1 103 Hints\r\ntransfer-encoding: chunked\r\n\r\n${OK}content-length: 0\r\n\r\n`,
  ],
  ["HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["http in lower case", "http/1.1 200 OK\r\n\r\n"],
  ["two digits of status", "HTTP/1.1 20 OK\r\n\r\n"],
  ["four digits of status", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["the status 099", "HTTP/1.1 099 OK\r\n\r\n"],
  ["two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"],
  ["a change of protocol", "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n"],
  ["TLS", "\x15\x03\x03\x00\x02\x02\x28"],
  ["SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["a head without an end", `${OK}${"a: b\r\n".repeat(12_000)}`],
  ["a line without an end", `${OK}a: ${"b".repeat(70_000)}`],
  ["too many fields", `${OK}${"a:b\r\n".repeat(1_001)}\r\n`],
  ["interim responses without an end", "HTTP/1.1 100 Go\r\n\r\n".repeat(100)],
  ["empty lines without an end", "\r\n".repeat(100)],
  [
    "a chunk line without an end",
    `${OK}transfer-encoding: chunked\r\n\r\n1;${"a".repeat(20_000)}`,
  ],
  [
    "extensions without an end",
    `${OK}transfer-encoding: chunked\r\n\r\n${
      `1;${"a".repeat(4_000)}\r\na\r\n`.repeat(20)
    }`,
  ],
  [
    "trailers without an end",
    `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${"a: b\r\n".repeat(1_100)}`,
  ],
];

for (const [name, text, statuses, bodies, method] of WELL_FORMED) {
  Deno.test(`reads a response with ${name}, however it is cut`, () => {
    for (const pieces of splits(text)) {
      const { read, refused } = readAll(pieces, method);
      assertEquals(refused, undefined);
      assertEquals(read.map(({ status }) => status), [...statuses]);
      assertEquals(read.map(({ body }) => body), [...bodies]);
      assertEquals(read.every(({ complete }) => complete), true);
    }
  });
}

for (const [name, text] of MALFORMED) {
  Deno.test(`refuses a response with ${name}, however it is cut`, () => {
    const cuts = text.length < 300 ? splits(text) : [
      [bytesOf(text)],
      bytesOf(text).length < 80_000 ? byteByByte(text) : [bytesOf(text)],
    ];
    for (const pieces of cuts) {
      const { read, refused } = readAll(pieces);
      assertEquals(typeof refused, "string");
      assertEquals(read.some(({ complete }) => complete), false);
    }
  });
}

function byteByByte(text: string): Uint8Array[] {
  const bytes = bytesOf(text);
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

Deno.test("keeps names apart from what objects inherit, and joins repeated ones", () => {
  const { read } = readAll([
    bytesOf(
      `${OK}__proto__: a\r\nConstructor: b\r\nX-A:  1\t\r\nx-a: 2\r\nx-empty:\r\ncontent-length: 0\r\n\r\n`,
    ),
  ]);
  assertEquals(Object.entries(read[0]?.headers ?? {}), [
    ["__proto__", "a"],
    ["constructor", "b"],
    ["x-a", "1, 2"],
    ["x-empty", ""],
    ["content-length", "0"],
  ]);
});

Deno.test("keeps a connection as the versions and their options say", () => {
  const cases = [
    ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true],
    [
      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close\r\n\r\n",
      false,
    ],
    ["HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false],
    [
      "HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive\r\n\r\n",
      true,
    ],
    ["HTTP/1.1 200 OK\r\n\r\n", false],
    ["HTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n", true],
    ["HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n", false],
    ["HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n", false],
    ["HTTP/1.1 304 Same\r\ncontent-length: 5\r\n\r\n", true],
  ] as const;
  for (const [text, keepAlive] of cases) {
    assertEquals(readAll([bytesOf(text)]).read[0]?.keepAlive, keepAlive);
  }
});

Deno.test("leaves what stands behind a response, so that it is no response to anything", () => {
  const smuggled = `${OK}content-length: 4\r\n\r\nevil`;
  const { read, left } = readAll(
    [bytesOf(`${OK}content-length: 2\r\n\r\nok${smuggled}`)],
    "GET",
    1,
  );
  assertEquals(read.map(({ body }) => body), ["ok"]);
  assertEquals(left, smuggled.length);
});

Deno.test("reads a head alike whatever head came before it on the connection", () => {
  const heads = [
    "A: 1\r\nB: 2\r\n",
    "a: 3\r\nb: 4\r\n",
    "A: 1\r\nA: 2\r\n",
    "A: 1\r\nA: 2\r\nB: 3\r\n",
    "A: 1\r\n",
    "A: \r\nB: 2\r\n",
    "A:1\r\nB:2\r\n",
    "A:  1\r\nB: 2 \r\n",
    "A: 1\r\nB: \xe4\r\n",
    "B: 2\r\nA: 1\r\n",
    "A: 1\r\nB: 2\r\nC: 3\r\n",
    "2: b\r\n1: a\r\n",
    "__proto__: 1\r\nconstructor: 2\r\n",
    "A: 1: 2\r\nB: B: 2\r\n",
    "A : 1\r\nB: 2\r\n",
    "A: 1\r\n B: 2\r\n",
    "",
  ].map((fields) => `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`);
  const alone = heads.map((head) => readAll([bytesOf(head)]));
  for (const before of heads) {
    for (const [index, head] of heads.entries()) {
      const { read, refused } = readAll([bytesOf(before + head)]);
      const expected = alone[index];
      if (refused !== undefined && read.length === 0) continue;
      assertEquals(read.slice(1), expected?.read);
      assertEquals(refused, expected?.refused);
      assertEquals(
        read[1] && Object.entries(read[1].headers),
        expected?.read[0] && Object.entries(expected.read[0].headers),
      );
    }
  }
});

/** mulberry32: the same numbers in every run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

const BITS = [
  "\r\n",
  "\r",
  "\n",
  "\x00",
  " ",
  "\t",
  ":",
  ";",
  "0\r\n\r\n",
  "1\r\na\r\n",
  "content-length: 3\r\n",
  "transfer-encoding: chunked\r\n",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "ffffffff",
  "connection: close\r\n",
  "\xff",
];

Deno.test("fuzzed responses are read or refused, and alike however they are cut", () => {
  const random = numbers(20_261_129);
  const below = (most: number): number =>
    Math.floor(random.next().value * most);
  for (let round = 0; round < 3_000; round++) {
    let [, text = ""] = WELL_FORMED[below(WELL_FORMED.length)] ?? [];
    for (let change = below(4); change >= 0; change--) {
      const at = below(text.length);
      const bit = BITS[below(BITS.length)] ?? "";
      text = text.slice(0, at) + bit + text.slice(at + below(4));
    }
    const bytes = bytesOf(text);
    const whole = readAll([bytes]);
    const cut = 1 + below(Math.max(1, bytes.length - 1));
    const parts = readAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
    const single = readAll(byteByByte(text));
    assertEquals(facts(parts), facts(whole), JSON.stringify(text));
    assertEquals(facts(single), facts(whole), JSON.stringify(text));
    assertEquals(held(whole) <= bytes.length, true);
  }
});

function facts({ read, refused, left }: Outcome): unknown {
  // How much was taken before the refusal depends on when it was seen.
  return refused === undefined
    ? { read, left }
    : read.filter(({ complete }) => complete);
}

function held({ read, left }: Outcome): number {
  return read.reduce((sum, { body }) => sum + body.length, left);
}

Deno.test("writes the head of a request, and its framing by the body", () => {
  const head = {
    method: "PUT",
    target: "/a/../b?x=%20",
    host: "h:1",
    headers: { "X-A": "1", "content-length": "99", "Accept-Encoding": "gzip" },
    ours: { "accept-encoding": "identity" },
    length: 3,
  };
  assertEquals(
    writeHead(head),
    "PUT /a/../b?x=%20 HTTP/1.1\r\nhost: h:1\r\nX-A: 1\r\naccept-encoding: identity\r\ncontent-length: 3\r\n\r\n",
  );
  assertEquals(
    writeHead({ ...head, headers: { Host: "given" }, length: undefined }),
    "PUT /a/../b?x=%20 HTTP/1.1\r\nhost: given\r\naccept-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n",
  );
});

Deno.test("refuses to write what would end a line or start another request", () => {
  const head = {
    method: "GET",
    target: "/",
    host: "h",
    headers: {},
    ours: {},
    length: -1,
  };
  const bad = [
    { method: "GE T" },
    { method: "GET\r\nx: y" },
    { target: "/a b" },
    { target: "/a\r\nx: y" },
    { target: "/é" },
    { target: "" },
    { headers: { "a\r\nb": "c" } },
    { headers: { "a b": "c" } },
    { headers: { "": "c" } },
    { headers: { a: "b\r\nc: d" } },
    { headers: { a: "b\nc" } },
    { headers: { a: "b\x00" } },
    { headers: { a: "\u20ac" } },
    { headers: { host: "a\r\nb" } },
  ];
  for (const part of bad) {
    assertThrows(() => writeHead({ ...head, ...part }), UnsendableRequest);
  }
});

Deno.test("writes Latin-1 as one byte per character", () => {
  const into = new Uint8Array(5);
  writeLatin1("caf\xe9!", into);
  assertEquals(into, Uint8Array.of(99, 97, 102, 233, 33));
});

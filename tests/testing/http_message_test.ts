import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import {
  httpResponse,
  plainRequest,
  readRequest,
  readResponse,
  writeRequest,
  writeResponse,
} from "../../src/testing/http_message.ts";

const PUT: HttpRequest = {
  method: "PUT",
  origin: "https://s3.eu-west-1.amazonaws.com",
  path: "/photos/a%20b",
  query: [["uploads"], ["x", "1/2"]],
  headers: { host: "s3.eu-west-1.amazonaws.com", "x-amz-meta-a": "b: c" },
  body: utf8("two\nlines\n"),
};

Deno.test("writeRequest shows the URL as it is sent", async () => {
  const files = writeRequest(await plainRequest(PUT));

  assertEquals(files, {
    text:
      `PUT https://s3.eu-west-1.amazonaws.com/photos/a%20b?uploads&x=1%2F2 HTTP/1.1
host: s3.eu-west-1.amazonaws.com
x-amz-meta-a: b: c

two
lines

`,
  });
});

Deno.test("readRequest reads what writeRequest writes", async () => {
  const bodies = ["", "\n", "text", "a\n", "a\n\n", "\r\n", "\uFEFFa", "\x00"];

  for (const body of bodies) {
    const request = await plainRequest({ ...PUT, body: utf8(body) });
    assertEquals(readRequest(writeRequest(request)), request, body);
  }
});

Deno.test("writeResponse keeps a body that is no text in its own file", () => {
  for (const body of [new Uint8Array([0xff, 0x00]), utf8("a\r\nb")]) {
    const response = { status: 200, headers: {}, body };

    const files = writeResponse(response);

    assertEquals(files, { text: "HTTP/1.1 200\n\n", body });
    assertEquals(readResponse(files), response);
  }
});

Deno.test("readResponse takes a message as people write it", () => {
  const response = readResponse({
    text: "HTTP/1.1 404 Not Found\nX-Amz-Request-Id:  A1\n\n<Error/>\n",
  });

  assertEquals(response, {
    status: 404,
    headers: { "x-amz-request-id": "A1" },
    body: utf8("<Error/>"),
  });
});

Deno.test("readRequest and readResponse say what is wrong", () => {
  assertThrows(
    () => readRequest({ text: "GET /cat.txt HTTP/1.1\n\n" }),
    SyntaxError,
    '"GET /cat.txt HTTP/1.1" must be a method, a whole URL and HTTP/1.1',
  );
  assertThrows(
    () => readRequest({ text: "LOOK https://a/ HTTP/1.1\n\n" }),
    SyntaxError,
  );
  assertThrows(
    () => readResponse({ text: "HTTP/1.1 100\n\n" }),
    SyntaxError,
    "a status from 200 to 599",
  );
  assertThrows(
    () => readResponse({ text: "HTTP/1.1 200\nno colon\n\n" }),
    SyntaxError,
    '"no colon" must be "name: value"',
  );
});

Deno.test("plainRequest opens a source once", async () => {
  let opened = 0;
  const body = {
    length: 2,
    replayable: false,
    open: () => {
      opened++;
      return new Blob(["hi"]).stream();
    },
  };

  const request = await plainRequest({ ...PUT, body });

  assertEquals(request.body, utf8("hi"));
  assertEquals(opened, 1);
});

Deno.test("httpResponse has a body that is read once", async () => {
  const response = { status: 200, headers: {}, body: utf8("hi") };

  const { body } = httpResponse(response, "GET");

  assertEquals(await body?.bytes(), utf8("hi"));
  await assertRejects(async () => await body?.bytes(), TypeError);
});

Deno.test("httpResponse has no body where HTTP allows none", () => {
  const response = { status: 200, headers: {}, body: utf8("") };

  assertEquals(httpResponse(response, "HEAD").body, null);
  assertEquals(httpResponse({ ...response, status: 204 }, "PUT").body, null);
  assertEquals(httpResponse({ ...response, status: 304 }, "GET").body, null);
});

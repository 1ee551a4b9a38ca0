import { assertEquals, assertThrows } from "@std/assert";
import { EndpointError } from "../../src/foundation/errors.ts";
import { encodeComponent, encodePath } from "../../src/foundation/bytes.ts";
import { requestUrl } from "../../src/transport/request_url.ts";
import { requestTo } from "./requests.ts";

const ORIGIN = "https://s3.eu-west-1.amazonaws.com";

Deno.test("requestUrl joins origin, path and query", () => {
  const request = requestTo(ORIGIN, {
    path: "/bucket/a%20b",
    query: [["uploads"], ["prefix", "a/b&c=d +é"], ["marker", ""]],
  });

  const url = requestUrl(request);

  assertEquals(
    url,
    `${ORIGIN}/bucket/a%20b?uploads&prefix=a%2Fb%26c%3Dd%20%2B%C3%A9&marker=`,
  );
});

Deno.test("requestUrl keeps every encoded character of a path and a query", () => {
  for (let code = 0; code < 256; code++) {
    const key = `x${String.fromCodePoint(code)}y`;
    const request = requestTo(ORIGIN, {
      path: `/${encodePath(key)}`,
      query: [[key, key]],
    });

    const encoded = encodeComponent(key);
    assertEquals(
      requestUrl(request),
      `${ORIGIN}/${encodePath(key)}?${encoded}=${encoded}`,
    );
  }
});

Deno.test("requestUrl keeps what looks odd but means itself", () => {
  for (const path of ["/", "//", "/a//b/", "/...", "/a/..b", "/%2F", "/%5C"]) {
    assertEquals(requestUrl(requestTo(ORIGIN, { path })), ORIGIN + path);
  }
});

Deno.test("requestUrl refuses a path that the platform would change", () => {
  const paths = [
    "/a/../b",
    "/a/./b",
    "/a/..",
    "/a/.",
    "/..",
    "/%2e%2e/b",
    "/a/.%2E/b",
    "/a/%2e",
    "/a\\b",
    "/a b",
    "/é",
    "/a\tb",
    "/a#b",
    "/a?b",
    "",
  ];

  for (const path of paths) {
    assertThrows(
      () => requestUrl(requestTo(ORIGIN, { path })),
      EndpointError,
      `Cannot send GET ${ORIGIN}${path}: the platform would`,
    );
  }
});

Deno.test("requestUrl refuses an origin that is none", () => {
  for (const origin of ["", "s3.example", "ftp://s3.example", "https://"]) {
    assertThrows(
      () => requestUrl(requestTo(origin, { path: "/key" })),
      EndpointError,
      "Cannot send",
    );
  }
});

Deno.test("requestUrl refuses an origin with a password", () => {
  assertThrows(
    () => requestUrl(requestTo("https://me:planted@s3.example")),
    EndpointError,
    "Cannot send GET https://***@s3.example/: its origin holds a name or a password",
  );
});

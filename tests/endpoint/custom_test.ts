import { assertEquals, assertThrows } from "@std/assert";
import { parseEndpointUrl } from "../../src/endpoint/custom.ts";
import { EndpointError } from "../../src/foundation/errors.ts";

Deno.test("an endpoint is taken apart as it is written", () => {
  assertEquals(parseEndpointUrl("https://example.com:443/base/v1"), {
    scheme: "https",
    authority: "example.com:443",
    path: "/base/v1",
    isAddress: false,
  });
});

Deno.test("slashes at the end are not part of the path", () => {
  for (const url of ["http://minio_1:9000/", "http://minio_1:9000//"]) {
    assertEquals(parseEndpointUrl(url).path, "");
  }
  assertEquals(parseEndpointUrl("http://a/b//").path, "/b");
});

Deno.test("addresses are told from names", () => {
  for (const host of ["127.0.0.1", "127.0.0.1:9000", "[::1]", "[fe80::1]:80"]) {
    assertEquals(parseEndpointUrl(`http://${host}`).isAddress, true, host);
  }
  for (const host of ["localhost:9000", "1.2.3", "a1.2.3.4"]) {
    assertEquals(parseEndpointUrl(`http://${host}`).isAddress, false, host);
  }
});

Deno.test("what is no endpoint is refused", () => {
  const wrong = [
    "",
    "localhost:9000",
    "ftp://example.com",
    "https://",
    "https:///path",
    "https://example.com:70000",
    "https://example.com:port",
    "https://example.com?x=1",
    "https://example.com/#part",
    "https://exa mple.com",
    "https://example.com\n",
    "https://example.com/a b",
    "https://[::1",
  ];
  for (const url of wrong) {
    assertThrows(() => parseEndpointUrl(url), EndpointError, undefined, url);
  }
});

Deno.test("a password in an endpoint is refused and not repeated", () => {
  const error = assertThrows(
    () => parseEndpointUrl("https://user:hunter2@example.com"),
    EndpointError,
  );

  assertEquals(error.message.includes("hunter2"), false);
});

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { encodeComponent, encodePath } from "../../src/foundation/bytes.ts";
import { EndpointError, TransportError } from "../../src/foundation/errors.ts";
import { requestUrl, sendFault } from "../../src/transport/faults.ts";
import { requestTo } from "./requests.ts";

const REQUEST = requestTo("https://s3.example", { path: "/b/dns%20error" });

/** What Deno says, in the form `fetch` gives it; faults_live_test.ts has the rest. */
const DENO = [
  [
    "client error (Connect): tcp connect error: Network is unreachable (os error 101)",
    "refused",
    false,
  ],
  [
    "client error (Connect): tcp connect error: Connection timed out (os error 110)",
    "refused",
    false,
  ],
  ["client error (Connect): proxy authentication required", "refused", false],
  ["client error (Connect): unexpected eof while tunneling", "refused", false],
  [
    "client error (Connect): Connection reset by peer (os error 104)",
    "reset",
    false,
  ],
  [
    "client error (Connect): received fatal alert: HandshakeFailure",
    "tls",
    false,
  ],
  ["client error (Connect): tls handshake eof", "tls", false],
  [
    "client error (SendRequest): received fatal alert: CertificateRequired",
    "tls",
    true,
  ],
  [
    "client error (SendRequest): connection error: Broken pipe (os error 32)",
    "reset",
    true,
  ],
  ["client error (SendRequest): invalid HTTP header parsed", "not-http", true],
  ["client error (SendRequest): something new", "unknown", true],
  ["client error (Connect): something new", "unknown", false],
] as const;

/** What Node's fetch says, as code and message of the cause. */
const NODE = [
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1234", "refused", false],
  ["UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error", "refused", false],
  ["ENOTFOUND", "getaddrinfo ENOTFOUND nothing.invalid", "dns", false],
  ["UND_ERR_SOCKET", "other side closed", "closed", true],
  ["ECONNRESET", "read ECONNRESET", "reset", true],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number", "tls", true],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", "tls", true],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify", "tls", true],
  ["HPE_INVALID_CONSTANT", "Expected HTTP/", "not-http", true],
] as const;

Deno.test("sendFault reads what Deno says, and not the URL in it", () => {
  for (const [words, kind, maybeSent] of DENO) {
    const error = sendFault(
      new TypeError("fetch failed", {
        cause: new Error(
          `error sending request for url (https://s3.example/b/dns%20error): ${words}`,
        ),
      }),
      REQUEST,
    );

    assertInstanceOf(error, TransportError);
    assertEquals([words, error.kind, error.maybeSent], [
      words,
      kind,
      maybeSent,
    ]);
  }
});

Deno.test("sendFault reads what Node says", () => {
  for (const [code, message, kind, maybeSent] of NODE) {
    const cause = Object.assign(new Error(message), { code });

    const error = sendFault(new TypeError("fetch failed", { cause }), REQUEST);

    assertInstanceOf(error, TransportError);
    assertEquals([code, error.kind, error.maybeSent], [code, kind, maybeSent]);
  }
});

Deno.test("sendFault reads a port that Node does not like", () => {
  const cause = new Error("bad port");

  const error = sendFault(
    new TypeError("fetch failed", { cause }),
    requestTo("http://s3.example:6000"),
  );

  assertInstanceOf(error, EndpointError);
  assertEquals(
    error.message,
    "Cannot send GET http://s3.example:6000/: fetch never connects to port 6000, which the Fetch standard blocks; use another port",
  );
});

Deno.test("sendFault says what browsers keep to themselves", () => {
  for (
    const text of [
      "Failed to fetch",
      "NetworkError when attempting to fetch resource.",
      "Load failed",
    ]
  ) {
    const error = sendFault(new TypeError(text), REQUEST);

    assertInstanceOf(error, TransportError);
    assertEquals([error.kind, error.maybeSent], ["unknown", true]);
    assertMatch(error.message, /the exchange failed\. .* CORS does not allow/);
  }
});

Deno.test("sendFault keeps what it does not know as the cause", () => {
  const error = sendFault("thrown text", REQUEST);

  assertInstanceOf(error, TransportError);
  assertEquals([error.kind, error.maybeSent, error.cause], [
    "unknown",
    true,
    "thrown text",
  ]);
});

Deno.test("sendFault takes the query out of all that is quoted", () => {
  const quoted =
    "error sending request for url (https://s3.example/b?X-Amz-Signature=planted&x=%22): client error (Connect): something new";
  const request = requestTo("https://s3.example", {
    path: "/b",
    query: [["X-Amz-Signature", "planted"]],
  });

  const error = sendFault(
    new TypeError(quoted, { cause: new Error(quoted) }),
    request,
  );

  assertEquals(Deno.inspect(error).includes("planted"), false);
  assertEquals(Deno.inspect(error).includes("something new"), true);
});

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

import { assertEquals } from "@std/assert";
import { signRequest } from "../../src/signing/mod.ts";

const CREDENTIALS = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "secret",
  sessionToken: "the-token-of-a-session",
};

for (const status of [301, 302, 303, 307, 308]) {
  for (const method of ["GET", "PUT"]) {
    Deno.test(`fetch of a signed ${method} does not follow a ${status} to another origin`, async () => {
      const seen: string[] = [];
      await using thief = serve(({ headers }) => {
        seen.push(headers.get("x-amz-security-token") ?? "no token");
        return new Response("thanks");
      });
      await using store = serve(() =>
        new Response(null, { status, headers: { location: thief.url } })
      );
      const body = method === "PUT" ? { body: "the body" } : {};

      const response = await fetch(
        await signRequest(new Request(store.url, { method, ...body }), SCOPE),
      );
      await response.body?.cancel();

      assertEquals(response.status, status);
      assertEquals(seen, []);
    });
  }
}

Deno.test("signRequest follows redirects where its caller asks for it", async () => {
  await using other = serve(() => new Response("there"));
  await using store = serve(() => Response.redirect(other.url, 307));

  const signed = await signRequest(new Request(store.url), {
    ...SCOPE,
    redirect: "follow",
  });

  assertEquals(signed.redirect, "follow");
  assertEquals(await (await fetch(signed)).text(), "there");
});

Deno.test("signRequest keeps a request's own way with redirects", async () => {
  for (const redirect of ["error", "manual"] as const) {
    const request = new Request("https://example.com/", { redirect });

    assertEquals((await signRequest(request, SCOPE)).redirect, redirect);
  }
});

const SCOPE = {
  credentials: CREDENTIALS,
  region: "us-east-1",
  service: "s3",
} as const;

/** A server on the loopback interface. */
function serve(
  handler: (request: Request) => Response,
): { url: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/photos/cat.txt`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

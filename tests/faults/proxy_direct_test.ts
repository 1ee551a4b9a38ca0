import { assertEquals, assertMatch } from "@std/assert";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, wire } from "./wire.ts";

const KEYS = JSON.stringify({
  AccessKeyId: "AKIDCONTAINER",
  SecretAccessKey: "secret",
  Token: "token",
  Expiration: "2999-01-01T00:00:00Z",
});

overBoth(
  "container credentials and their token go past HTTP_PROXY",
  async () => {
    for (
      const permissions of [["--allow-env"], []]
    ) {
      for (const variable of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) {
        const { printed, served, proxied } = await run("container", {
          variables: [variable],
          permissions,
        });

        assertEquals([printed, proxied], ["AKIDCONTAINER", []]);
        assertMatch(served[0] ?? "", /^authorization: token-of-the-task\r?$/m);
      }
    }
  },
);

overBoth(
  "proxy: false keeps calls over http away from the proxy of the environment",
  async () => {
    for (const variable of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) {
      const { printed, served, proxied } = await run("call", {
        variables: [variable],
        permissions: ["--allow-env"],
      });

      assertEquals([printed, proxied], ["done", []]);
      assertMatch(served[0] ?? "", /^HEAD \S*\/photos\/cat HTTP/);
    }
  },
);

overBoth(
  "proxy: false leaves requests to hosts in NO_PROXY as they are",
  async () => {
    for (const exceptions of ["127.0.0.1", "x.example, 127.0.0.0/8"]) {
      const { served, proxied } = await run("call", {
        variables: ["HTTP_PROXY"],
        permissions: ["--allow-env"],
        exceptions,
      });

      assertEquals(proxied, []);
      assertMatch(served[0] ?? "", /^HEAD \/photos\/cat HTTP/);
    }
  },
);

overBoth(
  "proxy: false over https names the NO_PROXY that Deno needs, and sends nothing",
  async () => {
    for (const variable of ["HTTPS_PROXY", "ALL_PROXY"]) {
      const { printed, served, proxied } = await run("call", {
        variables: [variable],
        permissions: ["--allow-env"],
        scheme: "https",
      });

      assertMatch(printed, /^ConfigError: .*set NO_PROXY=127\.0\.0\.1/);
      assertEquals([served, proxied], [[], []]);
    }
  },
);

/** Runs proxy_program.ts where variables name a proxy. */
async function run(
  kind: "call" | "container",
  { variables, permissions, exceptions, scheme = "http" }: {
    readonly variables: readonly string[];
    readonly permissions: readonly string[];
    readonly exceptions?: string;
    readonly scheme?: "http" | "https";
  },
): Promise<{
  readonly printed: string;
  readonly served: readonly string[];
  readonly proxied: readonly string[];
}> {
  await using server = wire(async (peer) => {
    for (;;) {
      const head = await peer.head();
      await peer.send(answer("200 OK", head.startsWith("HEAD") ? "" : KEYS));
    }
  });
  await using proxy = wire(async (peer) => {
    await peer.head();
    await peer.send(answer("502 Bad Gateway"));
  });
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      ...permissions,
      new URL("proxy_program.ts", import.meta.url).href,
      kind,
      server.origin.replace("http", scheme),
      transportName(),
    ],
    env: {
      ...Object.fromEntries(variables.map((name) => [name, proxy.origin])),
      ...exceptions === undefined ? {} : { NO_PROXY: exceptions },
    },
  }).output();
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(stderr), "");
  return {
    printed: decoder.decode(stdout).trim(),
    served: server.heads,
    proxied: proxy.heads,
  };
}

import {
  isSocket,
  newTransport,
  overBoth,
  transportName,
} from "../both_transports.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { EndpointError, TransportError } from "../../src/foundation/errors.ts";
import { text, utf8 } from "../../src/foundation/bytes.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import type { FetchTransportOptions } from "../../src/transport/fetch_transport.ts";
import { closedPort, HostileServer, type Script } from "./hostile_server.ts";
import { bytesOf, piecesOf, requestTo } from "./requests.ts";
import { AUTHORITY, tlsServer } from "./tls_server.ts";

overBoth("a port without a server is refused, never sent", async () => {
  const error = await failure(`http://127.0.0.1:${closedPort()}`);

  assertFault(error, "refused", false);
});

overBoth(
  "a connection that is closed before the answer is closed",
  async () => {
    const error = await failureAt(async (peer) => {
      await peer.head();
      peer.close();
    });

    assertFault(error, "closed", true);
  },
);

overBoth("a head that is cut is closed", async () => {
  const error = await failureAt(async (peer) => {
    await peer.head();
    await peer.send("HTTP/1.1 200 OK\r\ncontent-le");
    peer.close();
  });

  assertFault(error, "closed", true);
});

overBoth("what is not HTTP is not-http", async () => {
  for (
    const answer of [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(900_000)}\r\n\r\n`,
    ]
  ) {
    const error = await failureAt(async (peer) => {
      await peer.head();
      await peer.send(answer);
      peer.close();
    });

    assertFault(error, "not-http", true);
  }
});

overBoth("garbage instead of TLS is tls, never sent", async () => {
  await using server = new HostileServer(async (peer) => {
    await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });

  assertFault(await failure(server.tlsOrigin), "tls", false);
});

overBoth(
  "a server that hangs up during the handshake is tls, never sent",
  async () => {
    await using server = new HostileServer((peer) => peer.close());

    const error = await failure(server.tlsOrigin);

    assertInstanceOf(error, TransportError);
    assertEquals(["tls", "reset"].includes(error.kind), true);
    assertEquals(error.maybeSent, false);
  },
);

overBoth(
  "a certificate of an unknown authority is tls, never sent",
  async () => {
    await using server = tlsServer();

    assertFault(await failure(server.origin("localhost")), "tls", false);
  },
);

overBoth("a certificate for another name is tls, never sent", async () => {
  await using server = tlsServer();
  const caCerts = [AUTHORITY];

  const error = await failure(server.origin("127.0.0.1"), { caCerts });

  assertFault(error, "tls", false);
});

overBoth("a certificate of an authority in caCerts is good", async () => {
  await using server = tlsServer();
  using transport = newTransport({ caCerts: [AUTHORITY] });

  const response = await transport.send(requestTo(server.origin("localhost")));

  assertEquals(text(await bytesOf(response)), "hello");
});

overBoth("a reset before the answer is reset", async () => {
  await using server = await resettingServer("");
  await server.reset();

  const error = await failure(server.origin, { dialer: false });

  assertFault(error, "reset", true);
}, { ignore: !await hasPerl() });

overBoth("a reset in the body is cut", async () => {
  await using server = await resettingServer(
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
  );
  using transport = newTransport({ dialer: false });
  const response = await transport.send(requestTo(server.origin));

  await server.reset();

  assertFault(await assertRejects(() => bytesOf(response)), "cut", true);
}, { ignore: !await hasPerl() });

overBoth(
  "a body that is cut at any offset is cut, read whole or by pieces",
  async () => {
    const whole = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello, world";
    const start = whole.length - 12;
    await using server = new HostileServer(async (peer) => {
      const end = Number(/^GET \/(\d+)/.exec(await peer.head())?.[1]);
      await peer.send(whole.slice(0, end));
      peer.close();
    });
    using transport = newTransport({ dialer: false });

    for (let end = 1; end < whole.length; end++) {
      for (const readAll of [bytesOf, piecesOf]) {
        const request = requestTo(server.origin, { path: `/${end}` });
        const error = await assertRejects(async () =>
          await readAll(await transport.send(request))
        );
        assertFault(error, end < start ? "closed" : "cut", true);
      }
    }
  },
);

overBoth(
  "a chunked body that is cut at any offset is cut, read whole or by pieces",
  async () => {
    const body = "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
    await using server = new HostileServer(async (peer) => {
      const end = Number(/^GET \/(\d+)/.exec(await peer.head())?.[1]);
      await peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      await peer.send(body.slice(0, end));
      peer.close();
    });
    using transport = newTransport({ dialer: false });

    for (let end = 0; end < body.length; end++) {
      for (const readAll of [bytesOf, piecesOf]) {
        const request = requestTo(server.origin, { path: `/${end}` });
        const error = await assertRejects(async () =>
          await readAll(await transport.send(request))
        );
        assertFault(error, "cut", true);
      }
    }
  },
);

overBoth("a cut body tells how far it came", async () => {
  const error = await failureAt(async (peer) => {
    await peer.head();
    await peer.send("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello");
    peer.close();
  });

  const end = isSocket() ? / \(phase body, \S+ to \S+\)$/ : /$/;
  assertMatch(
    error.message,
    new RegExp(`: it ended after 5 of 12 bytes${end.source}`),
  );
});

overBoth("a name that no host can have is refused in words", async () => {
  using transport = newTransport();
  for (const host of ["a..b", "a!b", "*.example"]) {
    const sending = transport.send(requestTo(`http://${host}`));

    const error = await assertRejects(() => sending, EndpointError);

    assertStringIncludes(error.message, `"${host}": it cannot be the name`);
  }
});

overBoth("a name that cannot be resolved is dns, never sent", async () => {
  const error = await failureInChild(
    "http://nothing.invalid",
    "--allow-net=nothing.invalid",
  );

  assertEquals(error.kind, "dns");
  assertEquals(error.phase, isSocket() ? "dns" : undefined);
  assertEquals(error.maybeSent, false);
});

overBoth(
  "a host that this program may not reach is denied, never sent",
  async () => {
    const error = await failureInChild(
      "https://s3.example:8443",
      "--allow-net=other.example",
    );

    assertEquals(error.kind, "denied");
    assertEquals(error.maybeSent, false);
    assertEquals(
      error.message,
      "Cannot send GET https://s3.example:8443/: this program may not connect to that host; allow it with --allow-net=s3.example:8443",
    );
  },
);

overBoth("an error does not hold the query, which may be signed", async () => {
  const request = { query: [["X-Amz-Signature", "planted"]] } as const;

  const error = await failure(`http://127.0.0.1:${closedPort()}`, {}, request);

  assertFault(error, "refused", false);
  assertEquals(Deno.inspect(error).includes("planted"), false);
});

function assertFault(
  error: unknown,
  kind: TransportError["kind"],
  maybeSent: boolean,
): void {
  assertInstanceOf(error, TransportError);
  assertEquals({ kind: error.kind, maybeSent: error.maybeSent }, {
    kind,
    maybeSent,
  });
}

async function failure(
  origin: string,
  options: FetchTransportOptions = {},
  parts: Partial<HttpRequest> = {},
): Promise<Error> {
  using transport = newTransport(options);
  return await assertRejects(
    async () => await bytesOf(await transport.send(requestTo(origin, parts))),
    Error,
  );
}

async function failureAt(script: Script): Promise<Error> {
  await using server = new HostileServer(script);
  // The dial would be a second connection, which the scripts do not expect.
  return await failure(server.origin, { dialer: false });
}

/** What a program without the permissions of the tests gets to see. */
async function failureInChild(
  origin: string,
  permission: string,
): Promise<
  { kind: string; maybeSent: boolean; message: string; phase?: string }
> {
  const program = new URL("send_program.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      permission,
      program,
      origin,
      transportName(),
    ],
  }).output();
  return JSON.parse(text(stdout));
}

/** Deno cannot make a socket reset: Perl does it, after its answer, when told. */
async function resettingServer(
  answer: string,
): Promise<AsyncDisposable & { origin: string; reset(): Promise<void> }> {
  const script = `
    use IO::Socket::INET; use Socket; $| = 1;
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 5);
    print $listener->sockport, "\\n";
    my $peer = $listener->accept;
    sysread($peer, my $head, 65536);
    syswrite($peer, $ARGV[0]);
    <STDIN>;
    setsockopt($peer, SOL_SOCKET, SO_LINGER, pack("II", 1, 0));
    close $peer;`;
  const child = new Deno.Command("perl", {
    args: ["-e", script, answer],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    origin: `http://127.0.0.1:${text(value ?? new Uint8Array()).trim()}`,
    reset: async () => await writer.write(utf8("\n")),
    async [Symbol.asyncDispose](): Promise<void> {
      await writer.close();
      await child.status;
      await reader.cancel();
    },
  };
}

async function hasPerl(): Promise<boolean> {
  try {
    return (await new Deno.Command("perl", { args: ["-v"] }).output()).success;
  } catch {
    return false;
  }
}

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { AwsError, Session, TransportError } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";
import { answer, wire } from "./wire.ts";

const CAT = { Bucket: "photos", Key: "cat" };

overBoth(
  "a proxy that cannot be reached is named, and not the server",
  async () => {
    for (const scheme of ["http", "https"]) {
      const proxy = `127.0.0.1:${closedPort()}`;
      const { message, kind } = await transportFailure(
        `${scheme}://localhost:1234`,
        `http://me:planted@${proxy}`,
      );

      assertEquals(kind, "refused");
      assertStringIncludes(message, `the proxy ${proxy} cannot be reached`);
      assertStringIncludes(message, "NO_PROXY");
      assertEquals(message.includes("planted"), false);
    }
  },
);

overBoth("a proxy that wants a password is told as that", async () => {
  await using proxy = wire(async (peer) => {
    await peer.head();
    await peer.send(answer("407 Proxy Authentication Required"));
  });
  for (const scheme of ["http", "https"]) {
    const { message, maybeSent } = await transportFailure(
      `${scheme}://localhost:1234`,
      proxy.origin,
    );

    assertStringIncludes(
      message,
      "the proxy wants a name and a password (407)",
    );
    assertEquals(maybeSent, false);
  }
});

overBoth("a proxy that makes no tunnel is told as that", async () => {
  for (
    const reply of [answer("403 Forbidden"), answer("502 Bad Gateway"), ""]
  ) {
    await using proxy = wire(async (peer) => {
      await peer.head();
      await peer.send(reply);
    });

    const { message } = await transportFailure(
      "https://localhost:1234",
      proxy.origin,
    );

    assertMatch(
      message,
      /the proxy 127\.0\.0\.1:\d+ made no connection to the host/,
    );
  }
});

overBoth(
  "an answer with more than 100 header fields is told as that, after one attempt",
  async () => {
    const fields = Array.from({ length: 120 }, (_, i) => `x-amz-meta-${i}: v`);
    await using server = wire(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.send(answer("200 OK", "", ...fields));
      }
    });

    for (const mode of ["legacy", "standard", "adaptive"] as const) {
      using session = sessionAt(server.origin, { mode, maxAttempts: 3 });
      const before = server.heads.length;
      const error = await assertRejects(
        () => session.client(S3).headObject(CAT),
        AwsError,
        "more than 100 header fields",
      );

      assertEquals(server.heads.length - before, 1);
      assertEquals(error.message.includes("not HTTP"), false);
    }
  },
);

overBoth("a refusal whose body is cut tells its status", async () => {
  const cut = [
    "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 900\r\n\r\n<Err",
    "HTTP/1.1 503 Slow Down\r\ntransfer-encoding: chunked\r\n\r\n4\r\n<Err\r\n",
  ];
  for (const text of cut) {
    await using server = wire(async (peer) => {
      await peer.head();
      await peer.send(text);
    });
    using session = sessionAt(server.origin, { maxAttempts: 1 });

    const error = await assertRejects(
      () => session.client(S3).getObject(CAT),
      TransportError,
    );

    assertStringIncludes(error.message, `status ${text.slice(9, 12)}`);
    assertEquals(error.kind, "cut");
  }
});

overBoth(
  "a success that cannot be read tells its true status and its start",
  async () => {
    await using server = wire(async (peer) => {
      for (;;) {
        await peer.head();
        await peer.send(answer("200 OK", "}{ no XML"));
      }
    });
    using session = sessionAt(server.origin, { maxAttempts: 3 });

    const error = await assertRejects(
      () => session.client(S3).listObjectsV2({ Bucket: "photos" }),
      AwsError,
    );

    assertStringIncludes(error.message, "status 200");
    assertStringIncludes(error.message, "}{ no XML");
    assertEquals(server.heads.length, 3);
  },
);

async function transportFailure(
  endpointUrl: string,
  proxy: string,
): Promise<TransportError> {
  using session = sessionAt(endpointUrl, { maxAttempts: 1 }, proxy);
  return await assertRejects(
    () => session.client(S3).headObject(CAT),
    TransportError,
  );
}

function sessionAt(
  endpointUrl: string,
  retry: {
    readonly maxAttempts: number;
    readonly mode?: "adaptive" | "legacy" | "standard";
  },
  proxy: string | false = false,
): Session {
  return new Session({
    transport: transportName(),
    system: new FakeSystem(),
    random: () => 0,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    endpointUrl,
    proxy,
    retry,
  });
}

/** A port on which nobody listens. */
function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

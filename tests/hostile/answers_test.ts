/**
 * Answers that are not what they seem, as whole calls meet them.
 *
 * @module
 */
import { overBoth } from "../both_transports.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  EndpointError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import { HostileServer, type Script } from "../transport/hostile_server.ts";
import {
  answer,
  CAT,
  inTurn,
  keeping,
  type Line,
  refusal,
  s3At,
} from "./store.ts";

const COPIED =
  '<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ETag>"e"</ETag></CopyObjectResult>';
const COPY = { ...CAT, CopySource: "photos/dog.txt" };

overBoth("an error inside a success is retried", async () => {
  await using server = new HostileServer(
    inTurn(refusal("200 OK", "InternalError"), answer("200 OK", COPIED)),
  );
  using client = s3At(server.origin);

  const { CopyObjectResult, ResponseMetadata } = await client.s3.copyObject(
    COPY,
  );

  assertEquals(CopyObjectResult?.ETag, '"e"');
  assertEquals(
    ResponseMetadata.Attempts.map(({ status, failure }) => [status, failure]),
    [[500, "InternalError"], [200, undefined]],
  );
});

overBoth("a document that is cut off inside a success is retried", async () => {
  for (const end of [0.2, 0.5, 0.9]) {
    const cut = COPIED.slice(0, Math.floor(COPIED.length * end));
    await using server = new HostileServer(
      inTurn(answer("200 OK", cut), answer("200 OK", COPIED)),
    );
    using client = s3At(server.origin);

    const { ResponseMetadata } = await client.s3.copyObject(COPY);

    assertEquals(ResponseMetadata.RetryAttempts, 1, cut);
    assertEquals(ResponseMetadata.Attempts[0]?.status, 500);
  }
});

overBoth("an answer that is cut at any offset is asked for again", async () => {
  // A request over a kept connection would be repeated by the platform itself.
  const whole = answer("200 OK", COPIED, "connection: close");
  let cut = 0;
  let requests = 0;
  await using server = new HostileServer(async (peer) => {
    for (;;) {
      await peer.request();
      if (++requests % 2 === 1) {
        await peer.send(whole.slice(0, cut));
        return peer.close();
      }
      await peer.send(whole);
    }
  });
  using client = s3At(server.origin);

  for (cut = 0; cut < whole.length; cut += 3) {
    const { CopyObjectResult, ResponseMetadata } = await client.s3.copyObject(
      COPY,
    );

    assertEquals(CopyObjectResult?.ETag, '"e"');
    assertEquals(ResponseMetadata.RetryAttempts, 1, `cut at ${cut}`);
  }
});

overBoth(
  "what is no TLS and no HTTP is told as such, after its attempts",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
      await peer.drain();
    });
    for (
      const [origin, kind, maybeSent] of [
        [server.tlsOrigin, "tls", false],
        [server.origin, "not-http", true],
      ] as const
    ) {
      using client = s3At(origin, { retry: { maxAttempts: 2 } });

      const error = await assertRejects(
        () => client.s3.headObject(CAT),
        TransportError,
      );

      assertEquals([error.kind, error.maybeSent], [kind, maybeSent]);
      assertEquals(error.ResponseMetadata?.RetryAttempts, 1);
    }
  },
);

overBoth(
  "blanks before the document, as S3 sends them, are no error",
  async () => {
    await using server = new HostileServer(async (peer) => {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      await peer.send("3\r\n \r\n\r\n");
      await peer.pause(10);
      await peer.send(
        `${COPIED.length.toString(16)}\r\n${COPIED}\r\n0\r\n\r\n`,
      );
    });
    using client = s3At(server.origin);

    const { ResponseMetadata } = await client.s3.copyObject(COPY);

    assertEquals(ResponseMetadata.RetryAttempts, 0);
  },
);

overBoth("a refusal for now is retried, and told in a line", async () => {
  const lines: Line[] = [];
  await using server = new HostileServer(
    inTurn(refusal("503 Slow Down", "SlowDown"), answer("200 OK")),
  );
  using client = s3At(server.origin, { logger: keeping(lines) });

  const { ResponseMetadata } = await client.s3.headObject(CAT);

  assertEquals(ResponseMetadata.RetryAttempts, 1);
  assertEquals(lines.filter(({ name }) => name === "inia.retry"), [{
    level: "debug",
    name: "inia.retry",
    message: "attempt failed, another follows",
    fields: {
      operation: "HeadObject",
      attempt: 1,
      failure: "503",
      delayMs: 0,
    },
  }]);
});

overBoth("what ends a call is told in a line too", async () => {
  const lines: Line[] = [];
  await using server = new HostileServer(
    inTurn(refusal("403 Forbidden", "AccessDenied")),
  );
  using client = s3At(server.origin, { logger: keeping(lines) });

  await assertRejects(() => client.s3.getObject(CAT), ServiceError);

  assertEquals(lines.filter(({ name }) => name === "inia.retry"), [{
    level: "debug",
    name: "inia.retry",
    message: "attempt failed, no further one follows",
    fields: {
      operation: "GetObject",
      attempt: 1,
      failure: "AccessDenied",
      reason: "not-retryable",
    },
  }]);
});

overBoth(
  "a redirect to another host is not followed, and no token goes there",
  async () => {
    await using elsewhere = new HostileServer(inTurn(answer("200 OK")));
    for (const status of ["301 Moved", "302 Found", "307 Temporary Redirect"]) {
      await using server = new HostileServer(inTurn(
        answer(
          status,
          "<Error><Code>TemporaryRedirect</Code></Error>",
          `location: ${elsewhere.origin}/photos/cat.txt`,
        ),
      ));
      using client = s3At(server.origin, {
        credentials: {
          accessKeyId: "ASIAEXAMPLE",
          secretAccessKey: "secret",
          sessionToken: "token-of-the-session",
        },
      });

      const error = await assertRejects(
        () => client.s3.putObject({ ...CAT, Body: "x" }),
        ServiceError,
      );

      assertEquals(error.code, "TemporaryRedirect");
      // The second request asks the same server where the bucket is.
      assertEquals(server.heads.length > 0, true);
    }
    assertEquals(elsewhere.connections, 0);
  },
);

overBoth("a region that is no region leads nowhere", async () => {
  for (const region of ["evil.example/", "user@evil", "a b", "1234"]) {
    await using server = new HostileServer(inTurn(
      answer("307 Temporary Redirect", "", `x-amz-bucket-region: ${region}`),
    ));
    using client = s3At(server.origin);

    await assertRejects(() => client.s3.headObject(CAT), EndpointError);

    assertEquals(server.heads.length, 1);
  }
});

overBoth(
  "a refusal that comes before an upload is through is what the call fails with",
  async () => {
    const listening: Script = async (peer) => {
      await peer.head();
      await peer.send(refusal("403 Forbidden", "AccessDenied"));
      await peer.drain();
    };
    const hangingUp: Script = async (peer) => {
      await peer.head();
      await peer.send(refusal("403 Forbidden", "AccessDenied"));
      peer.close();
    };
    const piece = new Uint8Array(1_000_000);
    let pieces = 0;
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull: (controller) => {
          pieces++;
          controller.enqueue(piece);
        },
      });
    for (
      const [script, body] of [
        [listening, { Body: new Uint8Array(20_000_000) }],
        [hangingUp, { Body: new Uint8Array(20_000_000) }],
        [listening, { Body: endless(), ContentLength: 2 ** 40 }],
        [hangingUp, { Body: endless(), ContentLength: 2 ** 40 }],
      ] as const
    ) {
      await using server = new HostileServer(script);
      using client = s3At(server.origin, {}, { payloadSigning: false });

      const error = await assertRejects(
        () => client.s3.putObject({ ...CAT, ...body }),
        ServiceError,
      );

      assertEquals([error.status, error.code], [403, "AccessDenied"]);
      assertEquals(error.ResponseMetadata?.RetryAttempts, 0);
    }
    assert(pieces < 1_000, `${pieces} pieces were taken`);
  },
);

overBoth("answers before the answer are passed over", async () => {
  await using server = new HostileServer(inTurn(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" +
      answer("200 OK", "", 'etag: "e"'),
  ));
  using client = s3At(server.origin);

  const { ETag } = await client.s3.putObject({ ...CAT, Body: "x" });

  assertEquals(ETag, '"e"');
});

overBoth(
  "a store that refuses a checksum is told of with the setting to change",
  async () => {
    await using server = new HostileServer(
      inTurn(refusal("501 Not Implemented", "NotImplemented")),
    );
    using client = s3At(server.origin, {}, {
      requestChecksum: "when_supported",
    });

    const error = await assertRejects(
      () => client.s3.putObject({ ...CAT, Body: "x" }),
      ServiceError,
    );

    assertMatch(server.heads[0] ?? "", /^x-amz-checksum-crc32: /m);
    assertMatch(
      error.message,
      /NotImplemented .*: no; the request had x-amz-checksum-crc32, which this store may not know: set requestChecksum: "when_required"/,
    );
  },
);

overBoth("a store gets no checksum unless it is asked for", async () => {
  await using server = new HostileServer(inTurn(answer("200 OK")));
  using client = s3At(server.origin);

  await client.s3.putObject({ ...CAT, Body: "x" });
  await (await client.s3.getObject(CAT)).Body.cancel();
  await client.s3.deleteObjects({
    Bucket: "photos",
    Delete: { Objects: [{ Key: "a" }] },
  });

  for (const head of server.heads) {
    assertEquals(/x-amz-(?:checksum|trailer|sdk-checksum)/i.test(head), false);
  }
  assertMatch(server.heads[2] ?? "", /^content-md5: /m);
});

overBoth(
  "a head that does not end is given up, after less than a few MB",
  async () => {
    let taken = 0;
    const endless: Script = async (peer) => {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\n");
      const field = `x-amz-meta-a: ${"a".repeat(8_000)}\r\n`;
      for (let i = 0; i < 2_000; i++) {
        await peer.send(field);
        taken += field.length;
      }
      peer.close();
    };
    const longLine: Script = async (peer) => {
      await peer.request();
      await peer.send("HTTP/1.1 200 OK\r\nx-amz-meta-a: ");
      const piece = "a".repeat(8_000);
      for (let i = 0; i < 2_000; i++) {
        await peer.send(piece);
        taken += piece.length;
      }
      peer.close();
    };
    for (const script of [endless, longLine]) {
      taken = 0;
      await using server = new HostileServer(script);
      using client = s3At(server.origin, { retry: { maxAttempts: 1 } });

      await assertRejects(() => client.s3.headObject(CAT), TransportError);

      // What the system has between two sockets is taken, too.
      assert(taken < 10_000_000, `${taken} bytes were taken`);
    }
  },
);

overBoth(
  "a document that is nested without end is refused at its depth",
  async () => {
    const deep = "<a>".repeat(200_000);
    for (
      const [status, body] of [
        ["200 OK", `<ListBucketResult>${deep}`],
        ["200 OK", `<ListBucketResult><Contents>${deep}`],
        ["403 Forbidden", `<Error><Code>AccessDenied</Code>${deep}`],
      ] as const
    ) {
      await using server = new HostileServer(inTurn(answer(status, body)));
      using client = s3At(server.origin, { retry: { maxAttempts: 1 } });

      const error = await assertRejects(
        () => client.s3.listObjectsV2({ Bucket: "photos" }),
        ServiceError,
      );

      assertEquals(error.status, status.startsWith("4") ? 403 : 500);
    }
  },
);

overBoth(
  "a length that is none, or not that of the body, is never believed",
  async () => {
    for (
      const [length, body] of [
        ["-1", "miaow"],
        ["5, 6", "miaow"],
        ["99999999999999999999", "miaow"],
        ["1e1", "miaow"],
        ["6", "miaow"],
      ] as const
    ) {
      await using server = new HostileServer(async (peer) => {
        await peer.request();
        await peer.send(
          `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n${body}`,
        );
        peer.close();
      });
      using client = s3At(server.origin, { retry: { maxAttempts: 1 } });

      const text = await client.s3.getObject(CAT).then(({ Body }) =>
        Body.text()
      )
        .catch((error) => error);

      assert(
        text instanceof TransportError,
        `${length}: ${Deno.inspect(text)}`,
      );
    }
  },
);

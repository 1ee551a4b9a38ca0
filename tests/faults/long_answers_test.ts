/**
 * Answers that never end are not read into memory.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AwsError, ConfigError } from "../../mod.ts";
import type { Transport } from "../../src/ports/mod.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { answering, rejection } from "./answering.ts";

const MIB = 1_024 * 1_024;
const Bucket = "photos";
const CAT = { Bucket, Key: "cat.txt" };

/** What was handed out of an endless body, and whether it was cancelled. */
interface Flow {
  bytes: number;
  cancelled: boolean;
}

/** A transport whose answers begin with a text and never end. */
function endless(
  start: string,
  flow: Flow,
  headers: Readonly<Record<string, string>> = {},
): Transport {
  const piece = new TextEncoder().encode(" ".repeat(64 * 1_024));
  return {
    send: () => {
      const open = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
        let first: Uint8Array<ArrayBuffer> | undefined = new TextEncoder()
          .encode(start);
        return new ReadableStream({
          pull: (controller) => {
            const next = first ?? piece;
            first = undefined;
            flow.bytes += next.length;
            // Memory would be gone long before.
            if (flow.bytes > 512 * MIB) controller.error(new Error("read on"));
            controller.enqueue(next);
          },
          cancel: () => {
            flow.cancelled = true;
          },
        }, { highWaterMark: 0 });
      };
      return Promise.resolve({
        status: 200,
        headers,
        body: {
          open,
          bytes: () => new Response(open()).bytes(),
          cancel: () => {
            flow.cancelled = true;
            return Promise.resolve();
          },
        },
      });
    },
    [Symbol.dispose]: () => {},
  };
}

/** The same, by a platform that decodes bodies. */
function decoding(transport: Transport): Transport {
  return {
    send: async (request) => ({
      ...await transport.send(request),
      decoded: true,
    }),
    [Symbol.dispose]: () => {},
  };
}

Deno.test("a document is read to 64 MiB, and to what the session says", async () => {
  for (
    const [maxDocumentBytes, limit] of [
      [undefined, 64 * MIB],
      [100_000, 100_000],
    ] as const
  ) {
    const flow = { bytes: 0, cancelled: false };
    const { s3 } = answering([], {
      transport: endless("<ListBucketResult>", flow),
      ...maxDocumentBytes !== undefined && { maxDocumentBytes },
    });

    const error = await rejection(s3.listObjectsV2({ Bucket }));

    assertInstanceOf(error, AwsError);
    assertStringIncludes(error.message, `longer than ${limit} bytes`);
    assertStringIncludes(error.message, "maxDocumentBytes");
    assertEquals(flow.cancelled, true);
    assertLess(flow.bytes, limit + MIB);
  }
});

Deno.test("a document that states too great a length is not read at all", async () => {
  for (const length of ["67108865", "9007199254740991", "1e30"]) {
    const flow = { bytes: 0, cancelled: false };
    const { s3 } = answering([], {
      transport: endless("", flow, { "content-length": length }),
    });

    const error = await rejection(s3.listBuckets({}));

    assertInstanceOf(error, AwsError);
    assertEquals(flow, { bytes: 0, cancelled: true });
  }
});

Deno.test("a length that the platform has decoded away is not believed", async () => {
  const flow = { bytes: 0, cancelled: false };
  const { s3 } = answering([], {
    transport: decoding(endless("", flow, {
      "content-length": "100",
      "content-encoding": "gzip",
    })),
    maxDocumentBytes: 100_000,
  });

  assertInstanceOf(await rejection(s3.listBuckets({})), AwsError);
  assertLess(flow.bytes, MIB);
});

Deno.test("a longer document is read where the session permits it", async () => {
  const keys = "<Contents><Key>k</Key></Contents>".repeat(100);
  const body = `<ListBucketResult>${keys}</ListBucketResult>`;
  for (const maxDocumentBytes of [body.length, Infinity]) {
    const { s3 } = answering([body], { maxDocumentBytes });

    const { Contents } = await s3.listObjectsV2({ Bucket });

    assertEquals(Contents?.length, 100);
  }
  const { s3 } = answering([body], { maxDocumentBytes: body.length - 1 });
  assertInstanceOf(await rejection(s3.listObjectsV2({ Bucket })), AwsError);
});

Deno.test("policies and answers of STS have the same limit", async () => {
  for (const name of ["policy", "sts"]) {
    const flow = { bytes: 0, cancelled: false };
    const { s3, sts } = answering([], {
      transport: endless("", flow),
      maxDocumentBytes: 100_000,
    });

    const error = await rejection(
      name === "sts"
        ? sts.getCallerIdentity({})
        : s3.getBucketPolicy({ Bucket }),
    );

    assertInstanceOf(error, AwsError);
    assertLess(flow.bytes, MIB);
  }
});

Deno.test("the content of an object has no limit", async () => {
  const body = new Uint8Array(300_000);
  const { s3 } = answering([{ body }], { maxDocumentBytes: 1_000 });

  const { Body } = await s3.getObject(CAT);

  assertEquals((await Body.bytes()).length, 300_000);
});

/** A machine whose credentials come over the network. */
const SOURCES: Readonly<Record<string, Record<string, string>>> = {
  container: {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/credentials",
    AWS_EC2_METADATA_DISABLED: "true",
  },
  instance: {},
};

for (const [name, env] of Object.entries(SOURCES)) {
  Deno.test(`an endless answer with credentials ends the search (${name})`, async () => {
    for (
      const [maxCredentialBytes, limit] of [
        [undefined, 256 * 1_024],
        [1_000, 1_000],
      ] as const
    ) {
      const flow = { bytes: 0, cancelled: false };
      const { s3 } = answering([], {
        transport: endless('{"Token":"planted-token', flow),
        credentials: "profile",
        system: new FakeSystem({ env: { HOME: "/home/me", ...env } }),
        ...maxCredentialBytes !== undefined && { maxCredentialBytes },
      });

      const error = await rejection(s3.listObjectsV2({ Bucket }));

      assertInstanceOf(error, AwsError);
      assertStringIncludes(error.message, `longer than ${limit} bytes`);
      assert(!error.message.includes("planted"));
      assertEquals(flow.cancelled, true);
      assertLess(flow.bytes, limit + 2 * 64 * 1_024 + 100);
    }
  });
}

Deno.test("an endless answer of STS with a role ends the search", async () => {
  const flow = { bytes: 0, cancelled: false };
  const { s3 } = answering([], {
    transport: endless("<AssumeRoleResponse>", flow),
    profile: "role",
    credentials: "profile",
    system: new FakeSystem({
      env: { HOME: "/home/me" },
      files: {
        "/home/me/.aws/config":
          "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n",
      },
    }),
  });

  const error = await rejection(s3.listObjectsV2({ Bucket }));

  assertInstanceOf(error, AwsError);
  assertStringIncludes(error.message, "maxCredentialBytes");
  assertLess(flow.bytes, MIB);
});

Deno.test("limits that are none are refused", () => {
  for (const limit of [0, -1, 1.5, NaN, "64"]) {
    for (const name of ["maxDocumentBytes", "maxCredentialBytes"]) {
      const error = assertThrows(
        () => answering([], { [name]: limit }),
        ConfigError,
      );
      assertStringIncludes(error.message, name);
    }
  }
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Session, ValidationError } from "../../mod.ts";
import { S3Connection } from "../../src/boto2/mod.ts";
import { S3Resource } from "../../src/resource/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { DenoSystem } from "../../src/system/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";
import { file, upload } from "../../src/transfer/mod.ts";
import { overBoth, transportName } from "../both_transports.ts";

const MIB = 1_024 * 1_024;
const OBJECT = { Bucket: "logs", Key: "k" };
const LINE = "one more line of a log\n";

/** Each way to send a file, and the lengths that it treats in ways of its own. */
const WAYS: readonly (readonly [
  string,
  (session: Session, path: string) => Promise<unknown>,
])[] = [
  [
    "putObject with a file: URL",
    (session, path) =>
      session.client(S3).putObject({ ...OBJECT, Body: urlOf(path) }),
  ],
  [
    "upload of a file",
    (session, path) =>
      upload(session.client(S3), { ...OBJECT, Body: file(path) }),
  ],
  [
    "upload of a file in one request",
    (session, path) =>
      upload(session.client(S3), { ...OBJECT, Body: file(path) }, {
        threshold: 100 * MIB,
      }),
  ],
  [
    "uploadFile of a resource",
    (session, path) =>
      new S3Resource(session.client(S3)).bucket("logs").uploadFile(path, "k"),
  ],
  [
    "setContentsFromFilename of boto 2",
    async (session, path) => {
      const bucket = await new S3Connection({}, session).getBucket("logs");
      await bucket.newKey("k").setContentsFromFilename(path);
    },
  ],
];

for (const length of [1, 70_000, 8 * MIB, 8 * MIB + 1, 17 * MIB + 3]) {
  for (const [name, send] of WAYS) {
    overBoth(
      `${name} of ${length} bytes takes what was there when it began, however the file grows`,
      async () => {
        await using fixture = await fixtureWith(
          length,
          (path) => Deno.writeTextFileSync(path, LINE, { append: true }),
        );

        await send(fixture.session, fixture.path);

        const { Body } = await fixture.session.client(S3).getObject(OBJECT);
        const bytes = await Body.bytes();
        assert((await Deno.stat(fixture.path)).size > length);
        assertEquals(bytes.length, length);
        assert(bytes.every((byte) => byte === 7));
      },
    );
  }
}

for (const length of [70_000, 8 * MIB + 1, 14 * MIB]) {
  for (const [name, send] of WAYS) {
    overBoth(
      `${name} of ${length} bytes fails where the file becomes shorter`,
      async () => {
        await using fixture = await fixtureWith(
          length,
          (path) => Deno.truncateSync(path, length - 1_000),
        );

        await assertRejects(
          () => send(fixture.session, fixture.path),
          ValidationError,
          "Body",
        );
        const { Contents } = await fixture.session.client(S3)
          .listObjectsV2({ Bucket: "logs" });
        assertEquals(Contents ?? [], []);
      },
    );
  }
}

overBoth(
  "a file that grows while its bytes are on the wire is sent as it was",
  async () => {
    const length = 40 * MIB;
    let growing: ReturnType<typeof setInterval> | undefined;
    await using fixture = await fixtureWith(length, (path) => {
      growing ??= setInterval(() => {
        Deno.writeTextFileSync(path, LINE.repeat(1_000), { append: true });
      }, 1);
    });
    try {
      await fixture.session.client(S3)
        .putObject({ ...OBJECT, Body: urlOf(fixture.path) });
    } finally {
      clearInterval(growing);
    }

    assertEquals(
      (await fixture.session.client(S3).headObject(OBJECT)).ContentLength,
      length,
    );
  },
);

interface Fixture extends AsyncDisposable {
  readonly path: string;
  readonly session: Session;
}

/** A store with a bucket, and a file that is changed whenever it was opened. */
async function fixtureWith(
  length: number,
  change: (path: string) => void,
): Promise<Fixture> {
  const local = await LocalAws.start();
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(length).fill(7));
  class Changing extends DenoSystem {
    override async open(
      ...args: Parameters<DenoSystem["open"]>
    ): ReturnType<DenoSystem["open"]> {
      const found = await super.open(...args);
      change(path);
      return found;
    }
  }
  const session = new Session({
    transport: transportName(),
    ...local.clientConfig,
    system: new Changing(),
  });
  await session.client(S3).createBucket({ Bucket: "logs" });
  return {
    path,
    session,
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
      await Deno.remove(path);
    },
  };
}

function urlOf(path: string): URL {
  return new URL(`file://${path}`);
}

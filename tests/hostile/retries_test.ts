/**
 * Retries, as whole calls see them.
 *
 * @module
 */
import { overBoth } from "../both_transports.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type AwsError,
  ServiceError,
  TransportError,
} from "../../src/foundation/errors.ts";
import type { StopReason } from "../../src/foundation/metadata.ts";
import type { HttpRequest } from "../../src/ports/http.ts";
import type { RetryStrategy } from "../../src/ports/retry.ts";
import type { S3 } from "../../src/services/s3/mod.ts";
import { FixedClock } from "../../src/testing/fake_system.ts";
import type { SessionOptions } from "../../src/session/options.ts";
import { scripted, type ScriptedAnswer } from "../scripted_transport.ts";
import { CAT, s3At } from "./store.ts";

const BUSY = { status: 503 };
const DONE = { status: 200 };
const CLOSED = new TransportError("closed", "the connection was closed", {
  maybeSent: true,
});

interface Ran {
  readonly clock: FixedClock;
  readonly sent: HttpRequest[];
  readonly s3: S3;
}

async function withStore(
  answers: readonly ScriptedAnswer[],
  options: SessionOptions,
  test: (ran: Ran) => Promise<void>,
): Promise<void> {
  const sent: HttpRequest[] = [];
  const clock = new FixedClock("2024-02-29T12:34:56Z");
  using client = s3At("http://store.example", {
    clock,
    transport: scripted(answers, sent),
    ...options,
    // Streams go over http unsigned, or not at all.
  }, { payloadSigning: false });
  await test({ clock, sent, s3: client.s3 });
}

/** The program of docs/retries.md that makes a strategy. */
async function documented(): Promise<{
  readonly strategy: RetryStrategy;
  readonly lines: number;
}> {
  const page = await Deno.readTextFile(
    new URL("../../docs/retries.md", import.meta.url),
  );
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) =>
    code
  );
  const code = blocks.find((block) => block?.includes(": RetryStrategy = {"));
  const [declaration = ""] = /^const steady.*?^};$/ms.exec(code ?? "") ?? [];
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/strategy.ts`;
    const entry = new URL("../../src/retry/mod.ts", import.meta.url).href;
    await Deno.writeTextFile(
      path,
      `import { classify, type RetryStrategy } from "${entry}";\n` +
        `export ${declaration}`,
    );
    const { steady } = await import(`file://${path}`);
    return { strategy: steady, lines: declaration.split("\n").length };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

overBoth("the strategy in the documentation is short and works", async () => {
  const { strategy, lines } = await documented();
  const options = { retry: strategy };

  assert(lines <= 20, `it has ${lines} lines`);
  await withStore([BUSY, BUSY, DONE], options, async ({ s3, clock }) => {
    const { ResponseMetadata } = await s3.headObject(CAT);

    assertEquals(ResponseMetadata.RetryAttempts, 2);
    assertEquals(clock.slept, [1_000, 1_000]);
  });
  await withStore([BUSY, BUSY, BUSY], options, async ({ s3 }) => {
    const error = await assertRejects(() => s3.headObject(CAT), ServiceError);

    assertEquals(error.ResponseMetadata?.StopReason, "attempts");
  });
  await withStore([{ status: 404 }], options, async ({ s3 }) => {
    const error = await assertRejects(() => s3.headObject(CAT), ServiceError);

    assertEquals(error.ResponseMetadata?.StopReason, "not-retryable");
  });
});

overBoth("a call that is not sent again says why", async () => {
  const long = { ...CAT, ContentLength: 9_000_000 };
  const cases: readonly [
    StopReason,
    readonly ScriptedAnswer[],
    (s3: S3) => Promise<unknown>,
  ][] = [
    ["attempts", [BUSY, BUSY, BUSY], (s3) => s3.headObject(CAT)],
    ["not-retryable", [{ status: 403 }], (s3) => s3.headObject(CAT)],
    ["unsafe", [CLOSED], (s3) => s3.createMultipartUpload(CAT)],
    [
      "body",
      [BUSY],
      (s3) =>
        s3.putObject({
          ...long,
          Body: new Blob([new Uint8Array(9_000_000)]).stream(),
        }),
    ],
    [
      "total-timeout",
      [BUSY, BUSY],
      (s3) => s3.headObject(CAT, { totalTimeoutMs: 100 }),
    ],
  ];
  for (const [reason, answers, call] of cases) {
    const options = { random: () => 0.5 };
    await withStore(answers, options, async ({ s3, sent }) => {
      const error = await assertRejects(() => call(s3), Error);

      const metadata = (error as AwsError).ResponseMetadata;
      assertEquals(metadata?.StopReason, reason);
      assertEquals(metadata?.Attempts.length, sent.length);
    });
  }
});

overBoth(
  "the calls of a client stop to retry when its quota is used up",
  async () => {
    const answers = Array.from({ length: 300 }, () => BUSY);
    const options = { retry: { maxAttempts: 2 } };
    await withStore(answers, options, async ({ s3, sent }) => {
      const reasons: (StopReason | undefined)[] = [];
      for (let call = 0; call < 102; call++) {
        const error = await assertRejects(
          () => s3.headObject(CAT),
          ServiceError,
        );
        reasons.push(error.ResponseMetadata?.StopReason);
      }

      assertEquals(reasons.indexOf("quota"), 100);
      assertEquals(sent.length, 100 * 2 + 2);
    });
  },
);

overBoth(
  "every result and every error tells all attempts and waits",
  async () => {
    const options = { random: () => 0.5 };
    await withStore([BUSY, CLOSED, DONE], options, async ({ s3, sent }) => {
      const { ResponseMetadata } = await s3.headObject(CAT);

      assertEquals(ResponseMetadata.Attempts, [
        {
          attempt: 1,
          delayMs: 0,
          durationMs: 0,
          host: "store.example",
          status: 503,
          failure: "503",
        },
        {
          attempt: 2,
          delayMs: 500,
          durationMs: 0,
          host: "store.example",
          failure: "closed",
        },
        {
          attempt: 3,
          delayMs: 1_000,
          durationMs: 0,
          host: "store.example",
          status: 200,
        },
      ]);
      const ids = sent.map(({ headers }) => headers["amz-sdk-invocation-id"]);
      assertEquals(new Set(ids).size, 1);
      const dates = sent.map(({ headers }) => headers["x-amz-date"]);
      assertEquals(dates, [
        "20240229T123456Z",
        "20240229T123456Z",
        "20240229T123457Z",
      ]);
    });
  },
);

overBoth(
  "x-amz-retry-after lengthens a wait, with the numbers of 2026",
  async () => {
    const hinted = { status: 503, headers: { "x-amz-retry-after": "3000" } };
    const retry = { constants: "2026" } as const;
    await withStore([hinted, DONE], { retry }, async ({ s3, clock }) => {
      await s3.headObject(CAT);

      assertEquals(clock.slept, [3_000]);
    });
    await withStore([hinted, DONE], {}, async ({ s3, clock }) => {
      await s3.headObject(CAT);

      assertEquals(clock.slept, []);
    });
  },
);

overBoth("Retry-After counts where that is wanted, up to 20 s", async () => {
  const after = (value: string): ScriptedAnswer => ({
    status: 503,
    headers: { "retry-after": value },
  });
  for (const mode of ["legacy", "standard", "adaptive"] as const) {
    const retry = { mode, honourRetryAfter: true };
    const answers = [after("7"), after("3600"), DONE];
    await withStore(answers, { retry }, async ({ s3, clock }) => {
      await s3.headObject(CAT);

      assertEquals(clock.slept.slice(-2), [7_000, 20_000], mode);
    });
  }
  await withStore([after("7"), DONE], {}, async ({ s3, clock }) => {
    await s3.headObject(CAT);

    assertEquals(clock.slept, []);
  });
});

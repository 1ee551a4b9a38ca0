import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  RefreshingCredentials,
  SESSION_WINDOWS,
  SharedWork,
} from "../../src/credentials/refreshing.ts";
import {
  CredentialsError,
  NoCredentialsError,
} from "../../src/foundation/errors.ts";
import type {
  CredentialProvider,
  Credentials,
} from "../../src/ports/credentials.ts";
import { FixedClock } from "../../src/testing/mod.ts";
import { keptMessages, NOW } from "./doubles.ts";

const MINUTE = 60_000;

/** A provider of credentials that live an hour, numbered; what it does can be changed. */
class Rotating implements CredentialProvider {
  readonly name = "rotating";
  loads = 0;
  behave: "answer" | "fail" | "nothing" = "answer";
  lifeMs = 60 * MINUTE;
  readonly #clock: FixedClock;

  constructor(clock: FixedClock) {
    this.#clock = clock;
  }

  async load(): Promise<Credentials | undefined> {
    this.loads++;
    await Promise.resolve();
    if (this.behave === "fail") throw new Error("the network is down");
    if (this.behave === "nothing") return undefined;
    return {
      accessKeyId: `ASIA${this.loads}`,
      secretAccessKey: "SK",
      sessionToken: "T",
      expiration: new Date(this.#clock.now().getTime() + this.lifeMs),
    };
  }
}

function setUp(): {
  clock: FixedClock;
  provider: Rotating;
  source: RefreshingCredentials;
  messages: readonly string[];
} {
  const clock = new FixedClock(NOW);
  const logger = keptMessages();
  const provider = new Rotating(clock);
  const source = new RefreshingCredentials(provider, { clock, logger });
  return { clock, provider, source, messages: logger.messages };
}

Deno.test("RefreshingCredentials asks once for 1,000 calls that start together", async () => {
  const { provider, source } = setUp();

  const all = await Promise.all(
    Array.from({ length: 1_000 }, () => source.get()),
  );

  assertEquals(provider.loads, 1);
  assertEquals(new Set(all).size, 1);
});

Deno.test("RefreshingCredentials asks for nothing with 15 minutes left", async () => {
  const { clock, provider, source } = setUp();
  const first = await source.get();

  clock.advance(45 * MINUTE);

  assertStrictEquals(await source.get(), first);
  assertEquals(provider.loads, 1);
});

Deno.test("RefreshingCredentials lets one call try early and others go on", async () => {
  const { clock, provider, source } = setUp();
  await source.get();
  clock.advance(45 * MINUTE + 1);

  const [trying, other] = await Promise.all([source.get(), source.get()]);

  assertEquals(trying.accessKeyId, "ASIA2");
  assertEquals(other.accessKeyId, "ASIA1");
  assertEquals(provider.loads, 2);
});

Deno.test("RefreshingCredentials takes other windows", async () => {
  const clock = new FixedClock(NOW);
  const provider = new Rotating(clock);
  const deps = { clock, logger: keptMessages() };
  const source = new RefreshingCredentials(provider, deps, SESSION_WINDOWS);
  await source.get();

  clock.advance(59 * MINUTE + 15_000);
  assertEquals((await source.get()).accessKeyId, "ASIA1");
  clock.advance(1);
  assertEquals((await source.get()).accessKeyId, "ASIA2");
});

Deno.test("RefreshingCredentials only logs that an early try failed", async () => {
  const { clock, provider, source, messages } = setUp();
  await source.get();
  clock.advance(46 * MINUTE);
  provider.behave = "fail";

  const credentials = await source.get();

  assertEquals(credentials.accessKeyId, "ASIA1");
  assertEquals(messages.at(-1)?.startsWith("warn: Cannot refresh"), true);
});

Deno.test("RefreshingCredentials tries early once a minute", async () => {
  const { clock, provider, source } = setUp();
  await source.get();
  clock.advance(46 * MINUTE);
  provider.behave = "fail";

  await source.get();
  await source.get();
  clock.advance(MINUTE);
  await source.get();

  assertEquals(provider.loads, 3);
});

Deno.test("RefreshingCredentials makes all calls wait below 10 minutes", async () => {
  const { clock, provider, source } = setUp();
  await source.get();
  clock.advance(50 * MINUTE + 1);

  const both = await Promise.all([source.get(), source.get()]);

  assertEquals(both.map((it) => it.accessKeyId), ["ASIA2", "ASIA2"]);
  assertEquals(provider.loads, 2);
});

Deno.test("RefreshingCredentials throws a failure below 10 minutes", async () => {
  const { clock, provider, source } = setUp();
  await source.get();
  clock.advance(51 * MINUTE);
  provider.behave = "fail";

  await assertRejects(() => source.get(), Error, "the network is down");

  provider.behave = "answer";
  assertEquals((await source.get()).accessKeyId, "ASIA3");
});

Deno.test("RefreshingCredentials does not ask at every call for short lives", async () => {
  const { clock, provider, source } = setUp();
  provider.lifeMs = 5 * MINUTE;

  await source.get();
  await source.get();
  clock.advance(MINUTE);
  await source.get();

  assertEquals(provider.loads, 2);
});

Deno.test("RefreshingCredentials refuses credentials that arrive expired", async () => {
  const { provider, source } = setUp();
  provider.lifeMs = -1;

  const error = await assertRejects(() => source.get(), CredentialsError);

  assertEquals(error.code, "RefreshedCredentialsExpired");
  assertEquals(error.message.includes("2024-02-29T11:59:59.999Z"), true);
});

Deno.test("RefreshingCredentials tells who has none", async () => {
  const { provider, source } = setUp();
  provider.behave = "nothing";

  const error = await assertRejects(() => source.get(), NoCredentialsError);

  assertEquals(error.tried, [{ name: "rotating", verdict: "absent" }]);
});

Deno.test("RefreshingCredentials forgets what was refused and nothing else", async () => {
  const { provider, source } = setUp();
  const first = await source.get();

  source.invalidate({ accessKeyId: "OTHER", secretAccessKey: "x" });
  assertStrictEquals(await source.get(), first);
  source.invalidate(first);
  const second = await source.get();
  source.invalidate(first);

  assertEquals(second.accessKeyId, "ASIA2");
  assertStrictEquals(await source.get(), second);
  assertEquals(provider.loads, 2);
});

Deno.test("RefreshingCredentials leaves the refresh to others when one call is aborted", async () => {
  const { provider, source } = setUp();
  const controller = new AbortController();

  const aborted = source.get(controller.signal);
  const waiting = source.get();
  controller.abort(new Error("enough"));

  await assertRejects(() => aborted, Error, "enough");
  assertEquals((await waiting).accessKeyId, "ASIA1");
  assertEquals(provider.loads, 1);
});

Deno.test("RefreshingCredentials never hand out credentials past their end, however lately a refresh failed", async () => {
  for (const failedBeforeMs of [59_000, 30_000, 1_000, 1]) {
    const { clock, provider, source } = setUp();
    const first = await source.get();
    // An early try that fails starts the pause between two tries.
    clock.advance(46 * MINUTE);
    provider.behave = "fail";
    assertStrictEquals(await source.get(), first);
    clock.advance(14 * MINUTE - failedBeforeMs);
    await assertRejects(() => source.get(), Error, "the network is down");

    clock.advance(failedBeforeMs + 1);
    const loads = provider.loads;
    await assertRejects(() => source.get(), Error, "the network is down");
    await assertRejects(() => source.get(), Error, "the network is down");
    assertEquals(provider.loads, loads + 2);

    provider.behave = "answer";
    assertEquals((await source.get()).accessKeyId, `ASIA${provider.loads}`);
  }
});

Deno.test("RefreshingCredentials that live shorter than a pause are asked for again at their end", async () => {
  const { clock, provider, source } = setUp();
  provider.lifeMs = 30_000;
  await source.get();
  provider.behave = "fail";

  clock.advance(29_999);
  assertEquals((await source.get()).accessKeyId, "ASIA1");
  clock.advance(2);

  await assertRejects(() => source.get(), Error, "the network is down");
});

/** Work that ends when it is told, or when its signal fires. */
function slowWork(): {
  work: SharedWork<string>;
  signals: readonly AbortSignal[];
  finish: (text: string) => void;
} {
  const signals: AbortSignal[] = [];
  let finish: (text: string) => void = () => {};
  const work = new SharedWork((signal) => {
    signals.push(signal);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    finish = resolve;
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  });
  return { work, signals, finish: (text) => finish(text) };
}

Deno.test("SharedWork is done once for all who wait", async () => {
  const { work, signals, finish } = slowWork();

  const both = [work.join(), work.join(new AbortController().signal)];
  finish("done");

  assertEquals(await Promise.all(both), ["done", "done"]);
  assertEquals(signals.length, 1);
  assertEquals(work.running, false);
});

Deno.test("SharedWork ends when the last one stops waiting", async () => {
  const { work, signals } = slowWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const waits = [work.join(first.signal), work.join(second.signal)];

  first.abort(new Error("first"));
  await assertRejects(() => waits[0] ?? Promise.resolve(), Error, "first");
  assertEquals(signals[0]?.aborted, false);
  second.abort(new Error("second"));
  await assertRejects(() => waits[1] ?? Promise.resolve(), Error, "second");

  assertEquals(signals[0]?.aborted, true);
});

Deno.test("SharedWork starts anew for who comes after it was given up", async () => {
  const { work, signals, finish } = slowWork();
  const controller = new AbortController();
  const given = work.join(controller.signal);
  controller.abort(new Error("enough"));

  const next = work.join();
  finish("again");

  await assertRejects(() => given, Error, "enough");
  assertEquals(await next, "again");
  assertEquals(signals.length, 2);
});

Deno.test("SharedWork does not start for who has stopped already", async () => {
  const { work, signals } = slowWork();

  await assertRejects(
    () => work.join(AbortSignal.abort(new Error("late"))),
    Error,
    "late",
  );

  assertEquals(signals.length, 0);
});

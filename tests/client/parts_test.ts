import { assertEquals, assertStrictEquals } from "@std/assert";
import { Sessions } from "../../src/client/attempt.ts";
import type { Credentials } from "../../src/ports/credentials.ts";

const KEYS: Credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };

Deno.test("Sessions keeps one source for each name", () => {
  const { sessions, created } = setUp();

  const first = sessions.sourceOf("logs");

  assertStrictEquals(sessions.sourceOf("logs"), first);
  sessions.sourceOf("photos");
  assertEquals(created, ["logs", "photos"]);
});

Deno.test("Sessions drops the one that was not used for longest behind the 100th", () => {
  const { sessions, created } = setUp();
  for (let i = 0; i < 100; i++) sessions.sourceOf(`${i}`);

  sessions.sourceOf("0");
  sessions.sourceOf("100");
  sessions.sourceOf("0");
  sessions.sourceOf("1");

  assertEquals(created.slice(100), ["100", "1"]);
});

Deno.test("Sessions tells all sources which credentials were refused", () => {
  const { sessions, refused } = setUp();
  sessions.sourceOf("logs");
  sessions.sourceOf("photos");

  sessions.invalidate(KEYS);

  assertEquals(refused, ["logs", "photos"]);
});

function setUp(): {
  readonly sessions: Sessions;
  readonly created: readonly string[];
  readonly refused: readonly string[];
} {
  const created: string[] = [];
  const refused: string[] = [];
  const sessions = new Sessions((name) => {
    created.push(name);
    return {
      get: () => Promise.resolve(KEYS),
      invalidate: () => {
        refused.push(name);
      },
    };
  });
  return { sessions, created, refused };
}

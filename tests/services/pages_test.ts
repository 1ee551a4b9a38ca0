import { assertEquals, assertRejects } from "@std/assert";
import { ProtocolError } from "../../src/foundation/errors.ts";
import type { Caller } from "../../src/ports/caller.ts";
import type { Operation } from "../../src/ports/schema.ts";
import { Pages, type Paging } from "../../src/services/pages.ts";

interface Input {
  readonly Bucket: string;
  readonly Token?: string;
}

interface Page {
  readonly Keys?: readonly string[];
  readonly More?: boolean;
  readonly Next?: string;
}

const LIST: Operation<Input, Page> = {
  name: "List",
  method: "GET",
  path: "/",
  input: () => ({ kind: "structure", members: {} }),
  output: () => ({ kind: "structure", members: {} }),
};

const PAGING: Paging<Input, Page, string> = {
  operation: LIST,
  next: (page) => page.More ? { Token: page.Next } : undefined,
  items: (page) => page.Keys ?? [],
};

const THREE: readonly Page[] = [
  { Keys: ["a", "b"], More: true, Next: "1" },
  { More: true, Next: "2" },
  { Keys: ["c"], More: false },
];

Deno.test("Pages gets every page, each from where the one before ended", async () => {
  const { pages, inputs } = listing(THREE);

  const got = await Array.fromAsync(pages);

  assertEquals(got, THREE);
  assertEquals(inputs, [
    { Bucket: "photos" },
    { Bucket: "photos", Token: "1" },
    { Bucket: "photos", Token: "2" },
  ]);
  assertEquals(pages.resume, undefined);
});

Deno.test("Pages gets no page that nobody asks for and tells where to go on", async () => {
  const { pages, inputs } = listing(THREE);

  for await (const _page of pages) break;

  assertEquals(inputs.length, 1);
  assertEquals(pages.resume, { Token: "1" });
});

Deno.test("Pages passes the options to every call", async () => {
  const seen: unknown[] = [];
  const options = { attemptTimeoutMs: 5 };
  const call = answering(THREE, (_input, given) => seen.push(given));

  const walk = { paging: PAGING, input: { Bucket: "photos" }, options };
  await Array.fromAsync(new Pages(call, walk));

  assertEquals(seen, [options, options, options]);
});

Deno.test("Pages.items goes through all pages, empty ones too", async () => {
  const { pages } = listing(THREE);

  assertEquals(await Array.fromAsync(pages.items()), ["a", "b", "c"]);
});

Deno.test("Pages.items stops at its limit without another call", async () => {
  const { pages, inputs } = listing(THREE);

  assertEquals(await Array.fromAsync(pages.items(2)), ["a", "b"]);
  assertEquals(await Array.fromAsync(pages.items(0)), []);
  assertEquals(inputs.length, 1);
});

Deno.test("Pages fails where the next page is not told", async () => {
  const { pages } = listing([{ More: true, Next: "" }]);

  await assertRejects(
    () => Array.fromAsync(pages),
    ProtocolError,
    "Cannot go on with List: the answer says that there are more pages",
  );
});

Deno.test("Pages fails where it is sent in a circle", async () => {
  const page = { More: true, Next: "1" };
  const { pages } = listing([page, page]);

  await assertRejects(
    () => Array.fromAsync(pages),
    ProtocolError,
    "Cannot go on with List: the answer names the same next page twice",
  );
});

function listing(
  answers: readonly Page[],
): { pages: Pages<Input, Page, string>; inputs: unknown[] } {
  const inputs: unknown[] = [];
  const call = answering(answers, (input) => inputs.push(input));
  const walk = {
    paging: PAGING,
    input: { Bucket: "photos" },
    options: undefined,
  };
  return { pages: new Pages(call, walk), inputs };
}

/** A caller that knows one operation, and so what type its results have. */
function answering(
  answers: readonly Page[],
  note: (input: unknown, options: unknown) => void,
): Caller {
  const left = [...answers];
  return <In, Out>(
    _operation: Operation<In, Out>,
    input: In,
    options?: unknown,
  ) => {
    note(input, options);
    return Promise.resolve(left.shift() as Out);
  };
}

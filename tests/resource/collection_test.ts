import { assertEquals } from "@std/assert";
import {
  Collection,
  DeletableCollection,
  type DeletableSource,
  type PageOptions,
} from "../../src/resource/mod.ts";

/** What narrows the numbers of {@linkcode numbers}. */
interface Filter {
  readonly above: number;
  readonly even: boolean;
}

/** What a source was asked for. */
interface Asked {
  readonly filter: Partial<Filter>;
  readonly wish: PageOptions;
}

Deno.test("Collection gets no page before it is asked for", async () => {
  const { source, asked } = numbers([[1, 2], [3]]);

  const collection = new Collection(source).filter({ above: 0 });

  assertEquals(asked, []);
  assertEquals(await collection.toArray(), [1, 2, 3]);
  assertEquals(asked, [{ filter: { above: 0 }, wish: {} }]);
});

Deno.test("Collection adds filters up and passes page size and options on", async () => {
  const { source, asked } = numbers([[1]]);
  const options = { readTimeoutMs: 5 };

  await new Collection(source).filter({ above: 1 }).pageSize(7)
    .withOptions(options).filter({ even: true, above: 2 }).toArray();

  assertEquals(asked, [{
    filter: { above: 2, even: true },
    wish: { pageSize: 7, options },
  }]);
});

Deno.test("Collection is not changed by what is made of it", async () => {
  const { source } = numbers([[1, 2, 3]]);
  const all = new Collection(source);

  assertEquals(await all.limit(1).toArray(), [1]);
  assertEquals(await all.toArray(), [1, 2, 3]);
});

for (
  const [limit, items, handedOut] of [
    [0, [], 0],
    [1, [1], 1],
    [2, [1, 2], 1],
    [3, [1, 2, 3], 2],
    [9, [1, 2, 3], 2],
  ] as const
) {
  Deno.test(`Collection gets ${handedOut} pages for ${limit} items`, async () => {
    const { source, got } = numbers([[1, 2], [3]]);

    assertEquals(await new Collection(source).limit(limit).toArray(), [
      ...items,
    ]);
    assertEquals(got.length, handedOut);
  });
}

Deno.test("Collection hands out pages as they come, cut at the limit", async () => {
  const { source } = numbers([[1, 2], [3, 4]]);

  const pages = await Array.fromAsync(new Collection(source).limit(3).pages());

  assertEquals(pages, [[1, 2], [3]]);
});

Deno.test("Collection gets no further page when the loop is left", async () => {
  const { source, got } = numbers([[1, 2], [3]]);

  for await (const item of new Collection(source)) if (item === 2) break;

  assertEquals(got, [[1, 2]]);
});

Deno.test("DeletableCollection deletes what was chosen", async () => {
  const { source, asked } = numbers([[1, 2], [3, 4]]);
  const { signal } = new AbortController();

  const results = await new DeletableCollection(source).filter({ even: true })
    .limit(3).pageSize(2).withOptions({ readTimeoutMs: 5 }).delete({ signal });

  assertEquals(results.map(({ Key }) => Key), ["1", "2", "3"]);
  assertEquals(asked[0], {
    filter: { even: true },
    wish: { pageSize: 2, options: { readTimeoutMs: 5, signal } },
  });
});

Deno.test("DeletableCollection is walked through like any other", async () => {
  const { source } = numbers([[1, 2], [3]]);
  const collection = new DeletableCollection(source);

  assertEquals(await Array.fromAsync(collection), [1, 2, 3]);
  assertEquals(await collection.toArray(), [1, 2, 3]);
  assertEquals(await Array.fromAsync(collection.pages()), [[1, 2], [3]]);
});

/** Pages of numbers; notes what it is asked for and what it hands out. */
function numbers(pages: readonly (readonly number[])[]): {
  readonly source: DeletableSource<Filter, number>;
  readonly asked: Asked[];
  readonly got: (readonly number[])[];
} {
  const asked: Asked[] = [];
  const got: (readonly number[])[] = [];
  return {
    asked,
    got,
    source: {
      async *pages(
        filter,
        wish,
      ): AsyncGenerator<readonly number[], void, void> {
        asked.push({ filter, wish });
        for (const page of pages) {
          got.push(page);
          yield await Promise.resolve(page);
        }
      },
      delete: async (items) =>
        (await Array.fromAsync(items)).map((item) => ({
          kind: "deleted",
          Key: String(item),
        })),
    },
  };
}

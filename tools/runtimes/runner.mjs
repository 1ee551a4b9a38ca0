/**
 * Runs bundled test files on a runtime that is not Deno: `Deno.test` in all its
 * forms, steps, `ignore`, and a limit of time for each test. A test that says it
 * needs Deno is left out. Prints one line of JSON.
 *
 * Node and Bun: `node runner.mjs bundle…`; in a page, `runTests(urls)`.
 */
const NEEDS =
  /\bDeno(?!\.test\b)(?:\.\w+|\w*)|\bimport\.meta|\bLocalAws\.start/;
/** What tests use and Chromium lacks. */
const NEEDS_MORE = typeof ReadableStream.from === "function"
  ? /(?!)/
  : /\bReadableStream\.from\b/;
const LIMIT_MS = 120_000;

let file = "";
let tests = [];

globalThis.iniaTest = (first, second, third) => {
  const [name, options, fn] = typeof first === "string"
    ? typeof second === "function"
      ? [first, {}, second]
      : [first, second, third]
    : typeof first === "function"
    ? [first.name, {}, first]
    : [first.name, first, first.fn ?? second];
  tests.push({ file, name, ignore: options.ignore === true, fn });
};

globalThis.runTests = async (files) => {
  const result = { passed: 0, ignored: 0, leftOut: {}, failures: [] };
  const fail = (where, name, error) =>
    result.failures.push({
      file: where,
      name,
      error: String(
        error?.stack?.includes(error?.message)
          ? error.stack
          : `${error}\n${error?.stack ?? ""}`,
      ).slice(0, 2_000),
    });
  const lost = (event) => {
    event.preventDefault?.();
    fail(file, "(nobody caught it)", event.reason ?? event);
  };
  globalThis.process?.on("unhandledRejection", lost);
  globalThis.addEventListener?.("unhandledrejection", lost);
  for (file of files) {
    tests = [];
    try {
      await import(file);
    } catch (error) {
      fail(file, "(import)", error);
    }
    for (const { name, ignore, fn } of tests) {
      const [needed] = NEEDS.exec(String(fn)) ??
        NEEDS_MORE.exec(String(fn)) ?? [];
      if (needed !== undefined) {
        result.leftOut[needed] = (result.leftOut[needed] ?? 0) + 1;
      } else if (ignore) {
        result.ignored++;
      } else {
        try {
          await limited(fn, name);
          result.passed++;
        } catch (error) {
          fail(file, name, error);
        }
      }
    }
  }
  return result;
};

async function limited(fn, name) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no end after ${LIMIT_MS} ms`)),
      LIMIT_MS,
    );
  });
  try {
    await Promise.race([fn(context(name)), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a test is given: `t.step` fails the test with its step. */
function context(name) {
  return {
    name,
    async step(first, second) {
      const { name, ignore, fn } = typeof first === "string"
        ? { name: first, fn: second }
        : typeof first === "function"
        ? { name: first.name, fn: first }
        : first;
      if (ignore !== true) await fn(context(name));
      return ignore !== true;
    },
  };
}

if (globalThis.process?.argv !== undefined) {
  const result = await runTests(process.argv.slice(2));
  // Ends when all is written: a pipe takes 64 KiB at once.
  process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));
}

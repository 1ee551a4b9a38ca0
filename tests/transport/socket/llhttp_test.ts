import { assertEquals } from "@std/assert";
import { bytesOf, type Outcome, readAll } from "./reading.ts";

/**
 * The response cases of llhttp's own suite, read in place: INIA_LLHTTP names the
 * folder of a checkout of nodejs/llhttp. Without it there is nothing to run.
 */
const FOLDER = Deno.permissions.querySync({
    name: "env",
    variable: "INIA_LLHTTP",
  }).state === "granted"
  ? Deno.env.get("INIA_LLHTTP")
  : undefined;

const SWITCHES =
  "RFC 9110, 7.8: a server must not switch to a protocol that the request did not name; these never name one";
const CODINGS =
  "RFC 9112, 6.3 lets such a body end with the connection, for codings that 7.4 lets a client offer; none is offered, so none can be undone";

/** Where this reader and llhttp differ, and the sentence that decides it. */
const DIFFERENCES: Readonly<Record<string, { ours: string; why: string }>> = {
  "connection.md: HTTP 101 response with Upgrade and Content-Length header": {
    ours: ' "" refused',
    why: SWITCHES,
  },
  "connection.md: HTTP 101 response with Upgrade and Transfer-Encoding header":
    {
      ours: ' "" refused',
      why: SWITCHES,
    },
  "sample.md: HTTP version 0.9": {
    ours: ' "" refused',
    why:
      "RFC 9112, 2.3 with RFC 9110, 2.5: what a message means is the same only between minor versions of one major version",
  },
  "transfer-encoding.md: `chunked` before other transfer-encoding": {
    ours: ' "" refused',
    why: CODINGS,
  },
  "transfer-encoding.md: multiple transfer-encoding where chunked is not the last one":
    { ours: ' "" refused', why: CODINGS },
  "transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked enconding":
    { ours: ' "" refused', why: CODINGS },
};

interface Case {
  readonly name: string;
  readonly input: string;
  readonly log: string;
  /** Whether the case is told that there is no body, as after HEAD. */
  readonly method: string;
}

function casesOf(file: string): Case[] {
  const text = Deno.readTextFileSync(`${FOLDER}/test/response/${file}`);
  const cases: Case[] = [];
  const sections = text.split(/^(?=#{2,3} )/m);
  for (const section of sections) {
    const [, title = ""] = /^#{2,3} (.*)/.exec(section) ?? [];
    const [, meta = ""] = /<!--\s*meta=(\{.*?\})\s*-->/.exec(section) ?? [];
    const [, input] = /```http\n([\s\S]*?)```/.exec(section) ?? [];
    const [, log = ""] = /```log\n([\s\S]*?)```/.exec(section) ?? [];
    if (input === undefined || !/"type":\s*"response"/.test(meta)) continue;
    if (/RTSP|ICE/.test(title)) continue;
    cases.push({
      name: `${file}: ${title}`,
      input: decoded(input),
      log,
      method: /"skipBody":\s*true/.test(meta) ? "HEAD" : "GET",
    });
  }
  return cases;
}

/** As llhttp's own runner reads its blocks. */
function decoded(block: string): string {
  return block.replace(/\n$/, "")
    .replace(/\\\n/g, "")
    .replace(/\n/g, "\r\n")
    .replace(/\\r/g, "\r")
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/\\f/g, "\f")
    .replace(
      /\\x([\da-fA-F]+)/g,
      (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(
      /\\([0-7]{1,3})/g,
      (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)),
    );
}

/** What llhttp makes of a case: statuses and bodies, and whether it refuses. */
function theirs(log: string): string {
  const statuses = [...log.matchAll(/headers complete status=(\d+)/g)]
    .map(([, status]) => status);
  const bodies = [...log.matchAll(/span\[body\]=(?:"(.*)"|(cr|lf))/g)]
    .map(([, body, end]) => body ?? (end === "cr" ? "\r" : "\n")).join("");
  // 21 is the test's own pause, 22 a change of protocol.
  const refuses = /error code=(?!2[12]\b)/.test(log);
  return verdict(statuses.map(Number), bodies, refuses);
}

function verdict(
  statuses: readonly number[],
  body: string,
  refuses: boolean,
): string {
  return `${statuses.join(" ")} ${JSON.stringify(body)}${
    refuses ? " refused" : ""
  }`;
}

function ours({ read, refused, left }: Outcome): string {
  // Behind the last response of a connection nothing may come.
  const isBehind = read.at(-1)?.keepAlive === false && left > 0;
  const statuses = read.flatMap(({ interim, status }) => [...interim, status]);
  const body = read.map((one) => one.body).join("");
  return verdict(statuses, body, refused !== undefined || isBehind);
}

Deno.test({
  name: "reads the response cases of llhttp as it does, but for those listed",
  ignore: FOLDER === undefined,
  fn: async (test) => {
    const entries = await Array.fromAsync(
      Deno.readDir(`${FOLDER}/test/response`),
    );
    const files = entries.map(({ name }) => name).filter((name) =>
      name.endsWith(".md")
    ).sort();
    let count = 0;
    const unused = new Set(Object.keys(DIFFERENCES));
    for (const one of files.flatMap(casesOf)) {
      count++;
      await test.step(one.name, () => {
        const difference = DIFFERENCES[one.name];
        unused.delete(one.name);
        const expected = difference?.ours ?? theirs(one.log);
        const bytes = bytesOf(one.input);
        assertEquals(ours(readAll([bytes], one.method)), expected);
        assertEquals(
          ours(
            readAll(
              Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
              one.method,
            ),
          ),
          expected,
        );
      });
    }
    assertEquals([...unused], []);
    assertEquals(count > 60, true);
  },
});

/**
 * The pictures of the pages, made from the code as far as they show it: the
 * layers from the imports, the order of credentials from the default chain, the
 * waits from the retry modes, the terminal from the command line.
 *
 * ```sh
 * deno task pictures          # writes docs/pictures
 * deno task pictures --check  # fails where a file is not what would be written
 * ```
 *
 * @module
 */
import * as entry from "../mod.ts";
import { ServiceError } from "../mod.ts";
import { ProgressLine } from "../src/cli/progress.ts";
import {
  CLASSIC,
  EDITION_2026,
  LegacyRetry,
  type RetryStrategy,
  StandardRetry,
} from "../src/retry/mod.ts";
import { FakeSystem } from "../src/testing/mod.ts";
import { monoWidth, Picture } from "./pictures/svg.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDER = new URL("docs/pictures/", ROOT);

/** All pictures by the names of their files. */
export async function pictures(): Promise<Readonly<Record<string, string>>> {
  return {
    "call.svg": callPicture(),
    "layers.svg": layersPicture(),
    "credentials.svg": await credentialsPicture(),
    "retries.svg": retriesPicture(),
    "progress.svg": await progressPicture(),
  };
}

/** A step of a call. */
interface Step {
  readonly name: string;
  readonly does: string;
  readonly folders: readonly string[];
  readonly errors?: readonly string[];
}

const BEFORE: readonly Step[] = [
  {
    name: "s3.getObject(input)",
    does: "a method is one line of a table",
    folders: ["services"],
  },
  {
    name: "serialize",
    does: "the input becomes a request, once",
    folders: ["protocol"],
    errors: ["ValidationError"],
  },
];
const ATTEMPT: readonly Step[] = [
  {
    name: "endpoint",
    does: "the host, by bucket and region",
    folders: ["services", "endpoint"],
    errors: ["EndpointError"],
  },
  {
    name: "payload",
    does: "checksum, chunks, what is signed of the body",
    folders: ["client"],
  },
  {
    name: "sign",
    does: "with the time and the credentials of now",
    folders: ["signing", "credentials"],
    errors: ["CredentialsError"],
  },
  {
    name: "send",
    does: "under its time limits",
    folders: ["transport"],
    errors: ["TransportError", "TimeoutError"],
  },
  {
    name: "deserialize",
    does: "the response becomes an output or an error",
    folders: ["protocol"],
    errors: ["ServiceError", "ProtocolError"],
  },
];

function callPicture(): string {
  const [width, left, wide, step, high] = [820, 190, 380, 66, 46];
  const picture = new Picture(
    "The flow of a call: the input is serialized once; endpoint, payload, signature, sending and reading belong to each attempt",
    width,
    (BEFORE.length + ATTEMPT.length + 1) * step + 88,
  );
  const draw = (
    { name, does, folders, errors = [] }: Step,
    y: number,
  ): void => {
    for (const error of errors) {
      if (!(error in entry)) throw new Error(`There is no ${error}`);
    }
    for (const folder of folders) Deno.statSync(new URL(`src/${folder}`, ROOT));
    picture.rect(left, y, wide, high, "box");
    picture.text(left + 14, y + 19, name, { mono: true, bold: true });
    picture.text(left + wide - 14, y + 19, folders.join(", "), {
      tone: "quiet",
      size: 12,
      anchor: "end",
    });
    picture.text(left + 14, y + 37, does, { size: 13 });
    errors.forEach((error, at) =>
      picture.text(
        left + wide + 62,
        y + (errors.length > 1 ? 20 : 28) + at * 18,
        error,
        {
          tone: "bad",
          size: 13,
          mono: true,
        },
      )
    );
    if (errors.length > 0) {
      picture.line([[left + wide, y + 23], [left + wide + 54, y + 23]], true);
    }
  };
  const middle = left + wide / 2;
  let y = 20;
  BEFORE.forEach((each, at) => {
    draw(each, y);
    if (at < BEFORE.length - 1) {
      picture.line([[middle, y + high], [middle, y + step]], true);
    }
    y += step;
  });
  const loop = y + 4;
  y += 40;
  picture.text(left - 12, loop + 20, "each attempt", {
    tone: "quiet",
    size: 12,
  });
  picture.line([[middle, loop - 24], [middle, y]], true);
  ATTEMPT.forEach((each, at) => {
    draw(each, y);
    if (at < ATTEMPT.length - 1) {
      picture.line([[middle, y + high], [middle, y + step]], true);
    }
    y += step;
  });
  picture.rect(left - 24, loop, wide + 48, y - loop - 4, "frame");
  const back = y - step + 30;
  picture.line([
    [left, back],
    [left - 56, back],
    [left - 56, loop + 60],
    [left, loop + 60],
  ], true);
  [
    "a failure is",
    "mended (region,",
    "clock, keys), or",
    "waited out:",
    "once more",
  ]
    .forEach((words, at) =>
      picture.text(left - 64, loop + 150 + at * 17, words, {
        tone: "quiet",
        size: 12,
        anchor: "end",
      })
    );
  picture.line([[middle, y - step + high], [middle, y + 20]], true);
  picture.rect(left, y + 20, wide, high, "box");
  picture.text(left + 14, y + 39, "output", { mono: true, bold: true });
  picture.text(
    left + 14,
    y + 57,
    "with ResponseMetadata: ids, attempts, times",
    {
      size: 13,
    },
  );
  return `${picture}`;
}

/** The folders of `src`: floors by their imports, lowest first, and the edges. */
function layers(): {
  readonly floors: readonly (readonly string[])[];
  readonly uses: ReadonlyMap<string, ReadonlySet<string>>;
} {
  const uses = new Map<string, Set<string>>();
  for (const { name, isDirectory } of Deno.readDirSync(new URL("src/", ROOT))) {
    if (isDirectory) uses.set(name, new Set());
  }
  for (const [folder, used] of uses) {
    for (const [path, code] of sources(`src/${folder}/`)) {
      for (
        const [, specifier = ""] of code.matchAll(
          /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\bfrom\s+)?"(\.[^"]+)"/gm,
        )
      ) {
        const target = new URL(specifier, `file:///${path}`).pathname;
        const [, other = "session"] = /^\/src\/([^/]+)\//.exec(target) ?? [];
        if (other !== folder) used.add(other);
      }
    }
  }
  const floorOf = (folder: string, above: readonly string[] = []): number => {
    if (above.includes(folder)) {
      throw new Error(`A circle: ${[...above, folder].join(" → ")}`);
    }
    return Math.max(
      -1,
      ...[...uses.get(folder) ?? []].map((other) =>
        floorOf(other, [...above, folder])
      ),
    ) + 1;
  };
  const floors: string[][] = [];
  for (const folder of [...uses.keys()].sort()) {
    (floors[floorOf(folder)] ??= []).push(folder);
  }
  return { floors, uses };
}

function* sources(folder: string): Generator<readonly [string, string]> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) {
      const path = folder + name;
      yield [path, Deno.readTextFileSync(new URL(path, ROOT))];
    }
  }
}

function layersPicture(): string {
  const { floors, uses } = layers();
  const [width, high, step, gap] = [1_000, 34, 92, 12];
  const picture = new Picture(
    `The folders of src in ${floors.length} floors: each imports from lower floors only`,
    width,
    floors.length * step,
  );
  picture.text(
    width - 20,
    floors.length * step - 12,
    "ports has types alone, which all import; imports that others bring along are left out",
    { tone: "quiet", size: 12, anchor: "end" },
  );
  const places = new Map<
    string,
    readonly [x: number, y: number, wide: number]
  >();
  floors.toReversed().forEach((floor, row) => {
    const widths = floor.map((name) => monoWidth(name, 13) + 22);
    const free = width - 40 - widths.reduce((sum, wide) => sum + wide, 0);
    const space = Math.max(gap, free / (floor.length + 1));
    let x = 20 + space;
    floor.forEach((name, at) => {
      places.set(name, [Math.round(x), 20 + row * step, widths[at] ?? 0]);
      x += (widths[at] ?? 0) + space;
    });
  });
  const reaches = (from: string, to: string): boolean =>
    [...uses.get(from) ?? []].some((next) => next === to || reaches(next, to));
  for (const [folder, used] of uses) {
    for (const other of used) {
      // An import that another import brings along anyway is left out.
      const isShort = ![...used].some((next) =>
        next !== other && reaches(next, other)
      );
      const [from, to] = [places.get(folder), places.get(other)];
      if (!isShort || from === undefined || to === undefined) continue;
      picture.curve(
        [from[0] + from[2] / 2, from[1] + high],
        [to[0] + to[2] / 2, to[1] - 1],
      );
    }
  }
  for (const [name, [x, y, wide]] of places) {
    picture.rect(x, y, wide, high, "box");
    picture.text(x + wide / 2, y + 22, name, {
      mono: true,
      size: 13,
      anchor: "middle",
    });
  }
  return `${picture}`;
}

/** What each source of the default chain looks at. */
const SOURCES: Readonly<Record<string, string>> = {
  env: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
  "assume-role":
    "role_arn of the profile, with source_profile or credential_source",
  "assume-role-with-web-identity":
    "AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file",
  sso: "sso_session of the profile, and the token of aws sso login",
  "shared-credentials-file": "keys of the profile in ~/.aws/credentials",
  login: "login_session of the profile, and what aws login has kept",
  "custom-process": "credential_process of the profile",
  "config-file": "keys of the profile in ~/.aws/config",
  "ec2-credentials-file": "the file that AWS_CREDENTIAL_FILE names",
  "boto-config": "keys in /etc/boto.cfg or ~/.boto",
  "container-role": "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or …_FULL_URI",
  "iam-role": "the metadata service of an EC2 instance",
};

async function credentialsPicture(): Promise<string> {
  const session = new entry.Session({ system: new FakeSystem() });
  const names = (await session.credentialProviders()).map(({ name }) => name);
  const [width, left, wide, step, high] = [900, 60, 690, 48, 36];
  const picture = new Picture(
    "The order in which credentials are looked for: absent goes on to the next source, broken stops",
    width,
    names.length * step + 136,
  );
  picture.rect(left, 20, wide, high, "box");
  picture.text(left + 14, 43, "credentials in code", { bold: true });
  picture.text(left + wide - 14, 43, "hide all that follows", {
    tone: "quiet",
    size: 12,
    anchor: "end",
  });
  names.forEach((name, at) => {
    const does = SOURCES[name];
    if (does === undefined) throw new Error(`No words for the source ${name}`);
    const y = 20 + (at + 1) * step;
    picture.line([[left + 30, y - step + high], [left + 30, y]], true);
    picture.rect(left, y, wide, high, "box");
    picture.text(left - 12, y + 23, `${at + 1}`, {
      tone: "quiet",
      size: 13,
      anchor: "end",
    });
    picture.text(left + 14, y + 23, name, { mono: true, bold: true, size: 13 });
    picture.text(left + wide - 14, y + 23, does, {
      tone: "quiet",
      size: 12,
      anchor: "end",
    });
  });
  const first = 20 + step + 15;
  const x = left + wide;
  picture.line([[x, first], [x + 30, first]], true);
  picture.text(x + 38, first + 5, "found: used", { tone: "good", size: 13 });
  picture.line([[x, first + step], [x + 30, first + step]], true);
  picture.text(x + 38, first + step + 5, "broken: error", {
    tone: "bad",
    size: 13,
  });
  picture.text(x + 10, first + step * 2 - 4, "absent: the next,", {
    tone: "quiet",
    size: 13,
  });
  picture.text(x + 10, first + step * 2 + 14, "downwards", {
    tone: "quiet",
    size: 13,
  });
  const end = 20 + (names.length + 1) * step;
  picture.line([[left + 30, end - step + high], [left + 30, end + 6]], true);
  picture.text(left + 14, end + 26, "NoCredentialsError lists them all", {
    tone: "bad",
    size: 13,
  });
  picture.text(
    left + 14,
    end + 48,
    "A profile that is named in code leaves out number 1.",
    { tone: "quiet", size: 13 },
  );
  return `${picture}`;
}

/** What is retried in the picture. */
const FAILURES = {
  server: failure("InternalError", 500),
  throttled: failure("SlowDown", 503),
};

function failure(code: string, status: number): ServiceError {
  return new ServiceError("", {
    operation: "GetObject",
    code,
    status,
    headers: {},
    fields: {},
  });
}

/** The longest waits of a strategy, in milliseconds, until it gives up. */
function longestWaits(strategy: RetryStrategy, error: ServiceError): number[] {
  const waits: number[] = [];
  let grant = strategy.begin();
  for (;;) {
    const next = strategy.afterFailure(grant.ticket, error, {
      service: "s3",
      operation: "GetObject",
    });
    if (next.kind !== "go") return waits;
    waits.push(next.delayMs);
    grant = next;
  }
}

function retriesPicture(): string {
  const most = { maxAttempts: 5, random: () => 1 };
  const rows: readonly (readonly [
    string,
    string,
    RetryStrategy,
    ServiceError,
    number,
  ])[] = [
    [
      "standard, adaptive",
      "3 attempts by default",
      new StandardRetry({ ...most, constants: CLASSIC }),
      FAILURES.server,
      new StandardRetry().maxAttempts,
    ],
    [
      "legacy",
      "5 attempts by default",
      new LegacyRetry(most),
      FAILURES.server,
      new LegacyRetry().maxAttempts,
    ],
    [
      "standard, 2026",
      "3 attempts by default",
      new StandardRetry({ ...most, constants: EDITION_2026 }),
      FAILURES.server,
      3,
    ],
    [
      "the same, throttled",
      "3 attempts by default",
      new StandardRetry({ ...most, constants: EDITION_2026 }),
      FAILURES.throttled,
      3,
    ],
  ];
  const [width, left, step, scale] = [900, 180, 86, 44];
  const picture = new Picture(
    "When the attempts of a call come: the longest waits between them, by retry mode",
    width,
    rows.length * step + 90,
  );
  const axis = rows.length * step + 20;
  for (let seconds = 0; seconds <= 15; seconds++) {
    const x = left + seconds * scale;
    picture.line([[x, axis], [x, axis + 6]]);
    picture.text(x, axis + 22, `${seconds}`, {
      tone: "quiet",
      size: 12,
      anchor: "middle",
    });
  }
  picture.line([[left, axis], [left + 15 * scale, axis]]);
  picture.text(
    left,
    axis + 46,
    "Seconds at most, after attempt 1 has failed: a wait is a random part of its bar. Pale: only with maxAttempts: 5.",
    { tone: "quiet", size: 12 },
  );
  rows.forEach(([name, note, strategy, error, usual], row) => {
    const y = 20 + row * step;
    picture.text(left - 20, y + 20, name, {
      anchor: "end",
      bold: true,
      size: 13,
    });
    picture.text(left - 20, y + 38, note, {
      anchor: "end",
      tone: "quiet",
      size: 12,
    });
    let at = 0;
    longestWaits(strategy, error).forEach((wait, index) => {
      const x = left + at * scale;
      const seconds = wait / 1_000;
      const isUsual = index < usual - 1;
      picture.rect(
        x,
        y + 8,
        Math.max(1, seconds * scale - 3),
        26,
        isUsual ? "wait" : "wait faint",
      );
      at += seconds;
      if (seconds * scale > 34) {
        picture.text(x + seconds * scale / 2 - 1, y + 26, `${seconds} s`, {
          anchor: "middle",
          size: 12,
        });
        picture.text(x + seconds * scale - 3, y + 52, `${index + 2}`, {
          anchor: "middle",
          size: 12,
          tone: "quiet",
        });
      }
    });
    const isShort = at < 2;
    picture.text(
      left,
      y + 52,
      isShort ? `1 to 5 within ${Math.round(at * 1_000)} ms` : "1",
      { size: 12, tone: "quiet", anchor: isShort ? "start" : "middle" },
    );
  });
  return `${picture}`;
}

const MIB = 1_024 * 1_024;

/** What the command line prints on the way, at times and at its end. */
async function shown(isTerminal: boolean): Promise<string[]> {
  let written = "";
  let now = 0;
  const line = new ProgressLine(
    {
      write: () => Promise.resolve(),
      writeError: (text) => {
        written += text;
        return Promise.resolve();
      },
      stdin: new Blob([]).stream(),
      isTerminal,
      columns: () => 90,
      signal: new AbortController().signal,
    },
    12,
    () => now,
  );
  const lines: string[] = [];
  for (const [ms, files, mib] of [[1_000, 1, 18], [6_000, 9, 96]] as const) {
    now = ms;
    line.update({ files, bytes: mib * MIB, total: 120 * MIB });
    lines.push(plain(written));
    written = "";
  }
  now = 7_500;
  line.update({ files: 12, bytes: 120 * MIB, total: 120 * MIB });
  written = "";
  await line.end("Copied");
  return [...lines, plain(written)].filter((line) => line !== "");
}

function plain(written: string): string {
  return written.replaceAll("\r", "").replaceAll("\x1b[K", "").trim();
}

async function progressPicture(): Promise<string> {
  const [during, later, end] = await shown(true);
  const [piped] = await shown(false);
  const [width, step] = [800, 96];
  const scenes: readonly (readonly [string, string, string | undefined])[] = [
    ["in a terminal, after 1 s", "$ inia cp -r photos s3://photos", during],
    ["the same line, after 6 s", "$ inia cp -r photos s3://photos", later],
    ["at the end", "$ inia cp -r photos s3://photos", end],
    [
      "in a pipe: one line, at the end",
      "$ inia cp -r photos s3://photos 2>&1 | cat",
      piped,
    ],
  ];
  const picture = new Picture(
    "Progress of a copy in a terminal: one line that changes, and its last words; in a pipe only these",
    width,
    scenes.length * step + 20,
  );
  scenes.forEach(([when, command, line = ""], at) => {
    const y = 14 + at * step;
    picture.text(20, y + 14, when, { tone: "quiet", size: 12 });
    picture.rect(20, y + 22, width - 40, 60, "screen");
    picture.text(34, y + 46, command, {
      tone: "screen-quiet",
      mono: true,
      size: 13,
    });
    picture.text(34, y + 68, line, {
      tone: "screen-text",
      mono: true,
      size: 13,
    });
  });
  return `${picture}`;
}

if (import.meta.main) {
  const isCheck = Deno.args.includes("--check");
  for (const [name, picture] of Object.entries(await pictures())) {
    const path = new URL(name, FOLDER);
    const there = await Deno.readTextFile(path).catch(() => undefined);
    if (there === picture) continue;
    if (isCheck) {
      console.error(
        `docs/pictures/${name} is not what is made now: run deno task pictures`,
      );
      Deno.exitCode = 1;
    } else {
      await Deno.mkdir(FOLDER, { recursive: true });
      await Deno.writeTextFile(path, picture);
      console.log(`docs/pictures/${name}: written`);
    }
  }
}

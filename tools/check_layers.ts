/**
 * The layers of ARCHITECTURE.md as a program: fails on an import that the table
 * does not allow, on a port that is more than types, and on an outside package
 * or a runtime global away from its door.
 *
 * @module
 */

const PARTS = [
  "system",
  "logging",
  "config",
  "credentials",
  "signing",
  "retry",
  "transport",
  "protocol",
  "endpoint",
] as const;

/** What each folder of `src` may import, beside itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  ports: ["foundation"],
  ...Object.fromEntries(PARTS.map((part) => [part, ["foundation", "ports"]])),
  client: ["foundation", "ports"],
  services: ["foundation", "ports", "endpoint", "protocol"],
  transfer: ["foundation", "ports", "services"],
  resource: ["foundation", "ports", "services", "transfer"],
  boto2: [
    "foundation",
    "ports",
    "services",
    "transfer",
    "resource",
    "session",
  ],
  testing: ["foundation", "ports", "protocol", "services"],
  session: [
    "foundation",
    "ports",
    ...PARTS,
    "client",
    "services",
  ],
  diagnostics: [
    "foundation",
    "ports",
    "config",
    "credentials",
    "system",
    "transport",
    "session",
  ],
  cli: ["mod.ts", "services", "transfer", "testing", "diagnostics"],
};

/** Folders that use others as programs do: by their entries, `mod.ts`. */
const BY_ENTRIES = ["cli"];

/** Single files that may import more than their folder, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Decision 12: `resource(S3)` is on the default session.
  "src/resource/s3.ts": ["session"],
  // A session loads its explanations when it is asked for them.
  "src/session/session.ts": ["diagnostics"],
};

/** Single files that may import the types of another folder, each with its reason. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  // Decision 12: `session.resource(S3)` returns what `resource` registers.
  "src/session/session.ts": ["resource"],
};

/** What `mod.ts` may import. */
const ROOT = ["foundation", "ports", "session", "retry", "diagnostics"];

/** The only file or folder that may import each outside package. */
const DOORS: Readonly<Record<string, string>> = {
  "@std/ini": "src/config/ini.ts",
  "@std/crypto": "src/foundation/checksums.ts",
  "@std/log": "src/logging/",
  "node:util": "src/cli/",
};

/** The folders that may name `Deno`. */
const DENO_DOORS = [
  "src/system/",
  "src/transport/",
  "src/testing/",
  "src/cli/",
];

const root = new URL("..", import.meta.url);
const problems: string[] = [];

for (const path of ["mod.ts", ...sources("src")]) {
  const text = Deno.readTextFileSync(new URL(path, root));
  const code = withoutComments(text);
  const running = imports(withoutTypes(code));
  for (const specifier of imports(code)) {
    checkImport(path, specifier, running.includes(specifier));
  }
  if (folderOf(path) === "ports") checkPort(path, code);
  const mayUseDeno = DENO_DOORS.some((door) => path.startsWith(door));
  // `Deno.customInspect` is the name of a symbol.
  if (!mayUseDeno && /\bDeno\.(?!customInspect")/.test(code)) {
    problems.push(`${path} names Deno, which has its doors in ${DENO_DOORS}`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`layers: ${problems.length} problems`);
if (problems.length > 0) Deno.exit(1);

function checkImport(path: string, specifier: string, runs: boolean): void {
  if (!specifier.startsWith(".")) {
    const name = specifier.split("/").slice(0, 2).join("/");
    const door = DOORS[name];
    if (door === undefined) {
      problems.push(`${path} imports ${specifier}, which has no door`);
    } else if (!path.startsWith(door)) {
      problems.push(`${path} imports ${specifier}; only ${door} may`);
    }
    return;
  }
  const target = new URL(specifier, new URL(path, root)).pathname
    .slice(root.pathname.length);
  const from = folderOf(path);
  const to = folderOf(target);
  if (from === to) return;
  if (EXCEPTIONS[path]?.includes(to)) return;
  if (!runs && TYPES_ONLY[path]?.includes(to)) return;
  const allowed = from === "mod.ts" ? ROOT : ALLOWED[from];
  if (allowed === undefined) {
    problems.push(`${path} lies in a folder that has no row in the table`);
  } else if (!allowed.includes(to)) {
    problems.push(`${path} imports ${target}; ${from} may not import ${to}`);
  } else if (BY_ENTRIES.includes(from) && !/(?:^|\/)mod\.ts$/.test(target)) {
    problems.push(`${path} imports ${target}, which is no entry`);
  }
}

function checkPort(path: string, code: string): void {
  const runs =
    /^\s*(?:export\s+)?(?:abstract\s+|async\s+)?(?:class|const|let|var|function|enum)\b/m;
  if (runs.test(code) || /^\s*import\s+(?!type\b)/m.test(code)) {
    problems.push(`${path} is more than types`);
  }
}

/** `src/retry/legacy.ts` → `retry`; `mod.ts` → `mod.ts`. */
function folderOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "src" ? second ?? "src" : first ?? path;
}

function imports(code: string): string[] {
  const pattern =
    /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;
  return [...code.matchAll(pattern)].map(([, specifier]) => specifier ?? "");
}

function withoutTypes(code: string): string {
  return code.replace(/^import\s+type\b[^;]*;/gm, "");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

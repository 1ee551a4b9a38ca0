/** Trees and buckets whose plans are compared with those of `aws s3 sync`. */
import type { S3 } from "../../src/services/s3/mod.ts";
import {
  folder,
  type FolderOptions,
  type FolderPlan,
  planFolder,
} from "../../src/transfer/mod.ts";

/** What a scenario starts with. */
export interface FolderScenario {
  readonly name: string;
  readonly direction: "down" | "up";
  /** Files: their length, and seconds by which they are older than now. */
  readonly files?: Readonly<
    Record<string, readonly [size: number, age: number]>
  >;
  /** Links and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  readonly pipes?: readonly string[];
  /** Objects and their length. */
  readonly objects?: Readonly<Record<string, number>>;
  /** Prefix of the address. Default: none. */
  readonly prefix?: string;
  /** Arguments of `aws s3 sync`. */
  readonly args?: readonly string[];
  /** The same for this library. */
  readonly options?: FolderOptions;
}

/** What is planned, a line a step. */
export interface ShownPlan {
  readonly steps: readonly string[];
  readonly skipped: readonly string[];
  readonly refusals: readonly string[];
}

const DELETE = { args: ["--delete"], options: { delete: true } } as const;

export const SCENARIOS: readonly FolderScenario[] = [
  {
    name: "uploads what is new, longer or later",
    direction: "up",
    files: {
      "new": [1, 60],
      "longer": [2, 3600],
      "later": [1, -3600],
      "earlier": [1, 3600],
      "sub/deep/x": [3, 60],
    },
    objects: { longer: 1, later: 1, earlier: 1 },
  },
  {
    name: "downloads what is new, longer or has a later file",
    direction: "down",
    files: { longer: [2, 3600], later: [1, -3600], earlier: [1, 3600] },
    objects: { "new": 1, longer: 1, later: 1, earlier: 1, "sub/x": 1 },
  },
  {
    name: "uploads by size alone",
    direction: "up",
    files: { later: [1, -3600], longer: [2, 3600] },
    objects: { later: 1, longer: 1 },
    args: ["--size-only"],
    options: { compare: "size" },
  },
  {
    name: "downloads by exact times",
    direction: "down",
    files: { later: [1, -3600], earlier: [1, 3600] },
    objects: { later: 1, earlier: 1 },
    args: ["--exact-timestamps"],
    options: { compare: "exact-time" },
  },
  {
    name: "orders by code points",
    direction: "up",
    files: Object.fromEntries(
      ["B", "a-b", "a.b", "a/b", "a0", "z.1", "z/1", "é", "\u{1F600}", "\uFF5E"]
        .map((path) => [path, [1, 60]]),
    ),
  },
  {
    name: "deletes objects without a file, between the uploads",
    direction: "up",
    files: { b: [1, 60], d: [1, 60] },
    objects: { a: 1, c: 1, "e/f": 1, "empty/": 0 },
    ...DELETE,
  },
  {
    name: "deletes files without an object",
    direction: "down",
    files: { a: [1, 60], "c/d": [1, 60] },
    objects: { b: 1 },
    ...DELETE,
  },
  {
    name: "leaves alone what is excluded, on both sides",
    direction: "up",
    files: { "a.txt": [1, 60], "b.log": [1, 60] },
    objects: { "c.log": 1, "d.txt": 1 },
    args: ["--delete", "--exclude", "*.log"],
    options: { delete: true, filters: [{ exclude: "*.log" }] },
  },
  {
    name: "lets the last pattern decide",
    direction: "up",
    files: { "a.txt": [1, 60], "sub/b.txt": [1, 60], "c.log": [1, 60] },
    args: ["--exclude", "*", "--include", "*.txt"],
    options: { filters: [{ exclude: "*" }, { include: "*.txt" }] },
  },
  {
    name: "excludes all where the last pattern is a star",
    direction: "up",
    files: { "a.txt": [1, 60] },
    args: ["--include", "*.txt", "--exclude", "*"],
    options: { filters: [{ include: "*.txt" }, { exclude: "*" }] },
  },
  {
    name: "compares patterns with whole paths",
    direction: "up",
    files: {
      "b.txt": [1, 60],
      "sub/b.txt": [1, 60],
      "sub/c.txt": [1, 60],
      "x/.h": [1, 60],
    },
    args: ["--exclude", "b.txt", "--exclude", "x?.h", "--exclude", "sub/"],
    options: {
      filters: [{ exclude: "b.txt" }, { exclude: "x?.h" }, { exclude: "sub/" }],
    },
  },
  {
    name: "knows sets of characters",
    direction: "up",
    files: { a: [1, 60], b: [1, 60], c: [1, 60], "[x]": [1, 60], "-": [1, 60] },
    args: [
      "--exclude",
      "[!ab[x-]",
      "--exclude",
      "[[]x]",
      "--exclude",
      "[b]",
    ],
    options: {
      filters: [{ exclude: "[!ab[x-]" }, { exclude: "[[]x]" }, {
        exclude: "[b]",
      }],
    },
  },
  {
    name: "takes a prefix for a folder",
    direction: "down",
    objects: { "p/a": 1, "px/b": 1, p: 1 },
    prefix: "p",
  },
  {
    name: "follows links of the source",
    direction: "up",
    files: { "real/x": [1, 60], "file": [1, 60] },
    links: { linked: "real", alias: "file" },
  },
  {
    name: "leaves links out on wish",
    direction: "up",
    files: { "real/x": [1, 60] },
    links: { linked: "real" },
    args: ["--no-follow-symlinks"],
    options: { followLinks: false },
  },
  {
    name: "passes over broken links and pipes",
    direction: "up",
    files: { a: [1, 60] },
    links: { broken: "nowhere" },
    pipes: ["pipe"],
  },
  {
    name: "passes over keys that leave the folder",
    direction: "down",
    objects: { "../out": 1, "x/../../z": 1, "in": 1, "x/../y": 1 },
  },
  {
    name: "lets empty and dotted names vanish",
    direction: "down",
    objects: { "a/./b": 1, "w//v": 1, "/abs": 1, "c..d": 1, "..\\win": 1 },
  },
  {
    name: "lets the marks of empty folders be",
    direction: "down",
    objects: { "empty/": 0, a: 1 },
  },
  {
    name: "downloads names that differ in case",
    direction: "down",
    objects: { "A.txt": 1, "a.txt": 1 },
  },
  // Here the plans differ.
  {
    name: "stops where the object of a skipped file would be deleted",
    direction: "up",
    files: { a: [1, 60] },
    links: { broken: "nowhere" },
    objects: { broken: 1 },
    ...DELETE,
  },
  {
    name: "stops where the object of a link that is left out would be deleted",
    direction: "up",
    files: { "real/x": [1, 60] },
    links: { linked: "real" },
    objects: { "linked/x": 1, "real/x": 1 },
    args: ["--no-follow-symlinks", "--delete"],
    options: { followLinks: false, delete: true },
  },
  {
    name: "stops where an empty folder would empty the bucket",
    direction: "up",
    objects: { a: 1, b: 1 },
    ...DELETE,
  },
  {
    name: "stops where an empty bucket would empty the folder",
    direction: "down",
    files: { a: [1, 60] },
    ...DELETE,
  },
  {
    name: "stops where a download would go through a link",
    direction: "down",
    links: { linked: "../outside" },
    objects: { "linked/x": 1, y: 1 },
  },
  {
    name: "stops where a delete would go through a link",
    direction: "down",
    files: { "../outside/x": [1, 60] },
    links: { linked: "../outside" },
    objects: { y: 1 },
    ...DELETE,
  },
  {
    name: "stops where two keys are one file",
    direction: "down",
    objects: { "w//v": 1, "w/v": 2 },
  },
  {
    name: "keeps the file of a key with an empty name",
    direction: "down",
    files: { "w/v": [1, 3600] },
    objects: { "w//v": 1, x: 1 },
    ...DELETE,
  },
  {
    name: "follows a loop of folders once",
    direction: "up",
    files: { "sub/x": [1, 60] },
    links: { "sub/up": ".." },
  },
  {
    name: "names the key that is both a file and a folder",
    direction: "down",
    objects: { a: 1, "a/b": 1, "full/": 3 },
  },
  {
    name: "stops where a pipe would be replaced",
    direction: "down",
    pipes: ["pipe"],
    objects: { pipe: 1 },
  },
];

/** Makes the tree of a scenario; `root` is there. */
export async function makeTree(
  { files = {}, links = {}, pipes = [] }: FolderScenario,
  root: string,
  now: number,
): Promise<void> {
  await Deno.mkdir(`${root}/../outside`, { recursive: true });
  for (const [path, [size, age]] of Object.entries(files)) {
    const file = `${root}/${path}`;
    await Deno.mkdir(file.replace(/[^/]+$/, ""), { recursive: true });
    await Deno.writeFile(file, new Uint8Array(size));
    const time = new Date(now - age * 1_000);
    await Deno.utime(file, time, time);
  }
  for (const [path, target] of Object.entries(links)) {
    await Deno.symlink(target, `${root}/${path}`);
  }
  for (const path of pipes) {
    await new Deno.Command("mkfifo", { args: [`${root}/${path}`] }).output();
  }
}

/** Makes the objects of a scenario. */
export async function makeObjects(
  { objects = {} }: FolderScenario,
  put: (key: string, size: number) => Promise<unknown>,
): Promise<void> {
  for (const [key, size] of Object.entries(objects)) await put(key, size);
}

/** What this library plans. */
export async function planOf(
  { direction, prefix, options = {} }: FolderScenario,
  s3: S3,
  bucket: string,
  root: string,
): Promise<FolderPlan> {
  const local = folder(root);
  const objects = { Bucket: bucket, ...prefix ? { Prefix: prefix } : {} };
  return direction === "up"
    ? await planFolder(s3, local, objects, options)
    : await planFolder(s3, objects, local, options);
}

/** A plan without what differs from run to run. */
export function shownPlan(
  { prefix = "" }: FolderScenario,
  plan: FolderPlan,
): ShownPlan {
  const start = prefix === "" ? 0 : prefix.length + 1;
  return {
    steps: plan.steps.map(({ kind, path, from = "" }) =>
      `${kind} ${kind === "download" ? from.slice(start) : path}`
    ),
    skipped: plan.skipped.map(({ path, reason, side }) =>
      `${path}: ${reason} in the ${side}`
    ).sort(),
    refusals: plan.refusals.map(({ code }) => code),
  };
}

/**
 * A store in memory with one object, and a client of it that uses the machine's
 * own files in a folder that is gone in the end.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import type { SessionOptions } from "../../mod.ts";
import type {
  HttpRequest,
  HttpResponse,
  Transport,
} from "../../src/ports/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";

/** The object. */
export const OBJECT = { Bucket: "photos", Key: "cat.mp4" };

/** The smallest length of a range. */
export const PART = 5 * 1_024 * 1_024;

/** Bytes that differ from place to place, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Looks at a request, and at or after its answer. */
export type Around = (
  request: HttpRequest,
  send: () => Promise<HttpResponse>,
) => Promise<HttpResponse>;

/** A store with the object, a client, a folder. */
export interface DownloadStore extends AsyncDisposable {
  readonly s3: S3;
  readonly session: Session;
  readonly folder: string;
  /** The requests since the object was stored, each as `METHOD range`. */
  readonly requests: string[];
  /** Takes part in each request from now on. */
  around: Around;
}

/** Stores the object and makes the client. */
export async function downloadStore(
  content: Uint8Array,
  options: SessionOptions = {},
): Promise<DownloadStore> {
  const local = new LocalAws();
  const { send } = local.transport();
  const requests: string[] = [];
  const folder = await Deno.makeTempDir();
  const transport: Transport = {
    send: async (request, options) => {
      requests.push(`${request.method} ${request.headers["range"] ?? ""}`);
      return await store.around(request, () => send(request, options));
    },
    [Symbol.dispose]: () => {},
  };
  const session = new Session({
    ...local.clientConfig,
    random: () => 0,
    transport,
    ...options,
  });
  const s3 = session.client(S3);
  const store: DownloadStore = {
    s3,
    session,
    folder,
    requests,
    around: (_request, send) => send(),
    [Symbol.asyncDispose]: async () => {
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
  await s3.createBucket({ Bucket: OBJECT.Bucket });
  await s3.putObject({ ...OBJECT, Body: content, ChecksumAlgorithm: "CRC32" });
  requests.length = 0;
  return store;
}

/** The names in a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).toSorted();
}

/** Whether two byte arrays are the same, without printing them where they are not. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** The permission bits of a file or of a link itself. */
export async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o777;
}

/** Runs a program of the machine that must succeed. */
export async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Whether the machine has pipes with names, links and modes. */
export const UNIX = Deno.build.os !== "windows";

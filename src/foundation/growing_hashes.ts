/**
 * Hashes that grow with the bytes they are given, where Web Crypto hashes only
 * what is in memory as a whole.
 *
 * MD5 and SHA come from `node:crypto` where the platform has it (Deno, Node,
 * Bun), else from WebAssembly, as the xxHashes do everywhere.
 *
 * @module
 */
import { fromBase64 } from "./bytes.ts";
import { type CreateHash, createHash } from "./digest.ts";
import { DIGESTS, XXHASH } from "./generated/wasm.ts";

/** Name of such a hash, as parameters of S3 spell it. */
export type GrowingHashName =
  | "MD5"
  | "SHA1"
  | "SHA256"
  | "SHA512"
  | "XXHASH3"
  | "XXHASH64"
  | "XXHASH128";

/** A hash that grows. */
interface GrowingHash {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The hash of all bytes, big-endian. Nothing can be added after it. */
  digest(): Uint8Array<ArrayBuffer>;
}

/**
 * Starts a hash.
 *
 * @param name Which one.
 * @param platform Makes hashes by their OpenSSL names; `null`: nothing does.
 * Default: `node:crypto`.
 */
export function growingHash(
  name: GrowingHashName,
  platform: CreateHash | null = createHash() ?? null,
): GrowingHash {
  const { native, module, kind, size } = HASHES[name];
  if (native === undefined || platform === null) {
    return new WasmHash(module(), kind, size);
  }
  const hash = platform(native);
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => new Uint8Array(hash.digest()),
  };
}

const digests = compiled(DIGESTS);
const xxhash = compiled(XXHASH);

/** How each hash is made; `kind` is the number that its module has for it. */
const HASHES: Readonly<
  Record<GrowingHashName, {
    readonly native?: string;
    readonly module: () => WebAssembly.Module;
    readonly kind: number;
    readonly size: number;
  }>
> = {
  MD5: { native: "md5", module: digests, kind: 0, size: 16 },
  SHA1: { native: "sha1", module: digests, kind: 1, size: 20 },
  SHA256: { native: "sha256", module: digests, kind: 2, size: 32 },
  SHA512: { native: "sha512", module: digests, kind: 3, size: 64 },
  XXHASH64: { module: xxhash, kind: 0, size: 8 },
  XXHASH3: { module: xxhash, kind: 1, size: 8 },
  XXHASH128: { module: xxhash, kind: 2, size: 16 },
};

/** Most bytes that the memory of a module takes at a time. */
const PIECE = 65_536;

/** What both modules export. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  init(kind: number): void;
  room(): number;
  update(length: number): void;
  digest(): void;
}

/** A hash by WebAssembly. Its instance has memory of its own. */
class WasmHash implements GrowingHash {
  readonly #exports: Exports;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #size: number;

  constructor(module: WebAssembly.Module, kind: number, size: number) {
    const { exports } = new WebAssembly.Instance(module);
    this.#exports = exports as unknown as Exports;
    this.#memory = new Uint8Array(
      this.#exports.memory.buffer as ArrayBuffer,
    );
    this.#size = size;
    this.#exports.init(kind);
  }

  update(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += PIECE) {
      const piece = bytes.subarray(start, start + PIECE);
      this.#memory.set(piece, this.#exports.room());
      this.#exports.update(piece.length);
    }
  }

  digest(): Uint8Array<ArrayBuffer> {
    this.#exports.digest();
    return this.#memory.slice(0, this.#size);
  }
}

/** Compiles a module when it is first needed. */
function compiled(base64: string): () => WebAssembly.Module {
  let module: WebAssembly.Module | undefined;
  return () => module ??= new WebAssembly.Module(fromBase64(base64));
}

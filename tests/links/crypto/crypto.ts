import { Md5 } from "./md5.ts";

/** Names of the digests this stand-in knows, in capitals. */
export const DIGEST_ALGORITHM_NAMES = [
  "MD5",
  "SHA-1",
  "SHA-256",
  "SHA-384",
  "SHA-512",
] as const;

/** The name of a digest. */
export type DigestAlgorithmName = typeof DIGEST_ALGORITHM_NAMES[number];

/** A digest by name, with the length in bytes its result must have. */
export type DigestAlgorithmObject = {
  name: DigestAlgorithmName;
  length?: number;
};

/** A digest by name or object. */
export type DigestAlgorithm = DigestAlgorithmName | DigestAlgorithmObject;

/** The `subtle` part of Web Crypto with more digests and streams. */
export interface StdSubtleCrypto extends SubtleCrypto {
  /** Digests a buffer, or the buffers of a sequence or stream, as one. */
  digest(
    algorithm: DigestAlgorithm,
    data: BufferSource | AsyncIterable<BufferSource> | Iterable<BufferSource>,
  ): Promise<ArrayBuffer>;
  /** Digests a buffer, or the buffers of a sequence as one, at once. */
  digestSync(
    algorithm: DigestAlgorithm,
    data: BufferSource | Iterable<BufferSource>,
  ): ArrayBuffer;
}

/** Web Crypto with an extended `subtle`. */
export interface StdCrypto extends Crypto {
  /** The extended operations. */
  readonly subtle: StdSubtleCrypto;
}

interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array<ArrayBuffer>;
}

interface NativeHash {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array<ArrayBuffer>;
}

const LEFT_OUT = /^(BLAKE|FNV|KECCAK|MD4|RIPEMD|SHA-224|SHA3|SHAKE|TIGER)/;
const MAX_LENGTH = 0x7fffffff;
const web = globalThis.crypto;

/** The global Web Crypto, with MD5, streams and `digestSync` added. */
export const crypto: StdCrypto = {
  ...bound(web),
  subtle: { ...bound(web.subtle), digest, digestSync },
};

async function digest(
  algorithm: DigestAlgorithm,
  data: BufferSource | AsyncIterable<BufferSource> | Iterable<BufferSource>,
): Promise<ArrayBuffer> {
  const { name, length } = normalize(algorithm);
  if (!isKnown(name) || (name !== "MD5" && isBuffer(data))) {
    return await web.subtle.digest(algorithm, data as BufferSource);
  }
  if (isBuffer(data) || isIterable(data)) return digestSync(algorithm, data);
  if (!isAsyncIterable(data)) {
    throw new TypeError(
      "data must be a BufferSource or [Async]Iterable<BufferSource>",
    );
  }
  const hasher = hasherFor(name);
  for await (const chunk of data) hasher.update(bytesOf(chunk));
  return finish(hasher, length);
}

function digestSync(
  algorithm: DigestAlgorithm,
  data: BufferSource | Iterable<BufferSource>,
): ArrayBuffer {
  const { name, length } = normalize(algorithm);
  if (!isBuffer(data) && !isIterable(data)) {
    throw new TypeError(
      "data must be a BufferSource or Iterable<BufferSource>",
    );
  }
  const hasher = hasherFor(name);
  for (const chunk of isBuffer(data) ? [data] : data) {
    hasher.update(bytesOf(chunk));
  }
  return finish(hasher, length);
}

function normalize(
  algorithm: DigestAlgorithm,
): { name: string; length: number | undefined } {
  const { name, length } = typeof algorithm === "string"
    ? { name: algorithm }
    : algorithm;
  if (
    length !== undefined &&
    (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH)
  ) {
    throw new RangeError(
      `length must be an integer between 0 and ${MAX_LENGTH}, inclusive`,
    );
  }
  const upper = name.toUpperCase();
  if (LEFT_OUT.test(upper)) {
    throw new TypeError(`${upper} is left out of this stand-in`);
  }
  return { name: upper, length };
}

function hasherFor(name: string): Hasher {
  if (name === "MD5") return new Md5();
  if (!isKnown(name)) throw new TypeError("unsupported algorithm");
  return nativeHash(name.replace("-", "").toLowerCase());
}

/** A hash of `node:crypto`, which bundles for browsers must not import. */
function nativeHash(name: string): Hasher {
  const { process }: {
    readonly process?: {
      readonly getBuiltinModule: (
        name: string,
      ) => { readonly createHash: (name: string) => NativeHash };
    };
  } = globalThis;
  if (process === undefined) {
    throw new TypeError(`${name} in pieces is left out of this stand-in here`);
  }
  const hash = process.getBuiltinModule("node:crypto").createHash(name);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => new Uint8Array(hash.digest()),
  };
}

function finish(hasher: Hasher, length: number | undefined): ArrayBuffer {
  const { buffer, byteLength } = hasher.digest();
  if (length !== undefined && length !== byteLength) {
    throw new TypeError(
      "non-default length specified for non-extendable algorithm",
    );
  }
  return buffer;
}

function isKnown(name: string): name is DigestAlgorithmName {
  return DIGEST_ALGORITHM_NAMES.some((known) => known === name);
}

function isBuffer(value: unknown): value is BufferSource {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function isIterable(value: unknown): value is Iterable<BufferSource> {
  return typeof Object(value)[Symbol.iterator] === "function";
}

function isAsyncIterable(value: unknown): value is AsyncIterable<BufferSource> {
  return typeof Object(value)[Symbol.asyncIterator] === "function";
}

function bytesOf(chunk: unknown): Uint8Array {
  if (!isBuffer(chunk)) {
    throw new TypeError(
      "Cannot digest the data: A chunk is not ArrayBuffer nor ArrayBufferView",
    );
  }
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk);
}

/** Copies the methods of a platform object so that they work on their own. */
function bound<T extends object>(source: T): T {
  const copy = {} as T;
  for (const name of Reflect.ownKeys(Object.getPrototypeOf(source))) {
    const member: unknown = Reflect.get(source, name);
    if (name === "constructor" || typeof member !== "function") continue;
    Reflect.set(copy, name, member.bind(source));
  }
  return copy;
}

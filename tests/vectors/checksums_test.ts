import { assert, assertEquals } from "@std/assert";
import {
  awsChunked,
  awsChunkedLength,
  type AwsChunkedOptions,
  awsChunkedStream,
} from "../../src/foundation/aws_chunked.ts";
import {
  base64,
  fromBase64,
  hex,
  text,
  utf8,
} from "../../src/foundation/bytes.ts";
import {
  checksum,
  checksumToVerify,
  isChecksumAlgorithm,
  startChecksum,
} from "../../src/foundation/checksums.ts";
import { sha256 } from "../../src/foundation/digest.ts";
import type { ValidationCase } from "./checksum_cases.ts";
import { fromHex } from "./signing_cases.ts";
import { vectorTest } from "./suite.ts";

type Input =
  | { readonly text: string }
  | { readonly hex: string }
  | { readonly repeat: string; readonly times: number }
  | { readonly hexRepeat: string; readonly times: number };

interface ValuesCase {
  readonly input: Input;
  readonly length: number;
  readonly base64: Readonly<Record<string, string>>;
}

interface ChunkedCase {
  readonly body: Input;
  readonly chunkSize: number;
  readonly checksum: string | null;
  readonly wireBase64?: string;
  readonly wireSha256?: string;
  readonly wireLength: number;
  readonly wireTail?: string;
}

vectorTest<ValuesCase>({
  file: "checksums.json",
  section: "values",
  cases: (data) => (data as { values: ValuesCase[] }).values,
  name: ({ input }) => JSON.stringify(input).slice(0, 60),
  run: async (vector) => {
    const bytes = bytesOf(vector.input);

    assertEquals(bytes.length, vector.length);
    for (const [name, expected] of Object.entries(vector.base64)) {
      assert(isChecksumAlgorithm(name), name);
      const stream = await startChecksum(name);
      for (let start = 0; start < bytes.length; start += 1_000) {
        stream.update(bytes.subarray(start, start + 1_000));
      }
      assertEquals(await checksum(name, bytes), expected, name);
      assertEquals(base64(stream.digest()), expected, `${name} in pieces`);
    }
  },
});

vectorTest<ChunkedCase>({
  file: "checksums.json",
  section: "awsChunked",
  cases: (data) => (data as { awsChunked: ChunkedCase[] }).awsChunked,
  name: ({ body, chunkSize, checksum }) =>
    `${JSON.stringify(body).slice(0, 40)} by ${chunkSize}, ${checksum}`,
  run: async (vector) => {
    const bytes = bytesOf(vector.body);
    const options = optionsOf(vector);

    const whole = await awsChunked(bytes, options);
    const streamed = await new Response(
      awsChunkedStream(inPieces(bytes, 7_777), options),
    ).bytes();

    for (const wire of [whole, streamed]) await assertWire(wire, vector);
    assertEquals(awsChunkedLength(bytes.length, options), vector.wireLength);
  },
});

vectorTest<ValidationCase>({
  file: "checksums.json",
  section: "responseValidation",
  cases: (data) =>
    (data as { responseValidation: ValidationCase[] }).responseValidation,
  name: ({ name }) => name,
  run: async ({ headers, body, validated, error }) => {
    const chosen = checksumToVerify(headers);

    const matches = chosen === undefined ||
      chosen.value === await checksum(chosen.algorithm, utf8(body));
    assertEquals(matches, error === undefined);
    if (error === undefined) {
      assertEquals(chosen?.algorithm.toLowerCase() ?? null, validated);
    }
  },
});

// The list is one case: its order.
vectorTest<readonly string[]>({
  file: "checksums.json",
  section: "responsePriority",
  cases: (data) => [(data as { responsePriority: string[] }).responsePriority],
  name: () => "order",
  run: (order) => {
    const computable = order.filter((name) =>
      isChecksumAlgorithm(name.toUpperCase())
    );

    for (const [index, first] of computable.entries()) {
      const present = computable.slice(index).reverse().map((name) => [
        `x-amz-checksum-${name}`,
        name,
      ]);
      const chosen = checksumToVerify(Object.fromEntries(present));
      assertEquals(chosen?.value, first);
    }
    assertEquals(computable.length, 9);
  },
});

async function assertWire(
  wire: Uint8Array<ArrayBuffer>,
  { wireBase64, wireSha256, wireLength, wireTail = "" }: ChunkedCase,
): Promise<void> {
  assertEquals(wire.length, wireLength);
  if (wireBase64 !== undefined) {
    assertEquals(text(wire), text(fromBase64(wireBase64)));
    assertEquals(base64(wire), wireBase64);
  }
  if (wireSha256 !== undefined) {
    assertEquals(hex(await sha256(wire)), wireSha256);
  }
  assertEquals(text(wire).slice(-wireTail.length || Infinity), wireTail);
}

function optionsOf({ chunkSize, checksum }: ChunkedCase): AwsChunkedOptions {
  if (checksum === null) return { chunkSize };
  if (isChecksumAlgorithm(checksum)) return { chunkSize, algorithm: checksum };
  throw new Error(`there is no checksum ${checksum}`);
}

function bytesOf(input: Input): Uint8Array<ArrayBuffer> {
  if ("text" in input) return utf8(input.text);
  if ("hex" in input) return fromHex(input.hex);
  if ("repeat" in input) return utf8(input.repeat.repeat(input.times));
  return fromHex(input.hexRepeat.repeat(input.times));
}

function inPieces(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(pieces(bytes, size));
}

function* pieces(
  bytes: Uint8Array<ArrayBuffer>,
  size: number,
): Generator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

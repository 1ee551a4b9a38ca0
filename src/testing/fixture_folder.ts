/**
 * Exchanges as a folder: `1.request.http`, `1.response.http`, `2.request.http`
 * and so on; a body that is not text in `1.response.body`.
 *
 * @module
 */
import {
  type MessageFiles,
  type PlainRequest,
  type PlainResponse,
  readRequest,
  readResponse,
  writeRequest,
  writeResponse,
} from "./http_message.ts";

/** One request and the answer to it. */
export interface PlainExchange {
  /** The request. */
  readonly request: PlainRequest;
  /** The answer. */
  readonly response: PlainResponse;
}

/**
 * Reads the exchanges of a folder.
 *
 * @param folder Its path, or a `file:` URL.
 * @throws {SyntaxError} If a file is not as it should be, or there is none.
 */
export async function readFolder(
  folder: string | URL,
): Promise<readonly PlainExchange[]> {
  const exchanges: PlainExchange[] = [];
  for (let number = 1;; number++) {
    const request = await readFiles(folder, `${number}.request`);
    if (request === undefined) break;
    const response = await readFiles(folder, `${number}.response`);
    if (response === undefined) {
      throw new SyntaxError(
        `Cannot read the fixture "${folder}": ${number}.request.http is there and ${number}.response.http is missing`,
      );
    }
    exchanges.push({
      request: readRequest(request),
      response: readResponse(response),
    });
  }
  if (exchanges.length === 0) {
    throw new SyntaxError(
      `Cannot read the fixture "${folder}": 1.request.http is missing`,
    );
  }
  return exchanges;
}

/**
 * Writes exchanges to a folder, which is made where it is missing; those that
 * it held before are removed.
 *
 * @param folder Its path, or a `file:` URL.
 * @param exchanges What to write.
 */
export async function writeFolder(
  folder: string | URL,
  exchanges: readonly PlainExchange[],
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    if (/^\d+\.(?:request|response)\.(?:http|body)$/.test(name)) {
      await Deno.remove(inFolder(folder, name));
    }
  }
  for (const [index, { request, response }] of exchanges.entries()) {
    const number = index + 1;
    await writeFiles(folder, `${number}.request`, writeRequest(request));
    await writeFiles(folder, `${number}.response`, writeResponse(response));
  }
}

/** Path of a file in a folder; the folder may be a URL with or without a last slash. */
export function inFolder(folder: string | URL, name: string): string | URL {
  if (typeof folder === "string") return `${folder}/${name}`;
  return new URL(`${folder.href.replace(/\/$/, "")}/${name}`);
}

async function readFiles(
  folder: string | URL,
  name: string,
): Promise<MessageFiles | undefined> {
  const text = await present(
    Deno.readTextFile(inFolder(folder, `${name}.http`)),
  );
  if (text === undefined) return undefined;
  const body = await present(Deno.readFile(inFolder(folder, `${name}.body`)));
  return body === undefined ? { text } : { text, body };
}

async function writeFiles(
  folder: string | URL,
  name: string,
  { text, body }: MessageFiles,
): Promise<void> {
  await Deno.writeTextFile(inFolder(folder, `${name}.http`), text);
  if (body !== undefined) {
    await Deno.writeFile(inFolder(folder, `${name}.body`), body);
  }
}

async function present<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

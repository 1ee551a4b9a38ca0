/**
 * An HTTP server whose every step is scripted: what it reads, when it answers,
 * when it hangs up.
 *
 * @module
 */

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Header fields by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its body, without the framing of HTTP. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Its number on its connection, from 1. */
  readonly turn: number;
}

/** What is done with a request: an answer, `"close"` (hang up) or `"hang"`. */
export type WireAnswer =
  | "close"
  | "hang"
  | {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };

/** A running server. */
export interface WireServer extends AsyncDisposable {
  readonly origin: string;
  /** All requests so far. */
  readonly requests: readonly WireRequest[];
  /** Bytes of bodies that were read so far, also of unfinished requests. */
  readonly received: number;
}

/** How a server reads. */
export interface ReadPlan {
  /** Called before each read; the read waits for it. */
  readonly beforeRead?: (received: number) => Promise<void> | void;
}

/** Starts a server. */
export function wireServer(
  answer: (request: WireRequest) => WireAnswer | Promise<WireAnswer>,
  plan: ReadPlan = {},
): WireServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: WireRequest[] = [];
  const open = new Set<Deno.TcpConn>();
  const state = { received: 0 };
  const serve = async (connection: Deno.TcpConn): Promise<void> => {
    const input = new Input(connection, async (length) => {
      state.received += length;
      await plan.beforeRead?.(state.received);
    });
    for (let turn = 1;; turn++) {
      const head = await input.head();
      if (head === undefined) break;
      const body = await input.body(head.headers);
      if (body === undefined) break;
      const request = { ...head, body, turn };
      requests.push(request);
      const reply = await answer(request);
      if (reply === "close") break;
      if (reply === "hang") return await input.drain();
      await writeAll(connection, responseText(reply, head.method));
    }
    connection.close();
    open.delete(connection);
  };
  const serving = (async () => {
    const ends: Promise<void>[] = [];
    for await (const connection of listener) {
      open.add(connection);
      ends.push(serve(connection).catch(() => {}));
    }
    await Promise.all(ends);
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    get received() {
      return state.received;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // It is closed already.
        }
      }
      await serving;
    },
  };
}

function responseText(
  { status = 200, headers = {}, body = "" }: Exclude<WireAnswer, string>,
  method: string,
): string {
  const fields = { "content-length": `${body.length}`, ...headers };
  const lines = Object.entries(fields).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return `HTTP/1.1 ${status} X\r\n${lines.join("")}\r\n${
    method === "HEAD" ? "" : body
  }`;
}

async function writeAll(
  connection: Deno.TcpConn,
  text: string,
): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    bytes = bytes.subarray(await connection.write(bytes));
  }
}

/** What comes over a connection. */
class Input {
  readonly #connection: Deno.TcpConn;
  readonly #read: (length: number) => Promise<void>;
  #rest = new Uint8Array();

  constructor(
    connection: Deno.TcpConn,
    read: (length: number) => Promise<void>,
  ) {
    this.#connection = connection;
    this.#read = read;
  }

  async head(): Promise<
    Pick<WireRequest, "headers" | "method" | "target"> | undefined
  > {
    const end = new TextEncoder().encode("\r\n\r\n");
    let at = indexOf(this.#rest, end);
    while (at < 0) {
      if (!await this.#more()) return undefined;
      at = indexOf(this.#rest, end);
    }
    const [start = "", ...fields] = new TextDecoder("latin1").decode(
      this.#take(at + end.length),
    ).trimEnd().split("\r\n");
    const [method = "", target = ""] = start.split(" ");
    const headers = Object.fromEntries(fields.map((field) => {
      const colon = field.indexOf(":");
      return [
        field.slice(0, colon).toLowerCase(),
        field.slice(colon + 1).trim(),
      ];
    }));
    return { method, target, headers };
  }

  async body(
    headers: Readonly<Record<string, string>>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (headers["transfer-encoding"] !== "chunked") {
      return await this.#bytes(Number(headers["content-length"] ?? 0));
    }
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const line = await this.#line();
      if (line === undefined) return undefined;
      const piece = await this.#bytes(parseInt(line, 16));
      if (piece === undefined || await this.#line() === undefined) {
        return undefined;
      }
      if (piece.length === 0) break;
      pieces.push(piece);
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  async drain(): Promise<void> {
    while (await this.#more()) this.#rest = new Uint8Array();
  }

  async #line(): Promise<string | undefined> {
    const end = new TextEncoder().encode("\r\n");
    let at = indexOf(this.#rest, end);
    while (at < 0) {
      if (!await this.#more()) return undefined;
      at = indexOf(this.#rest, end);
    }
    return new TextDecoder().decode(this.#take(at + 2).subarray(0, at));
  }

  async #bytes(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#rest.length === 0 && !await this.#more()) return undefined;
      const piece = this.#take(Math.min(length - filled, this.#rest.length));
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #more(): Promise<boolean> {
    const room = new Uint8Array(65_536);
    const length = await this.#connection.read(room);
    if (length === null) return false;
    await this.#read(length);
    const joined = new Uint8Array(this.#rest.length + length);
    joined.set(this.#rest);
    joined.set(room.subarray(0, length), this.#rest.length);
    this.#rest = joined;
    return true;
  }
}

function indexOf(bytes: Uint8Array, sought: Uint8Array): number {
  for (let at = 0; at + sought.length <= bytes.length; at++) {
    if (sought.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/**
 * Chromium without a window, driven by the DevTools protocol over a plain
 * WebSocket, and what a page in it needs: an origin that serves files, and
 * modules bundled for browsers. Needs `--allow-run`, `--allow-read`,
 * `--allow-write` and `--allow-net=127.0.0.1`.
 *
 * @example Library code in a page
 * ```ts
 * import { browserModule, Chromium, Origin } from "./chromium.ts";
 *
 * await using chromium = await Chromium.start();
 * await using site = Origin.serve({
 *   "/": "<!doctype html>",
 *   "/signing.js": await browserModule("src/signing/mod.ts"),
 * });
 * const names = await (await chromium?.open(site.url("/")))?.evaluate(
 *   `import("/signing.js").then((parts) => Object.keys(parts))`,
 * );
 * ```
 *
 * Source: the DevTools protocol, domains Target and Runtime.
 *
 * @module
 */

/** Programs that are Chromium, the smallest first. */
const PROGRAMS = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
];

/** How long a start or an evaluation may take, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A message of the protocol, in either direction. */
interface Message {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A Chromium that listens. */
interface Running {
  readonly process: Deno.ChildProcess;
  readonly socket: WebSocket;
  /** Where it keeps its files. */
  readonly folder: string;
  readonly version: string;
}

/** A browser that runs. */
export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #folder: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<Message>>();
  #messages = 0;

  /** What the program says its version is. */
  readonly version: string;

  /** @param running The program, as {@linkcode Chromium.start} starts it. */
  constructor({ process, socket, folder, version }: Running) {
    this.#process = process;
    this.#socket = socket;
    this.#folder = folder;
    this.version = version;
    socket.addEventListener("message", ({ data }) => {
      const message: Message = JSON.parse(data);
      if (message.id === undefined) return;
      this.#waiting.get(message.id)?.resolve(message);
      this.#waiting.delete(message.id);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error("Chromium has closed the connection"));
      }
      this.#waiting.clear();
    });
  }

  /** Whether one is installed. */
  static async isInstalled(): Promise<boolean> {
    return await installed() !== undefined;
  }

  /** Starts the first Chromium that is installed; `undefined` if none is. */
  static async start(): Promise<Chromium | undefined> {
    const found = await installed();
    return found && await start(...found);
  }

  /** Opens a page and waits until it is loaded. */
  async open(url: string): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url });
    const { sessionId } = await this.send("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const page = new Page(this, String(sessionId));
    const loaded = await page.evaluate(`new Promise((resolve) => {
      const look = () => location.href !== "about:blank" &&
        document.readyState === "complete" ? resolve(location.href) : setTimeout(look, 10);
      look();
    })`);
    if (String(loaded).startsWith("chrome-error:")) {
      throw new Error(`Chromium cannot open ${url}`);
    }
    return page;
  }

  /** Sends a command and returns its result. */
  async send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#messages;
    const waiting = Promise.withResolvers<Message>();
    this.#waiting.set(id, waiting);
    const timer = setTimeout(
      () => waiting.reject(new Error(`Chromium does not answer ${method}`)),
      PATIENCE_MS,
    );
    try {
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
      const { result = {}, error } = await waiting.promise;
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the browser and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#socket, this.#process, this.#folder);
  }
}

/** A page of a {@linkcode Chromium}. */
export class Page {
  readonly #chromium: Chromium;
  readonly #sessionId: string;

  constructor(chromium: Chromium, sessionId: string) {
    this.#chromium = chromium;
    this.#sessionId = sessionId;
  }

  /**
   * Evaluates an expression in the page, waits for it if it is a promise, and
   * returns its value, which must be JSON.
   *
   * @throws {Error} What the page has thrown, with its stack.
   */
  async evaluate(expression: string): Promise<unknown> {
    for (;;) {
      try {
        return await this.#evaluate(expression);
      } catch (error) {
        // A page that is just being loaded takes its world with it.
        if (!/context was destroyed|navigated or closed/.test(String(error))) {
          throw error;
        }
      }
    }
  }

  async #evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#chromium.send(
      "Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true },
      this.#sessionId,
    ) as {
      readonly result?: { readonly value?: unknown };
      readonly exceptionDetails?: {
        readonly text: string;
        readonly exception?: { readonly description?: string };
      };
    };
    if (exceptionDetails !== undefined) {
      const { text, exception } = exceptionDetails;
      throw new Error(`In the page: ${exception?.description ?? text}`);
    }
    return result?.value;
  }
}

/** Files by path that are served on a port of the loopback interface. */
export class Origin implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(server: Deno.HttpServer<Deno.NetAddr>) {
    this.#server = server;
  }

  /** Serves files; what a path ends with gives their type, HTML if nothing. */
  static serve(files: Readonly<Record<string, string>>): Origin {
    return new Origin(
      Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        ({ url }) => {
          const { pathname } = new URL(url);
          const file = files[pathname];
          return file === undefined
            ? new Response("not found", { status: 404 })
            : new Response(file, {
              headers: {
                "content-type": pathname.endsWith(".js")
                  ? "text/javascript"
                  : "text/html; charset=utf-8",
              },
            });
        },
      ),
    );
  }

  /** The URL of a path. */
  url(path: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}${path}`;
  }

  /** Stops serving. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/**
 * A module and all that it imports as one JavaScript module for browsers.
 *
 * @param path Path of the module, relative to the repository.
 */
export async function browserModule(path: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: ["bundle", "--quiet", "--platform=browser", path],
    cwd: new URL("..", import.meta.url),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function installed(): Promise<
  readonly [program: string, version: string] | undefined
> {
  for (const program of PROGRAMS) {
    const version = await versionOf(program);
    if (version !== undefined) return [program, version];
  }
  return undefined;
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: ["--version"],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

async function start(program: string, version: string): Promise<Chromium> {
  const folder = await Deno.makeTempDir({ prefix: "inia-chromium-" });
  const process = new Deno.Command(program, {
    args: [
      "--headless",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder}`,
      // Containers run tests as root, without the sandbox's system calls.
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const port = await portOf(folder, process);
  const [number = "", path = ""] = port.split("\n");
  const socket = new WebSocket(`ws://127.0.0.1:${number}${path}`);
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener(
    "error",
    () => opened.reject(new Error("Chromium refuses the connection")),
  );
  await opened.promise;
  return new Chromium({ process, socket, folder, version });
}

/** The port and the path of its socket, which it writes into its folder. */
async function portOf(
  folder: string,
  process: Deno.ChildProcess,
): Promise<string> {
  let ended = false;
  void process.status.then(() => ended = true);
  const until = Date.now() + PATIENCE_MS;
  while (!ended && Date.now() < until) {
    try {
      const text = await Deno.readTextFile(`${folder}/DevToolsActivePort`);
      if (text.includes("\n/")) return text;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (!ended) process.kill();
  throw new Error("Chromium does not start");
}

async function end(
  socket: WebSocket,
  process: Deno.ChildProcess,
  folder: string,
): Promise<void> {
  const closed = Promise.withResolvers<void>();
  socket.addEventListener("close", () => closed.resolve());
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ id: 0, method: "Browser.close" }));
    await closed.promise;
  }
  await process.status;
  await Deno.remove(folder, { recursive: true });
}

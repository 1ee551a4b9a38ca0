/** The command line, in a process of its own or in this one. */
import type { HttpMethod, HttpRequest } from "../../src/ports/mod.ts";
import { Session } from "../../mod.ts";
import { type CliIo, main } from "../../src/cli/mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";
import { LocalAws } from "../../src/testing/mod.ts";

export const KEY = "AKIAIOSFODNN7EXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/** What a command printed, and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process, with terminal and pipes of its own. */
export async function inProcess(
  args: readonly string[],
  own: Partial<CliIo> = {},
): Promise<CliResult> {
  const decoder = new TextDecoder();
  let out = "";
  let err = "";
  const code = await main(args, {
    write: (bytes) => {
      out += decoder.decode(bytes);
      return Promise.resolve();
    },
    writeError: (text) => {
      err += text;
      return Promise.resolve();
    },
    stdin: new Blob([]).stream(),
    isTerminal: false,
    columns: () => 80,
    signal: new AbortController().signal,
    ...own,
  });
  return { code, out, err };
}

/** Holds a request back until the server closes, or answers it; `false`: it goes on. */
export type Hold = (
  request: HttpRequest,
) => Response | boolean | Promise<Response | boolean>;

/** A server, a folder, and commands that call the one and read the other. */
export interface CliPlace extends AsyncDisposable {
  /** A folder that is removed in the end. */
  readonly root: string;
  readonly s3: S3;
  /** Requests that are held back. */
  readonly held: string[];
  /** All that commands have printed. */
  readonly printed: string[];
  /** Starts a command under the flags that its help prints. */
  start(args: readonly string[]): Promise<Deno.ChildProcess>;
  /** Runs a command, with a text as its standard input. */
  run(args: readonly string[], input?: string): Promise<CliResult>;
}

const CLI = new URL("../../src/cli/mod.ts", import.meta.url).pathname;

/** Makes a server with the bucket `photos`. */
export async function cliPlace(hold: Hold = () => false): Promise<CliPlace> {
  const local = new LocalAws();
  const transport = local.transport();
  const closing = new AbortController();
  const waiting: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const sent = await received(request);
      const held = await hold(sent);
      if (held instanceof Response) return held;
      if (held) {
        waiting.push(`${sent.method} ${sent.path}`);
        await new Promise<void>((done) => {
          closing.signal.addEventListener("abort", () => done());
        });
        return new Response(null, { status: 500 });
      }
      const { status, headers, body } = await transport.send(sent);
      const bytes = await body?.bytes() ?? new Uint8Array();
      const isEmpty = bytes.length === 0 || sent.method === "HEAD";
      return new Response(isEmpty ? null : bytes, {
        status,
        headers: { ...headers },
      });
    },
  );
  const endpointUrl = `http://127.0.0.1:${server.addr.port}`;
  const session = new Session({ ...local.clientConfig, transport });
  const s3 = session.client(S3);
  await s3.createBucket({ Bucket: "photos" });
  const root = await Deno.makeTempDir();
  const printed: string[] = [];
  const start = async (args: readonly string[]): Promise<Deno.ChildProcess> => {
    const [verb = ""] = args;
    const { out } = await inProcess([verb, "--help"]);
    const [, flags = ""] = /^ {2}deno run (-.*)$/m.exec(out) ?? [];
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-check",
        "--quiet",
        ...flags.split(" ").map((flag) =>
          flag.replace("$HOME/.aws", `${root}/.aws`).replace("PATH", root)
        ).filter((flag) => flag !== ""),
        CLI,
        ...args,
      ],
      cwd: root,
      env: {
        AWS_ACCESS_KEY_ID: KEY,
        AWS_SECRET_ACCESS_KEY: SECRET,
        AWS_SESSION_TOKEN: "",
        AWS_REGION: "us-east-1",
        AWS_ENDPOINT_URL: endpointUrl,
        AWS_CA_BUNDLE: "",
        AWS_CONFIG_FILE: `${root}/.aws/config`,
        AWS_SHARED_CREDENTIALS_FILE: `${root}/.aws/credentials`,
        AWS_EC2_METADATA_DISABLED: "true",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  };
  return {
    root,
    s3,
    held: waiting,
    printed,
    start,
    run: async (args, input = "") => {
      const child = await start(args);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
      const result = await ended(child);
      printed.push(result.out, result.err);
      return result;
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await server.shutdown();
      session[Symbol.dispose]();
      await local[Symbol.asyncDispose]();
      await Deno.remove(root, { recursive: true });
    },
  };
}

/** What a process printed, once it has ended. */
export async function ended(child: Deno.ChildProcess): Promise<CliResult> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function received(request: Request): Promise<HttpRequest> {
  const url = request.url;
  const target = url.slice(url.indexOf("/", "http://".length));
  const [path = "", query = ""] = target.split("?");
  // A command that is interrupted takes its request with it.
  const body = await request.bytes().catch(() => new Uint8Array());
  return {
    method: request.method as HttpMethod,
    origin: new URL(url).origin,
    path,
    query: query === "" ? [] : query.split("&").map((pair) => {
      const [name = "", value = ""] = pair.split("=").map(decodeURIComponent);
      return [name, value] as const;
    }),
    headers: Object.fromEntries(request.headers),
    body: body.length === 0 ? undefined : body,
  };
}

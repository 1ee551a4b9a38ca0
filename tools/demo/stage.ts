/**
 * Where the demo plays: at a server of its own, or at the endpoint named on the
 * command line.
 *
 * @module
 */
import { Session } from "@inia/aws";
import { LocalAws } from "@inia/aws/testing";

/** Everything that the story needs to know. */
export interface Stage extends AsyncDisposable {
  /** Where it plays, in words. */
  readonly name: string;
  /** Whether it is the server of the demo, which does all that the story asks. */
  readonly local: boolean;
  /** Where the services are. */
  readonly endpointUrl: string;
  /** Region of the bucket. */
  readonly region: string;
  /** Who plays. */
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Name of the bucket that is made. */
  readonly bucket: string;
  /** Role to assume. Default: one named `demo` in the caller's account. */
  readonly role: string | undefined;
}

/** Where the story writes its config file; removed at the end. */
export const CONFIG_FOLDER = ".demo";

/** The config file of the story. */
export const CONFIG_FILE = `${CONFIG_FOLDER}/config`;

/** The options of the command line, and what they are. */
const OPTIONS: Readonly<Record<string, string>> = {
  "endpoint": "URL of a server to play at instead of the demo's own",
  "profile": "profile whose credentials are used; default: the usual search",
  "access-key": "access key id, instead of a profile",
  "secret-key": "secret access key that belongs to it",
  "session-token": "token that belongs to it",
  "region": "region of the bucket; default: us-east-1",
  "bucket-prefix": "how the bucket's name begins; default: app1-transcoder-out",
  "role": "ARN of a role to assume; default: role/demo of the caller's account",
};

/** The options in words. */
export const USAGE: string = [
  "deno task demo [--endpoint URL ...]",
  ...Object.entries(OPTIONS).map(([name, text]) =>
    `  --${name.padEnd(14)} ${text}`
  ),
].join("\n");

/**
 * Sets the stage.
 *
 * @param args The arguments of the command line.
 * @throws {SyntaxError} If they are not as they should be.
 */
export async function setStage(args: readonly string[]): Promise<Stage> {
  const options = readOptions(args);
  const prefix = options.get("bucket-prefix") ?? "app1-transcoder-out";
  const scene = {
    bucket: `${prefix}-${crypto.randomUUID().slice(0, 8)}`,
    role: options.get("role"),
    region: options.get("region") ?? "us-east-1",
  };
  const endpointUrl = options.get("endpoint");
  if (endpointUrl === undefined) {
    leaveFilesOfMachine();
    const server = await LocalAws.start({ region: scene.region });
    return {
      ...scene,
      ...server.clientConfig,
      name: `a small S3 and STS of its own, at ${server.endpointUrl}`,
      local: true,
      [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
    };
  }
  const credentials = await findCredentials(options);
  leaveFilesOfMachine();
  return {
    ...scene,
    name: endpointUrl,
    local: false,
    endpointUrl,
    credentials,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** From here on the machine's own config files have no say in the story. */
function leaveFilesOfMachine(): void {
  Deno.env.set("AWS_CONFIG_FILE", CONFIG_FILE);
  Deno.env.set("AWS_SHARED_CREDENTIALS_FILE", `${CONFIG_FOLDER}/credentials`);
}

async function findCredentials(
  options: ReadonlyMap<string, string>,
): Promise<Stage["credentials"]> {
  const accessKeyId = options.get("access-key");
  const secretAccessKey = options.get("secret-key");
  const sessionToken = options.get("session-token");
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return {
      accessKeyId,
      secretAccessKey,
      ...sessionToken === undefined ? {} : { sessionToken },
    };
  }
  if (accessKeyId !== undefined || secretAccessKey !== undefined) {
    throw new SyntaxError("--access-key and --secret-key go together");
  }
  const profile = options.get("profile");
  using session = new Session(profile === undefined ? {} : { profile });
  return await session.credentials();
}

function readOptions(args: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at < args.length; at += 2) {
    const [flag = "", value] = args.slice(at, at + 2);
    const name = flag.replace(/^--/, "");
    if (!flag.startsWith("--") || !Object.hasOwn(OPTIONS, name)) {
      throw new SyntaxError(`There is no option "${flag}"`);
    }
    if (value === undefined) throw new SyntaxError(`${flag} needs a value`);
    options.set(name, value);
  }
  return options;
}

/**
 * A connection to S3 in the manner of boto 2.
 *
 * @module
 */
import {
  attachMetadata,
  ConfigError,
  PartialCredentialsError,
  ServiceError,
} from "../foundation/errors.ts";
import {
  CALL_OPTION_KINDS,
  checkOptions,
  type OptionKinds,
  unknownOption,
} from "../foundation/options.ts";
import type { CallOptions } from "../ports/caller.ts";
import { clientOptionNames } from "../session/options.ts";
import {
  requireBucket,
  S3,
  type S3Config,
  statBucket,
} from "../services/s3/mod.ts";
import { Session } from "../session/session.ts";
import { Bucket } from "./bucket.ts";

/** What may be said about a connection, beside its key. */
export interface ConnectS3Options extends Omit<S3Config, "credentials"> {
  /** Token of temporary credentials. */
  readonly sessionToken?: string;
  /** The session to use. It stays yours. Default: one of the connection's own. */
  readonly session?: Session;
}

/** What may be said about getting a bucket. */
export interface GetBucketOptions extends CallOptions {
  /** Whether to ask whether it is there, with a HEAD request. Default: `true`. */
  readonly validate?: boolean;
}

const GET_OPTIONS: OptionKinds<GetBucketOptions> = {
  ...CALL_OPTION_KINDS,
  validate: "boolean",
};

/** Arguments of `boto.connect_s3`, and how they are said here. */
const OF_BOTO2: ReadonlyMap<string, string> = new Map(Object.entries({
  security_token: "sessionToken",
  profile_name: "session: new Session({ profile })",
  anon: 'session: new Session({ credentials: "anonymous" })',
  credentials:
    "the arguments accessKeyId and secretAccessKey, or session: new Session({ credentials })",
  host: 'endpointUrl, as in "https://storage.example.com"',
  port: 'endpointUrl, as in "http://localhost:8080"',
  is_secure: "the scheme of endpointUrl",
  path: "endpointUrl",
  calling_format: 'addressingStyle, "path" or "virtual"',
  validate_certs: "caCerts",
  proxy_port: "proxy, one URL",
  proxy_user: "proxy, one URL",
  proxy_pass: "proxy, one URL",
  https_connection_factory: "session: new Session({ transport })",
  debug: "setStreamLogger of @inia/aws/logging",
}));

/**
 * Connects to S3, as `boto.connect_s3` does. Nothing is sent.
 *
 * @param accessKeyId Public part of the key. Default: the credential chain.
 * @param secretAccessKey Secret part of the key.
 * @param options What differs from the defaults.
 * @throws {PartialCredentialsError} If one half of the key is missing.
 *
 * @example Read an object
 * ```ts ignore
 * import { connectS3, MemoryFile } from "@inia/aws/boto2";
 *
 * using connection = connectS3(accessKeyId, secretAccessKey);
 * const bucket = await connection.getBucket("videos");
 * const key = await bucket.getKey("HLS/sample.m3u8");
 * if (key === null) throw new Error("no such video");
 * const file = new MemoryFile();
 * await key.getContentsToFile(file);
 * console.log(file.text());
 * ```
 */
export function connectS3(
  accessKeyId?: string,
  secretAccessKey?: string,
  options: ConnectS3Options = {},
): S3Connection {
  checkConnect(options);
  const { sessionToken, session, ...config } = options;
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    return new S3Connection(config, session);
  }
  if (!accessKeyId || !secretAccessKey) {
    const [missing, place] = accessKeyId ? ["secret", "2"] : ["id", "1"];
    throw new PartialCredentialsError(
      "connectS3",
      `the ${missing} of the key is missing; it is argument ${place}`,
    );
  }
  const key = { accessKeyId, secretAccessKey };
  const credentials = sessionToken === undefined
    ? key
    : { ...key, sessionToken };
  return new S3Connection({ ...config, credentials }, session);
}

/** What is not said by the client, which checks the other options. */
function checkConnect(options: object): void {
  const own = { sessionToken: "text", session: "object" } as const;
  for (const [name, value] of Object.entries(options)) {
    const meant = OF_BOTO2.get(name);
    if (meant !== undefined) {
      throw new ConfigError(
        "UnknownOption",
        `Cannot call connectS3 with the option "${name}": here it is ${meant}`,
      );
    }
    const known = [...Object.keys(own), ...clientOptionNames(S3.service)];
    if (!known.includes(name)) {
      throw unknownOption("call connectS3", name, known);
    }
    if (Object.hasOwn(own, name)) {
      checkOptions("call connectS3", { [name]: value }, own);
    }
  }
}

/** A connection to S3. */
export class S3Connection implements Disposable {
  /** The client that makes the calls, for all that boto 2 does not have. */
  readonly client: S3;

  readonly #own: Session | undefined;

  /**
   * Makes a connection. Most programs use {@linkcode connectS3} instead.
   *
   * @param config Settings of its client.
   * @param session The session to use. Default: one of its own.
   */
  constructor(config: S3Config, session?: Session) {
    if (session !== undefined && !(session instanceof Session)) {
      throw new ConfigError(
        "InvalidOption",
        "Cannot connect to S3: the session must be a Session of @inia/aws",
      );
    }
    const used = session ?? new Session();
    this.#own = used === session ? undefined : used;
    this.client = used.client(S3, config);
  }

  /**
   * Gets a bucket.
   *
   * @param name Its name.
   * @param options Whether to ask whether it is there.
   * @throws {ServiceError} `NoSuchBucket`, or `AccessDenied` if it may not be
   * listed, as boto 2 says it.
   */
  async getBucket(
    name: string,
    options: GetBucketOptions = {},
  ): Promise<Bucket> {
    checkOptions("call getBucket", options, GET_OPTIONS);
    const { validate = true, ...calling } = options;
    if (validate) {
      await coded(requireBucket(this.client, { Bucket: name }, calling));
    }
    return new Bucket(this.client, name);
  }

  /**
   * Looks for a bucket.
   *
   * @param name Its name.
   * @param options What differs for the call.
   * @returns The bucket; `null` where there is none.
   * @throws {ServiceError} `AccessDenied`, if it may not be listed.
   */
  async lookup(name: string, options?: CallOptions): Promise<Bucket | null> {
    const facts = await coded(
      statBucket(this.client, { Bucket: name }, options),
    );
    return facts === null ? null : new Bucket(this.client, name);
  }

  /** Gets all buckets of the account. */
  async getAllBuckets(options?: CallOptions): Promise<Bucket[]> {
    const buckets = await Array.fromAsync(
      this.client.listBucketsItems({}, options),
    );
    return buckets.map(({ Name }) => new Bucket(this.client, Name));
  }

  /**
   * Makes a bucket.
   *
   * @param name Its name.
   * @param location Region it is to be in. Default: `us-east-1`.
   * @param options What differs for the call.
   */
  async createBucket(
    name: string,
    location?: string,
    options?: CallOptions,
  ): Promise<Bucket> {
    await this.client.createBucket({
      Bucket: name,
      ...location === undefined ? {} : {
        CreateBucketConfiguration: { LocationConstraint: location },
      },
    }, options);
    return new Bucket(this.client, name);
  }

  /** Deletes a bucket, which must be empty. */
  async deleteBucket(name: string, options?: CallOptions): Promise<void> {
    await this.client.deleteBucket({ Bucket: name }, options);
  }

  /** Closes the connections, unless the session is yours. */
  [Symbol.dispose](): void {
    this.#own?.[Symbol.dispose]();
  }
}

/** The codes that boto 2 gives to answers without a body. */
const CODES: Readonly<Record<number, string>> = {
  403: "AccessDenied",
  404: "NoSuchBucket",
};

async function coded<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const code = CODES[error.status];
    if (code === undefined || error.code !== `${error.status}`) throw error;
    const told = new ServiceError(error.reason, { ...error.detail, code });
    if (error.ResponseMetadata) attachMetadata(told, error.ResponseMetadata);
    throw told;
  }
}

/**
 * The ports that make a call: what a service client is built on.
 *
 * @module
 */
import type { Clock, WritableFiles } from "./system.ts";
import type { ClientConfig } from "./config.ts";
import type { HeaderMap, HttpMethod } from "./http.ts";
import type { Logger } from "./telemetry.ts";
import type { Operation } from "./schema.ts";
import type { SigningScope } from "./credentials.ts";

/** What a call can have of its own in place of its client's. */
export interface CallOverrides {
  /** Region of this call. Default: the client's. */
  readonly region?: string;
  /** Who makes this call. Default: the client's credentials. */
  readonly credentials?: NonNullable<ClientConfig["credentials"]>;
  /**
   * Retry behaviour of this call; what it leaves out is the client's. Calls that
   * say the same share a quota. Default: the client's.
   */
  readonly retry?: NonNullable<ClientConfig["retry"]>;
}

/** What one call adds to its request, for what no parameter stands for. */
export interface CustomFields {
  /**
   * Header fields by name, signed with the others. A field that the signature,
   * the library or a parameter of the operation sets is refused with a
   * `ConfigError`. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Query parameters by name, not yet percent-encoded, signed with the others
   * and refused in the same cases. Default: none.
   */
  readonly query?: Readonly<Record<string, string>>;
}

/** What you may say about one call. */
export interface CallOptions extends CallOverrides, CustomFields {
  /** Ends the call early, also while it waits for a retry. */
  readonly signal?: AbortSignal;
  /** Longest time to reach the server, in milliseconds. Default: the client's. */
  readonly connectTimeoutMs?: number;
  /** Longest silence of the server, in milliseconds. Default: the client's. */
  readonly readTimeoutMs?: number;
  /** Longest time of one attempt, in milliseconds. Default: the client's. */
  readonly attemptTimeoutMs?: number;
  /** Longest time of the whole call, waits included, in milliseconds. Default: the client's. */
  readonly totalTimeoutMs?: number;
  /**
   * Is told how many bytes of the request's body have left, in steps of 64 KiB or
   * more; 0 when an attempt begins. Default: nobody is told.
   */
  readonly onSent?: (bytes: number) => void;
  /** Longest wait for a connection where `maxConnections` is reached, in milliseconds. Default: the client's. */
  readonly queueTimeoutMs?: number;
}

/**
 * Makes one typed call.
 *
 * @typeParam Input Type of the operation's parameters.
 * @typeParam Output Type of the operation's result.
 */
export type Caller = <Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  options?: CallOptions,
) => Promise<Output>;

/** What you may say about a presigned URL. */
export interface PresignOptions
  extends Pick<CallOverrides, "credentials" | "region">, CustomFields {
  /** Life of the URL, in seconds, 1 to 604 800 (seven days). Default: 3 600. */
  readonly expiresInSeconds?: number;
  /** Method to sign instead of the operation's own. */
  readonly method?: HttpMethod;
  /**
   * Whether the URL may end earlier than asked because the credentials do.
   * Default: `false`, which makes that an error.
   */
  readonly allowShorter?: boolean;
  /** Ends the search for credentials early. */
  readonly signal?: AbortSignal;
}

/** A request that carries its own signature, for someone else to send. */
export interface PresignedRequest {
  /** The URL, signature included. Handle it like a password until it expires. */
  readonly url: string;
  /** The method to use. */
  readonly method: HttpMethod;
  /** Header fields that are signed and so must be sent as they are; `host` aside. */
  readonly headers: HeaderMap;
  /** The true end: the asked life, or that of the credentials if it ends first. */
  readonly expiresAt: Date;
}

/**
 * Makes a presigned request, without sending anything.
 *
 * @typeParam Input Type of the operation's parameters.
 */
export type Presigner = <Input>(
  operation: Operation<Input, unknown>,
  input: Input,
  options?: PresignOptions,
) => Promise<PresignedRequest>;

/** Where a text goes that stands for a request, and who signs it. */
export interface PresignContext {
  /** Where a call of the operation would go, without its query. */
  readonly url: string;
  /** What the signature is bound to. */
  readonly scope: SigningScope;
  /** Who signs. Absent: the client is anonymous. */
  readonly signer?: TextSigner;
}

/** Someone who signs texts. */
export interface TextSigner {
  /** Public part of the key. */
  readonly accessKeyId: string;
  /** Present on temporary credentials. */
  readonly sessionToken?: string;
  /** When the credentials stop working. Absent: they do not. */
  readonly expiration?: Date;
  /** Signs a text as it is; the signature is in hexadecimal. */
  sign(text: string): Promise<string>;
}

/**
 * Finds out where and by whom a text is to be signed, in place of a call.
 *
 * @typeParam Input Type of the operation's parameters.
 */
export type PresignContextFinder = <Input, Output>(
  operation: Operation<Input, Output>,
  input: Input,
  options?: Pick<CallOptions, "signal">,
) => Promise<PresignContext>;

/** All that a service client needs. */
export interface ClientCore {
  /** Makes one typed call. */
  readonly call: Caller;
  /** Makes a presigned URL. */
  readonly presign: Presigner;
  /** Prepares the signature of a text. Absent: texts cannot be signed. */
  readonly presignContext?: PresignContextFinder;
  /** Time, for the waits of waiters. */
  readonly clock: Clock;
  /** The machine's files, for transfers. Absent: there are none to be had. */
  readonly files?: WritableFiles;
  /**
   * Whether requests carry the checksums that the service's model offers, as
   * they do to Amazon's own hosts. Absent: they do not.
   */
  readonly checksums?: () => Promise<boolean>;
  /** Makes ids that no one else has. Absent: `crypto.randomUUID` does. */
  readonly uuid?: () => string;
  /** The client's settings, those of its service among them. Absent: there are none. */
  readonly settings?: () => Promise<ClientConfig>;
  /** What happens on the way is told to it. Absent: to nobody. */
  readonly logger?: Logger;
  /** Gives up what only this client has; nothing is called afterwards. Absent: it has nothing. */
  readonly [Symbol.dispose]?: () => void;
}

/**
 * The facts of a service, as the session sees them.
 *
 * @module
 */
import type { ServiceError } from "../foundation/errors.ts";
import type { Caller, ClientCore } from "./caller.ts";
import type { ClientConfig, Setting } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import type { Endpoint, EndpointQuery } from "./endpoint.ts";
import type { ParsedResponse, Protocol } from "./protocol.ts";
import type { RegionMemory } from "./recovery.ts";
import type { Operation } from "./schema.ts";

/**
 * Facts of a service that all its calls share.
 *
 * @typeParam Config Settings of its clients.
 */
export interface ServiceDefinition<Config extends ClientConfig = ClientConfig> {
  /** Short name, for example `"s3"`; also part of `AWS_ENDPOINT_URL_S3`. */
  readonly id: string;
  /** Loads how its messages are written: with the first call, not with the client. */
  readonly protocol: () => Promise<Protocol>;
  /** Where its requests go. */
  endpoint(query: EndpointQuery<Config>): Endpoint;
  /**
   * What inputs need before they are written (S3: key digests, url-encoded
   * lists). The given input is unchanged.
   */
  readonly amend?: <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    settings: Pick<ClientConfig, "endpointUrl" | "region">,
  ) => Input | Promise<Input>;
  /**
   * What outputs need after they are read (S3: undoes the url-encoding that
   * {@linkcode amend} asked for). Gets the input as the caller gave it.
   */
  readonly amendOutput?: <Input, Output>(
    operation: Operation<Input, Output>,
    input: Input,
    output: ParsedResponse<Output>["output"],
  ) => ParsedResponse<Output>["output"];
  /**
   * What the caller should know about a refusal that the service does not explain
   * (S3: answers to HEAD have no body).
   */
  readonly hint?: (
    operation: { readonly name: string; readonly method: string },
    error: ServiceError,
  ) => string | undefined;
  /**
   * Makes a client's memory of where things are (S3: buckets), where the
   * service tells of another region. It may make calls of its own.
   *
   * @param call Makes these calls.
   * @param known What all clients of the session know, by name.
   */
  readonly regions?: (
    call: Caller,
    known: Map<string, string>,
  ) => RegionMemory;
  /**
   * Opens a session, where some endpoints ask for one (S3: directory buckets).
   *
   * @param call Makes the call that opens it, with the caller's own credentials.
   * @param name What it is opened for.
   * @param signal Ends the call early.
   */
  readonly openSession?: (
    call: Caller,
    name: string,
    signal?: AbortSignal,
  ) => Promise<Credentials>;
  /** The settings that only its clients have; a row replaces the general one of its name. */
  readonly settings: readonly Setting<unknown>[];
  /** Whether it can be called without a region (S3, STS: their global hosts). */
  readonly regionless?: true;
}

/**
 * A generated client class, as the session sees it.
 *
 * @typeParam Client Type of the instances.
 * @typeParam Config Settings of the instances.
 */
export interface ServiceClientClass<
  Client,
  Config extends ClientConfig = ClientConfig,
> {
  /** The service the class is a client of. */
  readonly service: ServiceDefinition<Config>;
  /** Makes a client. */
  new (core: ClientCore): Client;
}

/**
 * The recorded cases of endpoint rule sets, and how to compare with one.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { EndpointError, ValidationError } from "../../src/foundation/errors.ts";
import type { Endpoint } from "../../src/ports/service.ts";

/** Values of the rule set's parameters. */
export type RuleParameters = Readonly<Record<string, boolean | string>>;

/** One way to sign, as the rule sets tell it. */
export interface AuthScheme {
  readonly name: string;
  readonly signingName: string;
  readonly signingRegion?: string;
  readonly signingRegionSet?: readonly string[];
  readonly disableDoubleEncoding?: boolean;
}

/** What a case expects. */
export interface EndpointExpectation {
  readonly error?: string;
  readonly url?: string;
  readonly properties?: { readonly authSchemes?: readonly AuthScheme[] };
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** One case, as it is recorded. */
export interface EndpointCase {
  readonly id: string;
  readonly name: string;
  readonly params: RuleParameters;
  readonly expect: EndpointExpectation;
  readonly operationInputs?: readonly OperationInput[];
}

/** A case through the settings of a client. */
export interface ClientCase extends Omit<EndpointCase, "operationInputs"> {
  readonly operation: string;
  readonly bucket: string | undefined;
  readonly builtIns: RuleParameters;
}

/** The same case through a client, as it is recorded. */
export interface OperationInput {
  readonly operation: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly builtIns: RuleParameters;
}

/** Reads a parameter that is a text. */
export function text(
  from: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = from[name];
  return typeof value === "string" ? value : undefined;
}

/**
 * Compares an endpoint with a case.
 *
 * @param resolve Finds our endpoint; `signature` where the case may ask for another one than `"sigv4"`.
 * @param expected What the case expects.
 */
export function assertEndpoint(
  resolve: () => Endpoint & { readonly signature?: string },
  expected: EndpointExpectation,
): void {
  if (expected.error !== undefined) {
    assertRefused(resolve);
    return;
  }
  const ours = resolve();
  // A slash at the end of an endpoint's path stands for that of the operation.
  const url = (expected.url ?? "").replace(/(?<=[^/])\/+$/, "");
  assertEquals(ours.origin + ours.basePath, url);
  assertEquals(Object.keys(expected.headers ?? {}), []);
  const schemes = expected.properties?.authSchemes ?? [];
  if (schemes.length > 0) assertSigned(ours, schemes);
}

function assertRefused(resolve: () => Endpoint): void {
  let found: Endpoint;
  try {
    found = resolve();
  } catch (error) {
    if (error instanceof ValidationError) return;
    assertInstanceOf(error, EndpointError);
    return;
  }
  throw new Error(`expected an error, found ${found.origin}${found.basePath}`);
}

function assertSigned(
  ours: Endpoint & { readonly signature?: string },
  schemes: readonly AuthScheme[],
): void {
  const signature = ours.signature ?? "sigv4";
  const scheme = schemes.find(({ name }) => name === signature);
  assert(scheme, `${signature} is none of the ways to sign`);
  assertEquals(ours.signingName, scheme.signingName);
  assertEquals(
    ours.signingRegion,
    scheme.signingRegion ?? scheme.signingRegionSet?.join(),
  );
  assertEquals(
    ours.signingRules === "s3",
    scheme.disableDoubleEncoding ?? false,
  );
}

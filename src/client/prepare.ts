/**
 * What all attempts of one call share.
 *
 * @module
 */
import type { CallOptions } from "../ports/caller.ts";
import type { RequestBody } from "../ports/http.ts";
import type { SerializedRequest } from "../ports/protocol.ts";
import type { Operation } from "../ports/schema.ts";
import { prepareBody } from "./body.ts";
import { Ledger } from "./ledger.ts";
import type { Parts } from "./parts.ts";
import type { PayloadPolicy } from "./payload.ts";
import { Secrets } from "./secrets.ts";

/** What all attempts of one call share. */
export interface Call<Input, Output> {
  /** The operation's table. */
  readonly operation: Operation<Input, Output>;
  /** The parameters as the caller gave them. */
  readonly given: Input;
  /** The parameters as they are written. */
  readonly input: Input;
  /** The request, not yet addressed. */
  readonly draft: SerializedRequest;
  /** The body, prepared. */
  readonly body: RequestBody;
  /** One id for all attempts. */
  readonly invocationId: string;
  /** The call's signal and times. */
  readonly options: CallOptions;
  /** What its errors must not show. */
  readonly secrets: Secrets;
  /** What the call holds of the retry budget. */
  readonly ledger: Ledger;
}

/**
 * Makes what all attempts share: the input is amended and written once.
 *
 * @param parts The client's parts.
 * @param operation The operation's table.
 * @param input The parameters.
 * @param options The call's signal and times.
 * @throws {ValidationError} If the input does not fit the operation.
 */
export async function prepare<Input, Output>(
  parts: Parts,
  operation: Operation<Input, Output>,
  input: Input,
  options: CallOptions,
): Promise<Call<Input, Output>> {
  const { service, protocol, uuid, files } = parts;
  const asked = withChecksumMode(operation, input, parts.payload);
  const amended = service.amend
    ? await service.amend(operation, asked, parts.settings)
    : asked;
  const draft = protocol.serialize(operation, amended, uuid);
  const body = await prepareBody(draft.body, {
    operation: operation.name,
    files,
    ...options.signal && { signal: options.signal },
    ...statedLength(draft),
  });
  return {
    operation,
    given: input,
    input: amended,
    draft: withoutLength(draft),
    body,
    invocationId: uuid(),
    options,
    secrets: new Secrets(operation.input(), amended),
    ledger: new Ledger(parts.retry),
  };
}

function statedLength(
  { headers }: SerializedRequest,
): { statedLength?: number } {
  const { "content-length": stated } = headers;
  return stated === undefined ? {} : { statedLength: Number(stated) };
}

/** The transport states the length, as it is the one that knows it. */
function withoutLength(draft: SerializedRequest): SerializedRequest {
  if (!("content-length" in draft.headers)) return draft;
  const { "content-length": _length, ...headers } = draft.headers;
  return { ...draft, headers };
}

/** Whether the answer is asked for with its checksum. */
export function asksForChecksum<Input, Output>(
  { checksum }: Operation<Input, Output>,
  input: Input,
): boolean {
  const member = checksum?.modeMember;
  return member !== undefined &&
    (input as Readonly<Record<string, unknown>>)[member] === "ENABLED";
}

export function isIdempotent<Input, Output>(
  { idempotent, unlessGiven = [] }: Operation<Input, Output>,
  input: Input,
): boolean {
  const given = input as Readonly<Record<string, unknown>>;
  return idempotent === true &&
    unlessGiven.every((member) => given[member] === undefined);
}

/** Asks for the answer's checksum, unless the caller has said what to do. */
function withChecksumMode<Input, Output>(
  { checksum }: Operation<Input, Output>,
  input: Input,
  { responseChecksum }: PayloadPolicy,
): Input {
  const member = checksum?.modeMember;
  return member === undefined || responseChecksum === "when_required"
    ? input
    : { [member]: "ENABLED", ...input };
}

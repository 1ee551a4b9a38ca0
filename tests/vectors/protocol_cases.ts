/**
 * The form of the protocol suites.
 *
 * @module
 */
import type { ModelOperation, ServiceModel } from "../../tools/gen/model.ts";

/** One list of cases that share a model. */
interface Suite<Kind> {
  readonly metadata: ServiceModel["metadata"];
  readonly shapes: ServiceModel["shapes"];
  readonly clientEndpoint?: string;
  readonly cases: readonly Kind[];
}

/** A case, with the model it is about. */
export type Vector<Kind> = Omit<Suite<Kind>, "cases"> & Kind;

/** What all cases have. */
export interface Case {
  readonly id: string;
  readonly given: ModelOperation;
}

/** A case of what is sent. */
export interface InputCase extends Case {
  readonly params: unknown;
  readonly serialized: {
    readonly method?: string;
    readonly uri?: string;
    readonly host?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly forbidHeaders?: readonly string[];
    readonly requireHeaders?: readonly string[];
    readonly body?: string;
  };
}

/** A case of what is received. */
export interface OutputCase extends Case {
  readonly response: {
    readonly "status_code": number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly result?: unknown;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly error?: Readonly<Record<string, unknown>>;
}

/** The cases of a file, each with the model of its suite. */
export function vectors<Kind>(data: unknown): Vector<Kind>[] {
  return (data as Suite<Kind>[]).flatMap(({ cases, ...model }) =>
    cases.map((one) => ({ ...model, ...one }))
  );
}

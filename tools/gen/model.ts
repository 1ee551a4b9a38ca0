/**
 * Service models as JSON: the part of the `service-2.json` form that the tables
 * are made from.
 *
 * @module
 */

/** A namespace, in its short and its long form. */
export type ModelNamespace =
  | string
  | { readonly uri: string; readonly prefix?: string };

/** A use of a shape, with traits that go before those of the shape. */
export interface ShapeUse {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly xmlNamespace?: ModelNamespace;
  readonly xmlAttribute?: boolean;
  readonly flattened?: boolean;
  readonly timestampFormat?: string;
  readonly streaming?: boolean;
  readonly hostLabel?: boolean;
  readonly idempotencyToken?: boolean;
  readonly jsonvalue?: boolean;
  readonly eventheader?: boolean;
  readonly eventpayload?: boolean;
  readonly deprecated?: boolean;
  readonly contextParam?: { readonly name: string };
  /** Ours, set by the corrections; see `Member.lenient`. */
  readonly lenient?: boolean;
  /** Ours, set by the corrections; see `Member.always`. */
  readonly always?: boolean;
  /** Ours, set by the corrections: sensitive in this use. */
  readonly sensitive?: boolean;
}

/** A shape, with the traits that all its uses share. */
export interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, ShapeUse>>;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly member?: ShapeUse;
  readonly key?: ShapeUse;
  readonly value?: ShapeUse;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly sensitive?: boolean;
  readonly location?: string;
  readonly locationName?: string;
  readonly xmlNamespace?: ModelNamespace;
  readonly flattened?: boolean;
  readonly timestampFormat?: string;
  readonly streaming?: boolean;
  readonly union?: boolean;
  readonly event?: boolean;
  readonly eventstream?: boolean;
  /** Ours, set by the corrections; see `StructureShape.lastEvent`. */
  readonly lastEvent?: string;
  readonly exception?: boolean;
  readonly error?: {
    readonly code?: string;
    readonly httpStatusCode?: number;
  };
  readonly retryable?: { readonly throttling?: boolean };
  readonly resultWrapper?: string;
}

/** An operation. */
export interface ModelOperation {
  readonly name: string;
  readonly http?: { readonly method?: string; readonly requestUri?: string };
  readonly input?: {
    readonly shape?: string;
    readonly locationName?: string;
    readonly xmlNamespace?: ModelNamespace;
  };
  readonly output?: {
    readonly shape?: string;
    readonly resultWrapper?: string;
  };
  readonly errors?: readonly { readonly shape: string }[];
  readonly auth?: readonly string[];
  readonly authtype?: string;
  readonly unsignedPayload?: boolean;
  readonly deprecated?: boolean;
  readonly idempotent?: boolean;
  readonly endpoint?: { readonly hostPrefix?: string };
  readonly httpChecksum?: {
    readonly requestAlgorithmMember?: string;
    readonly requestChecksumRequired?: boolean;
    readonly requestValidationModeMember?: string;
  };
  readonly staticContextParams?: Readonly<
    Record<string, { readonly value: boolean | string }>
  >;
}

/** A service model. */
export interface ServiceModel {
  readonly metadata: {
    readonly protocol: string;
    readonly apiVersion?: string;
    readonly serviceId?: string;
    readonly serviceFullName?: string;
    readonly serviceAbbreviation?: string;
    readonly xmlNamespace?: ModelNamespace;
  };
  readonly shapes: Readonly<Record<string, ModelShape>>;
  readonly operations: Readonly<Record<string, ModelOperation>>;
}

/** How the pages of a listing hang together (`paginators-1.json`). */
export interface Pagination {
  readonly "input_token": string | readonly string[];
  readonly "output_token": string | readonly string[];
  readonly "result_key": string | readonly string[];
  readonly "more_results"?: string;
  readonly "limit_key"?: string;
}

/** What is waited for, and how it is told (`waiters-2.json`). */
export interface Waiter {
  readonly operation: string;
  /** Seconds between two looks. */
  readonly delay: number;
  readonly maxAttempts: number;
  readonly acceptors: readonly {
    readonly matcher: string;
    readonly expected: unknown;
    readonly state: "failure" | "retry" | "success";
  }[];
}
